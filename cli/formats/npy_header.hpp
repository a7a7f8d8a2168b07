// The header of a .npy file: what NumPy's format versions 1.0, 2.0 and 3.0 say before the numbers begin.
// Source: numpy.lib.format, "Format Version 1.0/2.0/3.0" (NEP 1).
//
// Own code, because no maintained C++ library in the distributions reads all versions, byte orders and types with errors
// that can say what is wrong and where.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "sigmahat/kernels/common.hpp"

namespace sigmahat::cli {

enum class NpyType { boolean, int8, int16, int32, int64, uint8, uint16, uint32, uint64, float32, float64 };

struct NpyHeader {
  NpyType type = NpyType::float64;
  Index item_size = 8;
  bool swapped = false;  ///< the numbers' byte order is not this machine's
  bool fortran_order = false;
  std::vector<Index> shape;
  std::size_t data_offset = 0;  ///< bytes before the numbers
};

/// Throws DataError naming `path` and what is wrong.
NpyHeader parse_npy_header(const std::string& path, std::span<const std::byte> bytes);

}  // namespace sigmahat::cli
