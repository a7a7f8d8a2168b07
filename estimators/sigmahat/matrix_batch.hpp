// A batch of matrices of one shape in a backend's memory.
#pragma once

#include <span>
#include <vector>

#include "sigmahat/host/context.hpp"

namespace sigmahat {

/// B matrices, rows × columns each, column-major and one after the other: entry (i, j) of item b is number
/// i + j·rows + b·rows·columns (NumPy's default order is the other one: hand it Xᵀ). A vector has one column, a scalar one
/// row, too. T is float or double: storage alone; functions of a batch compute in float64. As an operand a batch of one
/// item serves all items of the others. It owns its memory and moves; copy() copies.
template <class T>
class MatrixBatch {
 public:
  /// Uninitialised. Throws InvalidArgument for items < 0, rows or columns < 1, or more numbers than 2⁶⁰; DeviceError
  /// where there is not enough memory. The context must outlive the batch.
  MatrixBatch(const Context& context, Index items, Index rows, Index columns);
  /// A copy of `values`, items·rows·columns of them; InvalidArgument for another number.
  MatrixBatch(const Context& context, Index items, Index rows, Index columns, std::span<const T> values);

  Index items() const { return items_; }
  Index rows() const { return rows_; }
  Index columns() const { return columns_; }
  /// Numbers of one item.
  Index entries() const { return rows_ * columns_; }
  /// A copy in host memory, in the order of storage.
  std::vector<T> values() const;

  /// A second batch with the same numbers, copied within the backend's memory.
  MatrixBatch copy(const Context& context) const;

  /// The same numbers in another shape of as many entries, or as another number of items: InvalidArgument if the
  /// total differs.
  MatrixBatch reshaped(Index items, Index rows, Index columns) &&;

  /// In the backend's memory.
  const T* device() const { return reinterpret_cast<const T*>(buffer_.get()); }
  T* device() { return reinterpret_cast<T*>(buffer_.get()); }

 private:
  Index items_, rows_, columns_;
  Buffer buffer_;
};

extern template class MatrixBatch<float>;
extern template class MatrixBatch<double>;

}  // namespace sigmahat
