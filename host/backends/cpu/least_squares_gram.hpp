// Gram matrices of one canonical block, the rows read once (k ≤ 16) or once from memory and then from the first-level
// cache: step 1 of kernels/least_squares.hpp for one leaf of the tree.
//
// Lanes divide entries. With N lanes the columns of x go in groups of N, two neighbouring groups a, b being a pair:
//   within a group   lane i of shift s holds entry (i, i+s mod N), s = 0 … N/2−1; shift N/2 is the same for lanes i and
//                    i + N/2, so that a and b share one vector for it
//   b with a         N vectors, one for each column of a, which is broadcast
//   y                one vector for each group; yᵀy is a scalar chain
// That is k(k+1)/2 + k entries in as many lanes where k is a multiple of 2N, e.g. 19 vectors of 8 and one number for k = 16,
// where 8 × 8 tiles of the lower triangle take 26. A pair with an earlier one takes 2·2N vectors of broadcasts, in two
// passes. The sums of a block lie in a "node" in this order; places() tells which entry each is.
#pragma once

#include <vector>

#include "sigmahat/kernels/common.hpp"

namespace sigmahat::backends {

/// How many numbers ahead rows are asked for that are read once: far enough that memory has something to do while a group of
/// problems is solved.
inline constexpr Index kStreamAhead = 4096;

/// Rows of one block: entry (i, j) of x at x[i·leading_dimension + j], y_i at y[i·y_stride].
struct GramBlock {
  const double* x = nullptr;
  const double* y = nullptr;
  const double* weights = nullptr;  ///< null: 1 each
  Index leading_dimension = 0, y_stride = 1;
  Index rows = 0, columns = 0;
};

/// Where centred rows and their mean pair go.
struct CentredRows {
  double *x, *y;            ///< [rows, ⌈k/8⌉·8], [rows]
  double *mean, *residual;  ///< [q] m and c
  static constexpr Index leading_dimension(Index columns) { return (columns + 7) / 8 * 8; }
};

/// Compiled for one instruction set.
struct GramKernel {
  int lanes;  ///< of a vector for k columns: N above
  /// sums ← Σ over the rows of the block, its last number at `yy`. Asks the cache for rows behind the block as well.
  /// (k+1)(k+2) flops a row.
  void (*form)(const GramBlock& block, double* sums, double* yy);
  /// The same for two blocks with the same number of rows in turn, b behind a in memory, so that the chains of one hide the
  /// latency of the other's; null where one block has chains enough.
  void (*form_two)(const GramBlock& a, const GramBlock& b, double* sums_a, double* sums_b, double* yy_a, double* yy_b);
  /// Deviations from the mean of the block, whose weights sum to `total` ≠ 0. 4 flops an entry.
  void (*centre)(const GramBlock& block, double total, const CentredRows& out);
  /// row[j] ← fma(left, right[j], row[j]) for j < count.
  void (*add_multiple)(Index count, double left, const double* right, double* row);
  /// sums ← sums + more.
  void (*add)(Index count, const double* more, double* sums);
};

/// The version for this processor, k columns, rows with or without weights. k ≤ 64.
GramKernel gram_kernel(Index columns, bool weighted);

/// Numbers in a node, a multiple of 8; the last one is yᵀy.
constexpr Index node_size(Index lanes, Index columns) {
  const Index half = lanes > 1 ? 1 : 0, shifts = lanes > 1 ? lanes / 2 : 1;
  Index vectors = 0;
  for (Index column = 0; column < columns; column += 2 * lanes) {
    const Index groups = columns - column > lanes ? 2 : 1;
    vectors += groups * shifts + half + (groups - 1) * lanes + groups + column / lanes * groups * lanes;
  }
  return vectors * lanes + 8 - vectors * lanes % 8;
}
/// For each of them its place i(i+1)/2 + j in the packed triangle of q = k + 1, −1 where it is no entry.
std::vector<Index> gram_places(int lanes, Index columns);

}  // namespace sigmahat::backends
