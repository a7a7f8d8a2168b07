// Launchers of least squares on the device: the fast path of kernels/least_squares.hpp, and Gram matrices for the rest.
//
// The fast path takes a problem from its rows to coefficients, classical standard errors, sums of squares and condition
// (steps 1 to 5 and 7) without writing the Gram matrix out. Whatever needs more (refinement, QR, other errors) is
// `left over`: its accepted[b] is 0, its numbers are NaN, and the caller asks for its Gram matrix.
//
// Problems of at most 256 rows are one canonical block:
//   q = k + 1 ≤ 9: one thread a problem, 32 in a thread block; the rows of all pass through shared memory, a few at a time,
//     the Gram matrix stays in registers, and the thread solves in shared memory.
//   q > 9: one thread block a problem; tiles of the triangle in registers (device/gram.cuh), solved in shared memory.
// Larger ones: blocks become nodes (launch_least_squares_blocks), the tree is that of moments_launch.hpp, and
// launch_least_squares_roots solves.
//
// Cost of the fast path per problem of m rows: m·q·(q+1) flops (and 4·m·q with an intercept), about k³ to solve; the rows
// are read once from memory (twice from L2 with an intercept), 8mq bytes as float64. On an H100 (3.35 TB/s, FP64
// 34 TFLOP/s) that allows: [10⁶, 32, 4]: 1.28 GB, 382 µs (arithmetic: 28 µs); [10⁵, 64, 8]: 461 MB, 138 µs (17 µs);
// [2·10⁴, 256, 16]: 696 MB, 208 µs (46 µs); [2000, 1000, 32]: 528 MB, 158 µs (66 µs); [200, 5000, 64]: 520 MB, 155 µs
// (126 µs). Nodes: 8q² bytes written and read once for 256 rows, 3 % of the reading per 8 columns.
// Failure: a problem that is not finite, deficient or empty is left over; no other problem is touched by it.
// Determinism: D3, whatever the number of problems, their order and their place.
// Limits: 1 ≤ k ≤ 64; items of a launch < 2³¹.
#pragma once

#include "sigmahat/kernels/launch.hpp"
#include "sigmahat/kernels/least_squares.hpp"
#include "sigmahat/kernels/moments_launch.hpp"
#include "sigmahat/kernels/rows_launch.hpp"

namespace sigmahat {

/// What to do with each problem.
struct LeastSquaresTask {
  Index columns = 0;  ///< k
  bool intercept = false;
  bool drop = false;  ///< rows that are not finite are left out
  bool solve = true;  ///< false: Gram matrices and counts alone
  double ridge = 0;
  double largest_condition = 0;  ///< a problem of a larger κ is left over
  bool needs_rss = false;        ///< a problem whose RSS is not in its Gram matrix is left over
};

/// Which problems a launch works on: item i is problem order[i] (or i), whose rows begin at first_rows[b] and end before
/// first_rows[b + 1] (or have rows_per_problem each). Device memory.
struct ProblemList {
  Index count = 0;
  Index rows_per_problem = 0;
  const Index* first_rows = nullptr;
  const Index* order = nullptr;
};

/// Results in device memory; item b of each belongs to problem b. Null: not wanted.
struct LeastSquaresArrays {
  double* coefficients = nullptr;     ///< [B, K]
  double* standard_errors = nullptr;  ///< [B, K], classical
  double* condition = nullptr;        ///< [B]
  double* rss = nullptr;              ///< [B]
  double* tss = nullptr;              ///< [B]
  double* weight = nullptr;           ///< [B] N
  Index* rows = nullptr;              ///< [B] n
  Index* dropped = nullptr;           ///< [B]
  int* accepted = nullptr;            ///< [B] 1: the numbers stand; 0: left over, they are NaN
};

/// Gram matrices in device memory; item i belongs to item i of the launch. `gram` null: not wanted, else all arrays are
/// there. Zeros where N = 0.
struct GramArrays {
  double* gram = nullptr;      ///< [items, q(q+1)/2] lower triangle packed by rows: entry (i, j) at i(i+1)/2 + j
  double* mean = nullptr;      ///< [items, q] m; without an intercept not written
  double* residual = nullptr;  ///< [items, q] c
  double* weight = nullptr;    ///< [items] N
  Index* rows = nullptr;       ///< [items] n
  Index* dropped = nullptr;    ///< [items]
};

/// All items' problems, each of at most 256 rows.
LaunchStatus launch_least_squares(DeviceStream stream, const RegressionRows& rows, const ProblemList& problems,
                                  const LeastSquaresTask& task, const LeastSquaresArrays& results,
                                  const GramArrays& grams);

/// nodes[b] ← block b of the list, centred or raw. Segment s has as many rows as segment_rows says; its first row is
/// first_rows[s].
LaunchStatus launch_least_squares_blocks(DeviceStream stream, const RegressionRows& rows, const BlockList& list,
                                         const Index* first_rows, const LeastSquaresTask& task,
                                         const MomentNodes& nodes);

/// Item i is node order[i] (or i where that is null); node s is the root of problem problems[s].
LaunchStatus launch_least_squares_roots(DeviceStream stream, Index count, const Index* order, const Index* problems,
                                        const MomentNodes& nodes, const LeastSquaresTask& task,
                                        const LeastSquaresArrays& results, const GramArrays& grams);

}  // namespace sigmahat
