// The rows of one problem, block by block, as RowSteps wants them.
#pragma once

#include <vector>

#include "row_steps.hpp"
#include "sigmahat/host/least_squares_rows.hpp"

namespace sigmahat::backends {

/// Stages canonical blocks of a problem: z = (x, y) side by side, widened; dropped rows left out.
class ProblemRows {
 public:
  ProblemRows(const LeastSquaresRows& rows, bool drop_missing);

  void open(Index problem);
  Index blocks() const { return (rows_ + kCanonicalBlock - 1) / kCanonicalBlock; }
  /// The block's rows; valid until the next call.
  StagedBlock block(Index number);
  /// Row of the batch that row i of the last block came from.
  Index source_row(Index i) const { return source_[static_cast<std::size_t>(i)]; }
  /// Rows of the last block, dropped ones included.
  Index block_rows() const { return block_rows_; }
  /// Whether every value and weight of the problem is finite (under drop_missing: of the rows that are kept, always).
  bool all_finite() const;

 private:
  bool row_is_finite(Index row) const;

  const LeastSquaresRows& batch_;
  bool drop_missing_;
  Index first_ = 0, rows_ = 0, block_rows_ = 0, block_first_ = 0;
  std::vector<double> z_, weights_;
  std::vector<Index> source_;
};

}  // namespace sigmahat::backends
