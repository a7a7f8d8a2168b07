#include "problem_rows.hpp"

#include <algorithm>
#include <cmath>

namespace sigmahat::backends {

ProblemRows::ProblemRows(const LeastSquaresRows& rows, bool drop_missing)
    : batch_(rows),
      drop_missing_(drop_missing),
      z_(static_cast<std::size_t>(kCanonicalBlock * (rows.columns() + 1))),
      weights_(rows.x.weights == nullptr ? 0 : static_cast<std::size_t>(kCanonicalBlock)),
      source_(static_cast<std::size_t>(kCanonicalBlock)) {}

void ProblemRows::open(Index problem) {
  first_ = batch_.first_row(problem);
  rows_ = batch_.rows_of(problem);
}

bool ProblemRows::row_is_finite(Index row) const {
  if (!std::isfinite(batch_.x.weight(row)) || !std::isfinite(batch_.y.at(row, 0))) return false;
  for (Index j = 0; j < batch_.columns(); ++j) {
    if (!std::isfinite(batch_.x.at(row, j))) return false;
  }
  return true;
}

bool ProblemRows::all_finite() const {
  if (drop_missing_) return true;
  for (Index row = first_; row < first_ + rows_; ++row) {
    if (!row_is_finite(row)) return false;
  }
  return true;
}

StagedBlock ProblemRows::block(Index number) {
  const RowsView& x = batch_.x;
  const Index k = x.columns, q = k + 1;
  block_first_ = first_ + number * kCanonicalBlock;
  block_rows_ = std::min(kCanonicalBlock, first_ + rows_ - block_first_);
  Index count = 0;
  for (Index row = block_first_; row < block_first_ + block_rows_; ++row) {
    if (drop_missing_ && !row_is_finite(row)) continue;
    double* const z = z_.data() + count * q;
    if (x.type == ScalarType::float64 && x.layout == Layout::row_major) {
      std::copy_n(static_cast<const double*>(x.data) + row * x.leading_dimension, k, z);
    } else {
      for (Index j = 0; j < k; ++j) z[j] = x.at(row, j);
    }
    z[k] = batch_.y.at(row, 0);
    if (x.weights != nullptr) weights_[static_cast<std::size_t>(count)] = x.weights[row];
    source_[static_cast<std::size_t>(count)] = row;
    ++count;
  }
  return {count, z_.data(), x.weights == nullptr ? nullptr : weights_.data()};
}

}  // namespace sigmahat::backends
