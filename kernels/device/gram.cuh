// The lower triangle of Σ w z zᵀ over one canonical block of rows, by one thread block: in the order of the definitions in
// kernels/moments.hpp (centred) and kernels/least_squares.hpp (raw). `Rows` is DeviceRows or RegressionRows.
//
// Each thread keeps Tile × Tile entries in registers; rows pass through shared memory. For each row a thread reads
// 2·Tile numbers and does Tile² multiply-adds.
#pragma once

#include "device/block.cuh"
#include "device/rows.cuh"
#include "sigmahat/kernels/moments_launch.hpp"

namespace sigmahat::device {

inline constexpr int kStageRows = 32;  // rows in shared memory at a time

/// Length of a staged row: columns rounded up to whole tiles, and one more against bank conflicts.
template <int Tile>
SIGMAHAT_STEP constexpr int staged_length(Index p) {
  return static_cast<int>((p + Tile - 1) / Tile * Tile + 1);
}

/// Tiles of the lower triangle.
template <int Tile>
SIGMAHAT_STEP constexpr int tile_count(Index p) {
  const int side = static_cast<int>((p + Tile - 1) / Tile);
  return side * (side + 1) / 2;
}

/// The block's own arrays in shared memory.
struct GramSpace {
  double* rows;      // [kStageRows, length] staged values
  double* weight;    // [256] weight of each row, 0 where dropped
  double* mean;      // [p] m
  double* residual;  // [p] c
  double* total;     // [1] n_b
  int* dropped;      // [256]
  int length;
};

/// Numbers of `rows`; `least` where they serve as memory for something else, too.
template <int Tile>
SIGMAHAT_STEP constexpr Index staged_numbers(Index p, Index least) {
  const Index numbers = Index{kStageRows} * staged_length<Tile>(p);
  return numbers < least ? least : numbers;
}

template <int Tile>
Index gram_space_bytes(Index p, Index least = 0) {
  return shared_bytes<double>(staged_numbers<Tile>(p, least)) + shared_bytes<double>(kCanonicalBlock) +
         2 * shared_bytes<double>(p) + shared_bytes<double>(1) + shared_bytes<int>(kCanonicalBlock);
}

template <int Tile>
SIGMAHAT_DEVICE GramSpace carve_gram_space(SharedCarver& carver, Index p, Index least = 0) {
  GramSpace s;
  s.length = staged_length<Tile>(p);
  s.rows = carver.take<double>(staged_numbers<Tile>(p, least));
  s.weight = carver.take<double>(kCanonicalBlock);
  s.mean = carver.take<double>(p);
  s.residual = carver.take<double>(p);
  s.total = carver.take<double>(1);
  s.dropped = carver.take<int>(kCanonicalBlock);
  return s;
}

/// Weight of staged row `r`; under the drop policy a row that is not finite gets weight 0 and values 0.
SIGMAHAT_DEVICE void judge_row(const GramSpace& s, int r, int in_block, double weight, int p, bool drop) {
  bool dropped = false;
  if (drop) {
    bool finite = isfinite(weight);
    for (int j = 0; j < p; ++j) finite = finite && isfinite(s.rows[r * s.length + j]);
    dropped = !finite;
    for (int j = 0; dropped && j < p; ++j) s.rows[r * s.length + j] = 0;
  }
  s.weight[in_block] = dropped ? 0.0 : weight;
  s.dropped[in_block] = dropped ? 1 : 0;
}

/// Stages `staged` rows of the block from row `start` on and judges them.
template <class T, class Rows>
SIGMAHAT_DEVICE void stage_rows(const Rows& rows, Index first, int start, int staged, int p, bool drop,
                                const GramSpace& s) {
  const int thread = thread_index();
  for_each_value<T>(rows, first + start, staged, p, [=](int r, int j, double z) { s.rows[r * s.length + j] = z; });
  block_barrier();
  if (thread < staged) {
    const double* const g_weights = weights_of(rows);
    judge_row(s, thread, start + thread, g_weights == nullptr ? 1.0 : g_weights[first + start + thread], p, drop);
  }
  block_barrier();
}

/// What the weigher knows of staged rows start … start+staged−1: n_b so far, and counts. Rows of weight 1 that cannot be
/// dropped need no chain: their sum is their number.
SIGMAHAT_DEVICE void weigh_rows(const GramSpace& s, int start, int staged, bool all_count, double& sum,
                                MomentCounts& counts) {
  if (all_count) {
    sum += staged;
    counts.rows += staged;
    return;
  }
  for (int r = start; r < start + staged; ++r) {
    sum += s.weight[r];
    counts.dropped += s.dropped[r];
    counts.rows += s.weight[r] > 0 ? 1 : 0;
  }
}

/// The last thread weighs; it sums no column.
SIGMAHAT_DEVICE bool is_weigher() { return thread_index() == thread_count() - 1; }

/// First reading of a centred block: weights, n_b and m in shared memory; the weigher gets the counts.
template <class T, class Rows>
SIGMAHAT_DEVICE MomentCounts sum_block(const Rows& rows, Index first, int count, int p, bool drop, const GramSpace& s) {
  const int thread = thread_index();
  const bool all_count = !drop && weights_of(rows) == nullptr;
  MomentCounts counts;
  double sum = 0;  // s_j of column `thread`, or n_b
  for (int start = 0; start < count; start += kStageRows) {
    const int staged = count - start < kStageRows ? count - start : kStageRows;
    stage_rows<T>(rows, first, start, staged, p, drop, s);
    if (thread < p) {
      for (int r = 0; r < staged; ++r) sum = fma(s.weight[start + r], s.rows[r * s.length + thread], sum);
    }
    if (is_weigher()) weigh_rows(s, start, staged, all_count, sum, counts);
    block_barrier();
  }
  if (is_weigher()) *s.total = sum;
  block_barrier();
  if (thread < p) s.mean[thread] = sum / *s.total;
  block_barrier();
  if (is_weigher() && *s.total != 0) {
    for (int j = 0; j < p; ++j) counts.not_finite |= isfinite(s.mean[j]) ? 0 : 1;
  }
  return counts;
}

/// Place of tile number `tile` in the lower triangle of tiles, row by row.
SIGMAHAT_DEVICE void place_of_tile(int tile, int& tile_row, int& tile_column) {
  tile_row = 0;
  while ((tile_row + 1) * (tile_row + 2) / 2 <= tile) ++tile_row;
  tile_column = tile - tile_row * (tile_row + 1) / 2;
}

/// One staged row more in each chain of this thread's tile: sum_ab ← fma(w·r_i, r_j, sum_ab).
template <int Tile, bool Weighted>
SIGMAHAT_DEVICE void accumulate_row(const double* s_row, double weight, int i0, int j0, double (&sum)[Tile][Tile]) {
  double left[Tile], right[Tile];
  for (int a = 0; a < Tile; ++a) left[a] = Weighted ? weight * s_row[i0 + a] : s_row[i0 + a];
  for (int b = 0; b < Tile; ++b) right[b] = s_row[j0 + b];
  for (int a = 0; a < Tile; ++a) {
    for (int b = 0; b < Tile; ++b) sum[a][b] = fma(left[a], right[b], sum[a][b]);
  }
}
template <int Tile, bool Weighted>
SIGMAHAT_DEVICE void accumulate_rows(const GramSpace& s, int start, int staged, int i0, int j0,
                                     double (&sum)[Tile][Tile]) {
  for (int r = 0; r < staged; ++r) {
    accumulate_row<Tile, Weighted>(s.rows + r * s.length, s.weight[start + r], i0, j0, sum);
  }
}

/// Staged rows become 0, their padding too, which tiles read.
SIGMAHAT_DEVICE void clear_stage(const GramSpace& s) {
  for (int place = thread_index(); place < kStageRows * s.length; place += thread_count()) s.rows[place] = 0;
  block_barrier();
}

/// Second reading of a centred block: c (into shared memory) and this thread's tile of M without its last link.
template <class T, int Tile, bool Weighted, class Rows>
SIGMAHAT_DEVICE void centre_block(const Rows& rows, Index first, int count, int p, const GramSpace& s, int i0, int j0,
                                  double (&sum)[Tile][Tile]) {
  const int thread = thread_index();
  double t = 0;
  clear_stage(s);
  for (int start = 0; start < count; start += kStageRows) {
    const int staged = count - start < kStageRows ? count - start : kStageRows;
    for_each_value<T>(rows, first + start, staged, p, [=](int r, int j, double z) {
      s.rows[r * s.length + j] = s.dropped[start + r] != 0 ? 0.0 : z - s.mean[j];
    });
    block_barrier();
    if (thread < p) {
      for (int r = 0; r < staged; ++r) t = fma(s.weight[start + r], s.rows[r * s.length + thread], t);
    }
    if (i0 < p) accumulate_rows<Tile, Weighted>(s, start, staged, i0, j0, sum);
    block_barrier();
  }
  if (thread < p) s.residual[thread] = t / *s.total;
  block_barrier();
}

/// The one reading of a block about zero: n_b in shared memory, this thread's tile of G; the weigher gets the counts.
template <class T, int Tile, bool Weighted, class Rows>
SIGMAHAT_DEVICE MomentCounts multiply_block(const Rows& rows, Index first, int count, int p, bool drop,
                                            const GramSpace& s, int i0, int j0, double (&sum)[Tile][Tile]) {
  const bool all_count = !drop && !Weighted;
  MomentCounts counts;
  double total = 0;
  clear_stage(s);
  for (int start = 0; start < count; start += kStageRows) {
    const int staged = count - start < kStageRows ? count - start : kStageRows;
    stage_rows<T>(rows, first, start, staged, p, drop, s);
    if (i0 < p) accumulate_rows<Tile, Weighted>(s, start, staged, i0, j0, sum);
    if (is_weigher()) weigh_rows(s, start, staged, all_count, total, counts);
    block_barrier();
  }
  if (is_weigher()) *s.total = total;
  block_barrier();
  return counts;
}

/// Calls f(i, j, entry) for the entries i ≥ j of this thread's tile.
template <int Tile, class F>
SIGMAHAT_DEVICE void for_each_of_tile(int p, int i0, int j0, const double (&sum)[Tile][Tile], F&& f) {
  for (int a = 0; a < Tile; ++a) {
    for (int b = 0; b < Tile; ++b) {
      if (i0 + a < p && j0 + b <= i0 + a) f(i0 + a, j0 + b, sum[a][b]);
    }
  }
}

}  // namespace sigmahat::device
