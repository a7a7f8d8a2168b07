// Least-squares problems side by side, one in each lane of a vector: from Gram matrices to coefficients, condition and
// classical standard errors (steps 2 to 5 and 7 of kernels/least_squares.hpp). Arrays over problems have as many numbers as a vector has lanes; a lane without a problem of its own holds a copy
// of another's.
#pragma once

#include "sigmahat/kernels/common.hpp"

namespace sigmahat::backends {

inline constexpr Index kMostLanes = 8;

/// In: `gram` to `residual`; out: the others. [n][lanes] unless it says otherwise.
struct LaneProblems {
  double* gram;            ///< n = q(q+1)/2, packed by rows; it is spent
  const double* weight;    ///< n = 1, N = Σ w
  const double* rows;      ///< n = 1, number of rows
  const double* mean;      ///< n = q; null without an intercept
  const double* residual;  ///< n = q, c of the mean pairs
  double* coefficients;    ///< n = K
  double* errors;          ///< n = K; null: not wanted
  double* rss;             ///< n = 1; null: not wanted
  double* condition;       ///< n = 1
  double* scratch;         ///< n = solver_scratch(k)
};

/// A bit for each lane.
struct LaneFlags {
  unsigned irregular = 0;   ///< a pivot or a scale out of bounds, or a condition above the bound: the results are void
  unsigned needs_rows = 0;  ///< RSS from the Gram matrix has not digits enough
};

/// Vectors for L⁻¹: the triangle, and at least four columns side by side.
constexpr Index inverse_scratch(Index columns) {
  const Index triangle = columns * (columns + 1) / 2;
  return triangle < 4 * columns ? 4 * columns : triangle;
}
constexpr Index solver_scratch(Index columns) { return inverse_scratch(columns) + 4 * columns + 2; }

/// Compiled for one instruction set.
struct LaneKernel {
  int lanes;
  /// lanes[place[s]][l] ← nodes[l][s] for s < size (a multiple of 4) where place[s] ≥ 0.
  void (*gather)(Index size, const Index* place, const double* const* nodes, double* lanes);
  /// out[l][j] ← lanes[j][l] for j < count, problem l's numbers being at out + l·count.
  void (*scatter)(Index count, const double* lanes, double* out);
  /// About k³/2 flops a problem.
  LaneFlags (*solve)(Index columns, double ridge, double largest_condition, const LaneProblems& problems);
};

/// The version for this processor.
LaneKernel lane_kernel();

}  // namespace sigmahat::backends
