// Rows of many least-squares problems as the caller holds them: views, no copy, no padding between problems.
#pragma once

#include <span>

#include "sigmahat/host/rows.hpp"

namespace sigmahat {

/// Problem b has the rows first_row(b) … first_row(b + 1) − 1 of x and of y.
struct LeastSquaresRows {
  RowsView x;  ///< the k columns of X, all problems' rows one below the other; its weights are those of the problems
  RowsView y;  ///< one column, as many rows, of the same scalar type; its weights are not looked at
  Index problems = 0;
  std::span<const Index> offsets;  ///< B + 1 places, not decreasing; empty: every problem has rows_per_problem
  Index rows_per_problem = 0;

  Index first_row(Index problem) const {
    return offsets.empty() ? problem * rows_per_problem : offsets[static_cast<std::size_t>(problem)];
  }
  Index rows_of(Index problem) const { return first_row(problem + 1) - first_row(problem); }
  Index columns() const { return x.columns; }
};

}  // namespace sigmahat
