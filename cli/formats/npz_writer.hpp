// Writes a .npz file: NumPy's arrays, one .npy for each, in a ZIP container without compression.
//
// The bytes depend on names, order and contents alone: every entry carries the date 1980-01-01. Arrays are not copied.
// Source: numpy.lib.format for the arrays, APPNOTE.TXT of PKWARE for the container, which libzip writes (ZIP64 where an
// array or the whole needs it).
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "formats/output_file.hpp"
#include "sigmahat/kernels/common.hpp"

namespace sigmahat::cli {

class NpzWriter {
 public:
  /// The numbers must live until write(); their count is the product of the shape.
  void add(const std::string& name, const double* numbers, const std::vector<Index>& shape);
  void add(const std::string& name, const std::int64_t* numbers, const std::vector<Index>& shape);
  void add(const std::string& name, const std::int32_t* numbers, const std::vector<Index>& shape);
  /// Text of UTF-8 as an array of fixed width (dtype <U…), which np.load reads without pickle. A single text has no
  /// shape, `texts` being one item long.
  void add_text(const std::string& name, const std::vector<std::string_view>& texts, const std::vector<Index>& shape);

  /// DataError if the disk is full or fails.
  void write(OutputFile& file) const;

 private:
  struct Entry {
    std::string name;    ///< of the file within: "coef.npy"
    std::string header;  ///< that of a .npy file
    const void* data;
    std::size_t bytes;
  };
  void add_entry(const std::string& name, const std::string& type, const void* data, std::size_t item_size,
                 const std::vector<Index>& shape);

  std::vector<Entry> entries_;
  std::deque<std::u32string> texts_;  ///< what add_text() has made; their places do not change
};

/// Name and version of the library that writes the container.
std::pair<std::string, std::string> zip_library();

}  // namespace sigmahat::cli
