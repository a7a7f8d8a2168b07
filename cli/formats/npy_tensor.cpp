#include "formats/npy_tensor.hpp"

#include <fmt/format.h>

#include <array>

#include "sigmahat/host/error.hpp"
#include "text.hpp"

namespace sigmahat::cli {
namespace {

template <class Out>
void set_copy(const NpyArray& array, NpyTensor& tensor) {
  constexpr std::size_t kMost = 3;
  std::array<Index, kMost> sizes{1, 1, 1}, steps{};
  for (std::size_t k = 0; k < array.header.shape.size(); ++k) {
    sizes[k] = array.header.shape[k];
    steps[k] = array.steps[k];
  }
  auto storage = std::make_shared_for_overwrite<Out[]>(static_cast<std::size_t>(array.items));
  copy_npy(array, storage.get(), [&](const auto& copy) {
    if (array.items == 0) return;
    for (Index i = 0; i < sizes[0]; ++i) {
      for (Index j = 0; j < sizes[1]; ++j) {
        for (Index l = 0; l < sizes[2]; ++l) copy(i * steps[0] + j * steps[1] + l * steps[2]);
      }
    }
  });
  tensor.data = storage.get();
  tensor.storage = std::move(storage);
}

}  // namespace

double tensor_item(const NpyTensor& tensor, Index item) {
  return tensor.type == ScalarType::float64 ? static_cast<const double*>(tensor.data)[item]
                                            : static_cast<double>(static_cast<const float*>(tensor.data)[item]);
}

NpyTensor make_tensor(const NpyArray& array, TensorType type, bool keep_fortran_order) {
  const bool narrow = array.header.type == NpyType::float32 && type == TensorType::stored;
  const bool fortran = array.header.fortran_order && array.header.shape.size() > 1;
  const bool keep = fortran && keep_fortran_order && array.header.shape.size() == 2;
  NpyTensor tensor{array.path, array.header.shape, narrow ? ScalarType::float32 : ScalarType::float64, false, nullptr,
                   nullptr};
  if (array.native() && (narrow || array.header.type == NpyType::float64) && (!fortran || keep)) {
    tensor.fortran_order = keep;
    tensor.data = array.data();
    tensor.storage = array.file;
  } else if (narrow) {
    set_copy<float>(array, tensor);
  } else {
    set_copy<double>(array, tensor);
  }
  return tensor;
}

std::vector<Index> read_integers(const std::string& path) {
  const NpyArray array = open_npy(path, [&](const std::vector<Index>& shape) {
    if (shape.size() == 1) return;
    throw DataError(fmt::format("{}: the array has {} ({}); a list of integers, with 1, is needed", path,
                                counted(static_cast<Index>(shape.size()), "dimension"), shape_text(shape)));
  });
  if (array.floating() || array.header.type == NpyType::boolean) {
    throw DataError(fmt::format("{}: the numbers are not integers; save them as int64", path));
  }
  std::vector<Index> result(static_cast<std::size_t>(array.items));
  copy_npy(array, result.data(), [&](const auto& copy) {
    for (Index k = 0; k < array.items; ++k) copy(k);
  });
  return result;
}

}  // namespace sigmahat::cli
