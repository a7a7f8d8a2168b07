// A small owning matrix for parameters and results: p × p things, never the data.
#pragma once

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "sigmahat/host/error.hpp"
#include "sigmahat/kernels/common.hpp"

namespace sigmahat {

/// rows × columns doubles, column-major without padding: entry (i, j) is data()[i + j·rows()].
class Matrix {
 public:
  Matrix() = default;
  Matrix(Index rows, Index columns, double value = 0)
      : rows_(rows), columns_(columns), data_(static_cast<std::size_t>(rows * columns), value) {}
  /// Throws InvalidArgument unless `data` has rows · columns numbers.
  Matrix(Index rows, Index columns, std::vector<double> data) : rows_(rows), columns_(columns), data_(std::move(data)) {
    if (rows >= 0 && columns >= 0 && data_.size() == static_cast<std::size_t>(rows * columns)) return;
    throw InvalidArgument("matrix: " + std::to_string(data_.size()) + " numbers for " + std::to_string(rows) + " x " +
                          std::to_string(columns) + " entries");
  }

  static Matrix identity(Index p) {
    Matrix result(p, p);
    for (Index i = 0; i < p; ++i) result(i, i) = 1;
    return result;
  }

  Index rows() const { return rows_; }
  Index columns() const { return columns_; }
  double* data() { return data_.data(); }
  const double* data() const { return data_.data(); }
  double& operator()(Index i, Index j) { return data_[static_cast<std::size_t>(i + j * rows_)]; }
  double operator()(Index i, Index j) const { return data_[static_cast<std::size_t>(i + j * rows_)]; }
  bool operator==(const Matrix&) const = default;

 private:
  Index rows_ = 0, columns_ = 0;
  std::vector<double> data_;
};

}  // namespace sigmahat
