// Arrays of .npy files as numbers in memory: float32 or float64, where they lie in the file if that is possible.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "formats/npy_array.hpp"
#include "sigmahat/host/rows.hpp"

namespace sigmahat::cli {

struct NpyTensor {
  std::string path;
  std::vector<Index> shape;
  ScalarType type = ScalarType::float64;
  bool fortran_order = false;  ///< of two dimensions, where that was allowed; else the last index runs fastest
  const void* data = nullptr;
  std::shared_ptr<const void> storage;  ///< the mapped file, or a copy
};

/// The number `item` in the order of the memory.
double tensor_item(const NpyTensor& tensor, Index item);

enum class TensorType { stored, float64 };

/// A view of the mapped file where type, byte order and alignment are the machine's; otherwise, and in Fortran order, a
/// copy: float32 stays float32 unless `type` says float64, integers and bool become float64. `keep_fortran_order`: two
/// dimensions in Fortran order are not copied for that.
NpyTensor make_tensor(const NpyArray& array, TensorType type, bool keep_fortran_order);

/// A list of integers. DataError for another type or more dimensions.
std::vector<Index> read_integers(const std::string& path);

}  // namespace sigmahat::cli
