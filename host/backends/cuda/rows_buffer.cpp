#include "rows_buffer.hpp"

#include <bit>
#include <cstdint>

namespace sigmahat::backends::cuda {
namespace {

Index item_bytes(const RowsView& rows) { return rows.type == ScalarType::float64 ? sizeof(double) : sizeof(float); }

}  // namespace

Index row_bytes(const RowsView& rows) {
  return rows.columns * item_bytes(rows) + (rows.weights == nullptr ? 0 : static_cast<Index>(sizeof(double)));
}

Index power_of_two_below(Index count) {
  return count < 1 ? 1 : static_cast<Index>(std::bit_floor(static_cast<std::uint64_t>(count)));
}

DeviceRows RowsBuffer::upload(Gpu& gpu, const RowsView& rows) {
  const bool by_row = rows.layout == Layout::row_major;
  const Index item = item_bytes(rows), ld = rows.leading_dimension;
  const Index length = by_row ? rows.columns : rows.rows;  // of a contiguous line
  const Index lines = by_row ? rows.rows : rows.columns;
  DeviceRows result;
  result.is_float = rows.type == ScalarType::float32;
  if (rows.rows == 0) return result;

  // One contiguous copy is fast; a strided one is worth its price where most of the memory is padding.
  const bool whole = ld <= length + length / 4;
  const Index device_ld = whole ? ld : length;
  const Index bytes = ((lines - 1) * device_ld + length) * item;
  gpu.reserve(values_, bytes);
  const auto size = [](Index n) { return static_cast<std::size_t>(n); };
  const auto copy = [&](void* to, const void* from, Index count) {
    check(cudaMemcpyAsync(to, from, size(count), cudaMemcpyHostToDevice, gpu.stream()), "cudaMemcpyAsync");
  };
  if (whole) {
    copy(values_.get(), rows.data, bytes);
  } else if (by_row) {
    check(cudaMemcpy2DAsync(values_.get(), size(length * item), rows.data, size(ld * item), size(length * item),
                            size(lines), cudaMemcpyHostToDevice, gpu.stream()),
          "cudaMemcpy2DAsync");
  } else {  // few long columns, whose distance may be above the 2 GiB that cudaMemcpy2D takes as a pitch
    const char* const from = static_cast<const char*>(rows.data);
    for (Index j = 0; j < lines; ++j) copy(values_.get() + j * length * item, from + j * ld * item, length * item);
  }
  result.data = values_.get();
  result.row_stride = by_row ? device_ld : 1;
  result.column_stride = by_row ? 1 : device_ld;
  if (rows.weights != nullptr) {
    gpu.reserve(weights_, rows.rows);
    copy(weights_.get(), rows.weights, rows.rows * static_cast<Index>(sizeof(double)));
    result.weights = weights_.get();
  }
  return result;
}

}  // namespace sigmahat::backends::cuda
