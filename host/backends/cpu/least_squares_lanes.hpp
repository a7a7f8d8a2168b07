// Least-squares problems side by side, one in each lane of a vector: from Gram matrices to coefficients, condition and
// classical standard errors (steps 2 to 5 and 7 of kernels/least_squares.hpp), and Gram matrices of x with at most four
// columns. Arrays over problems have as many numbers as a vector has lanes; a lane without a problem of its own holds a copy
// of another's.
#pragma once

#include "sigmahat/kernels/common.hpp"

namespace sigmahat::backends {

inline constexpr Index kMostLanes = 8;

/// In: `gram` to `mean_residual`; out: the others. [n][lanes] unless it says otherwise.
struct LaneProblems {
  double* gram;            ///< n = q(q+1)/2, packed by rows; what becomes of it is not said for k > kSolvedInRegisters
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

/// Columns up to which Gram matrices in lanes can be formed directly from the rows.
inline constexpr Index kNarrowColumns = 4;
/// Columns up to which the solver works on a copy of the Gram matrix.
inline constexpr Index kSolvedInRegisters = 8;

constexpr Index solver_scratch(Index columns) { return columns * (columns + 1) / 2 + 4 * columns + 2; }

/// One canonical block of each lane's problem, the same number of rows: row i of problem l at x[l] + i·leading_dimension,
/// its y at y[l] + i. The cache is asked for what lies so many numbers behind each of them.
struct NarrowBlocks {
  const double* const* x;
  const double* const* y;
  Index leading_dimension = 0, rows = 0;
  Index x_ahead = 0, y_ahead = 0;
};

/// Compiled for one instruction set.
struct LaneKernel {
  int lanes;
  /// gram ← the blocks' packed triangles, k ≤ kNarrowColumns. A vector multiply-add an entry and row.
  void (*narrow_gram)(Index columns, const NarrowBlocks& blocks, double* gram);
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
