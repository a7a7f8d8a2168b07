#include "sigmahat/matrix_batch.hpp"

#include <cstring>
#include <string>
#include <type_traits>
#include <utility>

#include "sigmahat/host/error.hpp"

namespace sigmahat {
namespace {

constexpr Index kMostNumbers = Index{1} << 60;

/// items·rows·columns.
Index checked_count(Index items, Index rows, Index columns) {
  const auto shape = [&] {
    return std::to_string(items) + " items of " + std::to_string(rows) + " × " + std::to_string(columns);
  };
  if (items < 0 || rows < 1 || columns < 1) {
    throw InvalidArgument("MatrixBatch: " + shape() + "; items must be ≥ 0, rows and columns ≥ 1");
  }
  if (rows > kMostNumbers / columns || items > kMostNumbers / (rows * columns)) {
    throw InvalidArgument("MatrixBatch: " + shape() + " are more than 2⁶⁰ numbers");
  }
  return items * rows * columns;
}

/// Doubles whose memory holds `count` numbers of type T.
template <class T>
std::size_t doubles_for(Index count) {
  constexpr Index kPerDouble = std::is_same_v<T, float> ? 2 : 1;
  return static_cast<std::size_t>((count + kPerDouble - 1) / kPerDouble);
}

}  // namespace

template <class T>
MatrixBatch<T>::MatrixBatch(const Context& context, Index items, Index rows, Index columns)
    : items_(items),
      rows_(rows),
      columns_(columns),
      buffer_(context.operations(), doubles_for<T>(checked_count(items, rows, columns))) {}

template <class T>
MatrixBatch<T>::MatrixBatch(const Context& context, Index items, Index rows, Index columns, std::span<const T> values)
    : MatrixBatch(context, items, rows, columns) {
  if (std::ssize(values) != items * entries()) {
    throw InvalidArgument("MatrixBatch: " + std::to_string(values.size()) + " values for " + std::to_string(items) +
                          " items of " + std::to_string(rows) + " × " + std::to_string(columns));
  }
  if constexpr (sizeof(T) == sizeof(double)) {
    buffer_.upload(values);
  } else {
    std::vector<double> staged(buffer_.size());
    std::memcpy(staged.data(), values.data(), values.size_bytes());
    buffer_.upload(staged);
  }
}

template <class T>
std::vector<T> MatrixBatch<T>::values() const {
  std::vector<T> result(static_cast<std::size_t>(items_ * entries()));
  if constexpr (sizeof(T) == sizeof(double)) {
    buffer_.download(result);
  } else {
    std::vector<double> staged(buffer_.size());
    buffer_.download(staged);
    std::memcpy(result.data(), staged.data(), result.size() * sizeof(T));
  }
  return result;
}

template <class T>
MatrixBatch<T> MatrixBatch<T>::copy(const Context& context) const {
  MatrixBatch result(context, items_, rows_, columns_);
  MatrixFunctionCall call;
  call.function = MatrixFunction::scale;
  call.is_float = sizeof(T) == sizeof(float);
  call.items = items_;
  call.m = rows_;
  call.n = columns_;
  call.in[0] = {device(), entries()};
  call.out = result.device();
  context.operations().matrix_function(call);
  return result;
}

template <class T>
MatrixBatch<T> MatrixBatch<T>::reshaped(Index items, Index rows, Index columns) && {
  if (checked_count(items, rows, columns) != items_ * entries()) {
    throw InvalidArgument("MatrixBatch::reshaped: " + std::to_string(items_ * entries()) + " numbers do not make " +
                          std::to_string(items) + " items of " + std::to_string(rows) + " × " +
                          std::to_string(columns));
  }
  items_ = items;
  rows_ = rows;
  columns_ = columns;
  return std::move(*this);
}

template class MatrixBatch<float>;
template class MatrixBatch<double>;

}  // namespace sigmahat
