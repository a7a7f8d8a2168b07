// The array of a .npy file, as it lies in the file.
#pragma once

#include <algorithm>
#include <bit>
#include <cstring>
#include <functional>
#include <limits>
#include <memory>
#include <string>
#include <type_traits>
#include <vector>

#include "formats/mapped_file.hpp"
#include "formats/npy_header.hpp"

namespace sigmahat::cli {

struct NpyArray {
  std::string path;
  std::shared_ptr<const MappedFile> file;
  NpyHeader header;
  Index items = 0;           ///< product of the shape
  std::vector<Index> steps;  ///< item (i, j, …) has the number i·steps[0] + j·steps[1] + …

  const std::byte* data() const { return file->bytes().data() + header.data_offset; }
  bool floating() const { return header.type == NpyType::float32 || header.type == NpyType::float64; }
  /// float32 or float64 in the machine's own byte order and alignment: to be used where it lies.
  bool native() const;
};

/// DataError if the file is no such array, is too short for it or too long. `check` looks at the shape before that.
NpyArray open_npy(const std::string& path, const std::function<void(const std::vector<Index>& shape)>& check);

/// "3 × 2"
std::string shape_text(const std::vector<Index>& shape);
/// Where item number `item` is: "row index 1, column index 0 (both from 0)", or "index (4, 1, 0)" of three dimensions.
std::string describe_item(const NpyArray& array, Index item);
/// Throws DataError for a 64-bit integer without an exact float64.
[[noreturn]] void refuse_inexact(const NpyArray& array, Index item, const std::string& value);

namespace detail {

template <class T>
T load_item(const std::byte* from, bool swapped) {
  std::byte bytes[sizeof(T)];
  std::memcpy(bytes, from, sizeof(T));
  if (swapped) std::reverse(bytes, bytes + sizeof(T));
  if constexpr (std::is_same_v<T, bool>) {
    return bytes[0] != std::byte{0};
  } else {
    return std::bit_cast<T>(bytes);
  }
}

/// Whether the number keeps its value in Out.
template <class Out, class T>
bool exact(T value) {
  if constexpr (sizeof(T) == 8 && std::is_integral_v<T> && std::is_floating_point_v<Out>) {
    const auto wide = static_cast<double>(value);
    return wide < static_cast<double>(std::numeric_limits<T>::max()) && static_cast<T>(wide) == value;
  } else if constexpr (std::is_same_v<T, std::uint64_t> && std::is_integral_v<Out>) {
    return value <= static_cast<T>(std::numeric_limits<Out>::max());
  } else {
    return true;
  }
}

}  // namespace detail

/// Writes items one after the other to `out`: `walk` is called with a function and calls that with each item's number.
template <class Out, class Walk>
void copy_npy(const NpyArray& array, Out* out, const Walk& walk) {
  const auto copy = [&]<class T>(T) {
    walk([&](Index item) {
      const T value = detail::load_item<T>(array.data() + item * array.header.item_size, array.header.swapped);
      if (!detail::exact<Out>(value)) refuse_inexact(array, item, std::to_string(value));
      *out++ = static_cast<Out>(value);  // NOLINT(bugprone-signed-char-misuse): int8 is a number, not a character
    });
  };
  switch (array.header.type) {
    case NpyType::boolean: return copy(false);
    case NpyType::int8: return copy(std::int8_t{});
    case NpyType::int16: return copy(std::int16_t{});
    case NpyType::int32: return copy(std::int32_t{});
    case NpyType::int64: return copy(std::int64_t{});
    case NpyType::uint8: return copy(std::uint8_t{});
    case NpyType::uint16: return copy(std::uint16_t{});
    case NpyType::uint32: return copy(std::uint32_t{});
    case NpyType::uint64: return copy(std::uint64_t{});
    case NpyType::float32: return copy(float{});
    case NpyType::float64: return copy(double{});
  }
}

}  // namespace sigmahat::cli
