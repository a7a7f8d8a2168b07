// Moments for p ≤ 64: canonical blocks, and the tree above them. Header: sigmahat/kernels/moments_launch.hpp.
#include "sigmahat/kernels/moments_launch.hpp"

#include "device/block.cuh"
#include "device/rows.cuh"
#include "steps/cholesky.hpp"
#include "steps/moments.hpp"

namespace sigmahat {
namespace {

using namespace device;

constexpr int kStageRows = 32;  // rows in shared memory at a time
constexpr int kMergeThreads = 128;

/// Threads of a block; each keeps Tile × Tile entries of the lower triangle. The last thread owns no column: it sums the
/// weights while others sum columns.
constexpr int kLargestBlock = 160;  // 136 tiles at p = 64
constexpr int block_threads(Index p) { return p > 32 ? kLargestBlock : 64; }

/// Length of a staged row: columns rounded up to whole tiles, and one more against bank conflicts.
template <int Tile>
SIGMAHAT_STEP constexpr int staged_length(Index p) {
  return static_cast<int>((p + Tile - 1) / Tile * Tile + 1);
}

/// The block's own arrays in shared memory.
struct Workspace {
  double* rows;      // [kStageRows, length] staged values
  double* weight;    // [256] weight of each row, 0 where dropped
  double* mean;      // [64] m
  double* residual;  // [64] c
  double* total;     // [1] n_b
  int* dropped;      // [256]
  int length;
};

template <int Tile>
Index workspace_bytes(Index p) {
  return shared_bytes<double>(Index{kStageRows} * staged_length<Tile>(p)) + shared_bytes<double>(kCanonicalBlock) +
         2 * shared_bytes<double>(kSmallDimension) + shared_bytes<double>(1) + shared_bytes<int>(kCanonicalBlock);
}

template <int Tile>
SIGMAHAT_DEVICE Workspace carve_workspace(Index p) {
  SharedCarver carver;
  Workspace s;
  s.length = staged_length<Tile>(p);
  s.rows = carver.take<double>(Index{kStageRows} * s.length);
  s.weight = carver.take<double>(kCanonicalBlock);
  s.mean = carver.take<double>(kSmallDimension);
  s.residual = carver.take<double>(kSmallDimension);
  s.total = carver.take<double>(1);
  s.dropped = carver.take<int>(kCanonicalBlock);
  return s;
}

/// Weight of staged row `r`; under the drop policy a row that is not finite gets weight 0 and values 0.
SIGMAHAT_DEVICE void judge_row(const Workspace& s, int r, int in_block, double weight, int p, bool drop) {
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

/// First reading of the block: weights, counts, n_b and m. Everything is in shared memory after it.
template <class T>
SIGMAHAT_DEVICE MomentCounts sum_block(const DeviceRows& rows, Index first, int count, int p, bool drop,
                                       const Workspace& s) {
  const int thread = thread_index();
  const bool weigher = thread == thread_count() - 1;
  MomentCounts counts;
  double sum = 0;  // s_j of column `thread`, or n_b
  for (int start = 0; start < count; start += kStageRows) {
    const int staged = count - start < kStageRows ? count - start : kStageRows;
    for_each_value<T>(rows, first + start, staged, p, [=](int r, int j, double x) { s.rows[r * s.length + j] = x; });
    block_barrier();
    if (thread < staged) {
      const double weight = rows.weights == nullptr ? 1.0 : rows.weights[first + start + thread];
      judge_row(s, thread, start + thread, weight, p, drop);
    }
    block_barrier();
    for (int r = 0; r < staged; ++r) {
      if (thread < p) sum = fma(s.weight[start + r], s.rows[r * s.length + thread], sum);
      if (weigher) {
        sum += s.weight[start + r];
        counts.dropped += s.dropped[start + r];
        counts.rows += s.weight[start + r] > 0 ? 1 : 0;
      }
    }
    block_barrier();
  }
  if (weigher) *s.total = sum;
  block_barrier();
  if (thread < p) s.mean[thread] = sum / *s.total;
  block_barrier();
  if (weigher && *s.total != 0) {
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

/// Second reading of the block: c (into shared memory) and this thread's tile of M without its last link.
template <class T, int Tile, bool Weighted>
SIGMAHAT_DEVICE void centre_block(const DeviceRows& rows, Index first, int count, int p, const Workspace& s, int i0,
                                  int j0, double (&sum)[Tile][Tile]) {
  const int thread = thread_index();
  double t = 0;
  for (int place = thread; place < kStageRows * s.length; place += thread_count()) s.rows[place] = 0;
  block_barrier();
  for (int start = 0; start < count; start += kStageRows) {
    const int staged = count - start < kStageRows ? count - start : kStageRows;
    for_each_value<T>(rows, first + start, staged, p, [=](int r, int j, double x) {
      s.rows[r * s.length + j] = s.dropped[start + r] != 0 ? 0.0 : x - s.mean[j];
    });
    block_barrier();
    if (thread < p) {
      for (int r = 0; r < staged; ++r) t = fma(s.weight[start + r], s.rows[r * s.length + thread], t);
    }
    if (i0 < p) {
      for (int r = 0; r < staged; ++r) {
        accumulate_row<Tile, Weighted>(s.rows + r * s.length, s.weight[start + r], i0, j0, sum);
      }
    }
    block_barrier();
  }
  if (thread < p) s.residual[thread] = t / *s.total;
  block_barrier();
}

template <class T, int Tile, bool Weighted>
SIGMAHAT_KERNEL(kLargestBlock)
moments_block(DeviceRows rows, BlockList list, Index columns, bool drop, MomentNodes nodes) {
  const Workspace s = carve_workspace<Tile>(columns);
  const int p = static_cast<int>(columns), thread = thread_index();
  const Index block = block_x(), segment = list.block_segment[block];
  const Index first = list.segment_rows[segment] + kCanonicalBlock * (block - list.segment_blocks[segment]);
  const Index left = list.segment_rows[segment + 1] - first;
  const int count = static_cast<int>(left < kCanonicalBlock ? left : kCanonicalBlock);

  const MomentCounts counts = sum_block<T>(rows, first, count, p, drop, s);
  const double n = *s.total;
  if (thread == thread_count() - 1) {
    nodes.weight[block] = n;
    nodes.counts[block] = counts;
  }
  if (n == 0) return;

  int tile_row, tile_column;
  place_of_tile(thread, tile_row, tile_column);
  const int i0 = tile_row * Tile, j0 = tile_column * Tile;
  double sum[Tile][Tile] = {};
  centre_block<T, Tile, Weighted>(rows, first, count, p, s, i0, j0, sum);

  if (thread < p) {
    nodes.mean[block * p + thread] = s.mean[thread];
    nodes.residual[block * p + thread] = s.residual[thread];
  }
  double* const g_scatter = nodes.scatter + block * p * p;
  for (int a = 0; a < Tile; ++a) {
    for (int b = 0; b < Tile; ++b) {
      const int i = i0 + a, j = j0 + b;
      if (i >= p || j > i) continue;
      const double value = fma(-(n * s.residual[i]), s.residual[j], sum[a][b]);
      g_scatter[i + j * p] = value;
      g_scatter[j + i * p] = value;
    }
  }
}

SIGMAHAT_DEVICE steps::MomentsNode node_at(const MomentNodes& nodes, Index k, Index p) {
  return {nodes.weight + k, nodes.mean + k * p, nodes.residual + k * p, nodes.scatter + k * p * p};
}

/// nodes[a] ← merge(nodes[a], nodes[b]) by the whole block.
SIGMAHAT_DEVICE void merge_nodes(const MomentNodes& nodes, Index p, Index a, Index b) {
  SIGMAHAT_SHARED(double, s_delta, kSmallDimension);
  if (thread_index() == 0) {
    nodes.counts[a].rows += nodes.counts[b].rows;
    nodes.counts[a].dropped += nodes.counts[b].dropped;
    nodes.counts[a].not_finite |= nodes.counts[b].not_finite;
  }
  steps::merge_moments(BlockTeam{}, p, node_at(nodes, a, p), node_at(nodes, b, p), s_delta);
}

SIGMAHAT_KERNEL(kMergeThreads) moments_tree(BlockList list, Index p, Index distance, Index step, MomentNodes nodes) {
  const Index block = block_x() * step, segment = list.block_segment[block];
  const Index place = block - list.segment_blocks[segment];
  if (place % (2 * distance) != 0 || block + distance >= list.segment_blocks[segment + 1]) return;
  merge_nodes(nodes, p, block, block + distance);
}

SIGMAHAT_KERNEL(kMergeThreads) moments_merge(Index p, Index a, Index b, MomentNodes nodes) {
  merge_nodes(nodes, p, a, b);
}

SIGMAHAT_KERNEL(kMergeThreads)
moments_roots(BlockList list, Index p, MomentNodes nodes, MomentNodes to, Index first_to) {
  const Index segment = block_x(), target = first_to + segment, from = list.segment_blocks[segment];
  const bool empty = from == list.segment_blocks[segment + 1];
  const double n = empty ? 0.0 : nodes.weight[from];
  if (thread_index() == 0) {
    to.weight[target] = n;
    to.counts[target] = empty ? MomentCounts{} : nodes.counts[from];
  }
  if (n == 0) return;
  block_copy(nodes.mean + from * p, to.mean + target * p, p);
  block_copy(nodes.residual + from * p, to.residual + target * p, p);
  block_copy(nodes.scatter + from * p * p, to.scatter + target * p * p, p * p);
}

SIGMAHAT_KERNEL(kMergeThreads) moments_close(Index p, MomentNodes nodes) {
  const steps::MomentsNode node = node_at(nodes, block_x(), p);
  const BlockTeam team;
  if (*node.weight == 0) {
    team.for_each(p, [=](Index i) { node.mean[i] = node.residual[i] = kCanonicalNaN; });
    team.for_each(p * p, [=](Index place) { node.scatter[place] = 0; });
  } else {
    steps::mirror_lower(team, p, node.scatter);
  }
}

template <class T, int Tile>
LaunchStatus launch_tiled(DeviceStream stream, const DeviceRows& rows, const BlockList& list, Index p, bool drop,
                          const MomentNodes& nodes) {
  const auto kernel = rows.weights != nullptr ? moments_block<T, Tile, true> : moments_block<T, Tile, false>;
  return launch(kernel, {list.blocks}, block_threads(p), workspace_bytes<Tile>(p), stream, rows, list, p, drop, nodes);
}

template <class T>
LaunchStatus launch_typed(DeviceStream stream, const DeviceRows& rows, const BlockList& list, Index p, bool drop,
                          const MomentNodes& nodes) {
  if (p <= 8) return launch_tiled<T, 1>(stream, rows, list, p, drop, nodes);
  if (p <= 16) return launch_tiled<T, 2>(stream, rows, list, p, drop, nodes);
  return launch_tiled<T, 4>(stream, rows, list, p, drop, nodes);
}

}  // namespace

LaunchStatus launch_moments_blocks(DeviceStream stream, const DeviceRows& rows, const BlockList& list, Index p,
                                   bool drop, const MomentNodes& nodes) {
  return rows.is_float ? launch_typed<float>(stream, rows, list, p, drop, nodes)
                       : launch_typed<double>(stream, rows, list, p, drop, nodes);
}

LaunchStatus launch_moments_tree(DeviceStream stream, const BlockList& list, Index p, const MomentNodes& nodes) {
  for (Index distance = 1; distance < list.longest; distance *= 2) {
    // With one segment the earlier nodes of the pairs are known; else every block looks whether it is one.
    const Index step = list.segments == 1 ? 2 * distance : 1;
    const LaunchStatus status = launch(moments_tree, {(list.blocks + step - 1) / step}, kMergeThreads, 0, stream, list,
                                       p, distance, step, nodes);
    if (!status.ok()) return status;
  }
  return {};
}

LaunchStatus launch_moments_merge(DeviceStream stream, Index p, const MomentNodes& nodes, Index a, Index b) {
  return launch(moments_merge, {1}, kMergeThreads, 0, stream, p, a, b, nodes);
}

LaunchStatus launch_moments_roots(DeviceStream stream, const BlockList& list, Index p, const MomentNodes& nodes,
                                  const MomentNodes& to, Index first_to) {
  return launch(moments_roots, {list.segments}, kMergeThreads, 0, stream, list, p, nodes, to, first_to);
}

LaunchStatus launch_moments_close(DeviceStream stream, Index count, Index p, const MomentNodes& nodes) {
  return launch(moments_close, {count}, kMergeThreads, 0, stream, p, nodes);
}

}  // namespace sigmahat
