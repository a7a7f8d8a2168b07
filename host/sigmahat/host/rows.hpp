// Observations as the caller holds them: a non-owning view of n rows of p numbers, with optional row weights.
#pragma once

#include "sigmahat/kernels/common.hpp"

namespace sigmahat {

enum class ScalarType { float32, float64 };
enum class Layout { row_major, column_major };

/// What happens to a row (or weight) that holds a NaN or an infinity.
enum class MissingRows {
  error,  ///< DataError that names the first such row and column (rows and columns count from 0)
  drop,   ///< the row is left out and counted; it keeps its place in the numbering of the canonical blocks
};

/// n rows × p columns in host memory. Entry (i, j) is data[i·ld + j] in row-major, data[i + j·ld] in column-major order.
/// float32 is widened to float64 as it is read; all sums are float64.
struct RowsView {
  const void* data = nullptr;
  ScalarType type = ScalarType::float64;
  Layout layout = Layout::row_major;
  Index rows = 0;
  Index columns = 0;
  Index leading_dimension = 0;
  const double* weights = nullptr;  ///< n row weights ≥ 0, or null for 1 each

  /// A leading dimension of −1 stands for rows without padding.
  static RowsView row_major(const double* data, Index rows, Index columns, Index leading_dimension = -1) {
    return {data,
            ScalarType::float64,
            Layout::row_major,
            rows,
            columns,
            leading_dimension == -1 ? columns : leading_dimension,
            nullptr};
  }
  static RowsView row_major(const float* data, Index rows, Index columns, Index leading_dimension = -1) {
    return {data,
            ScalarType::float32,
            Layout::row_major,
            rows,
            columns,
            leading_dimension == -1 ? columns : leading_dimension,
            nullptr};
  }
  static RowsView column_major(const double* data, Index rows, Index columns, Index leading_dimension = -1) {
    return {data,
            ScalarType::float64,
            Layout::column_major,
            rows,
            columns,
            leading_dimension == -1 ? rows : leading_dimension,
            nullptr};
  }
  static RowsView column_major(const float* data, Index rows, Index columns, Index leading_dimension = -1) {
    return {data,
            ScalarType::float32,
            Layout::column_major,
            rows,
            columns,
            leading_dimension == -1 ? rows : leading_dimension,
            nullptr};
  }

  /// The same rows with row weights; `row_weights` points to `rows` numbers.
  RowsView weighted(const double* row_weights) const {
    RowsView view = *this;
    view.weights = row_weights;
    return view;
  }
  /// Entry (row, column), widened.
  double at(Index row, Index column) const {
    const Index place =
        layout == Layout::row_major ? row * leading_dimension + column : row + column * leading_dimension;
    return type == ScalarType::float64 ? static_cast<const double*>(data)[place]
                                       : static_cast<double>(static_cast<const float*>(data)[place]);
  }
  double weight(Index row) const { return weights == nullptr ? 1.0 : weights[row]; }
  /// Rows first … first+count−1.
  RowsView slice(Index first, Index count) const;
  /// Throws InvalidArgument where shape, leading dimension or pointer cannot be right.
  void validate() const;
};

}  // namespace sigmahat
