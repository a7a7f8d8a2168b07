// Arrays by name, as a .npz file holds them and as a manifest of results sums them up.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sigmahat/host/determinism.hpp"
#include "sigmahat/kernels/common.hpp"

namespace sigmahat::cli {

/// Numbers are not copied; they must live as long as the list.
class NamedArrays {
 public:
  using Level = std::optional<Determinism>;

  NamedArrays() = default;
  NamedArrays(const NamedArrays&) = delete;
  NamedArrays& operator=(const NamedArrays&) = delete;

  struct Entry {
    std::string name;
    std::string type;  ///< NumPy's: "<f8", "<i8", "<U12"
    std::vector<Index> shape;
    const void* data = nullptr;
    std::size_t bytes = 0;
    Level level;  ///< what is promised about the bits; empty: a description, not a result
  };

  /// The count of numbers is the product of the shape.
  void add(const std::string& name, const double* numbers, const std::vector<Index>& shape, Level level = {});
  void add(const std::string& name, const std::int64_t* numbers, const std::vector<Index>& shape, Level level = {});
  void add(const std::string& name, const std::int32_t* numbers, const std::vector<Index>& shape, Level level = {});
  /// Text of UTF-8 as an array of fixed width (dtype <U…), which np.load reads without pickle. A single text has no
  /// shape, `texts` being one item long.
  void add_text(const std::string& name, const std::vector<std::string_view>& texts, const std::vector<Index>& shape,
                Level level = {});

  const std::vector<Entry>& entries() const { return entries_; }

 private:
  void add_entry(const std::string& name, const std::string& type, const void* data, std::size_t item_size,
                 const std::vector<Index>& shape, Level level);

  std::vector<Entry> entries_;
  std::deque<std::u32string> texts_;  ///< what add_text() has made; their places do not change
};

}  // namespace sigmahat::cli
