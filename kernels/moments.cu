// Moments for p ≤ 64: canonical blocks, and the tree above them, which serves least squares, too. Header: sigmahat/kernels/moments_launch.hpp.
#include "sigmahat/kernels/moments_launch.hpp"

#include "device/gram.cuh"
#include "steps/cholesky.hpp"
#include "steps/moments.hpp"

namespace sigmahat {
namespace {

using namespace device;

constexpr int kMergeThreads = 128;

/// Threads of a block; each keeps a tile of the lower triangle.
constexpr int kLargestBlock = 160;  // 136 tiles at p = 64
constexpr int block_threads(Index p) { return p > 32 ? kLargestBlock : 64; }

template <class T, int Tile, bool Weighted>
SIGMAHAT_KERNEL(kLargestBlock)
moments_block(DeviceRows rows, BlockList list, Index columns, bool drop, MomentNodes nodes) {
  SharedCarver carver;
  const GramSpace s = carve_gram_space<Tile>(carver, columns);
  const int p = static_cast<int>(columns), thread = thread_index();
  const Index block = block_x(), segment = list.block_segment[block];
  const Index first = list.segment_rows[segment] + kCanonicalBlock * (block - list.segment_blocks[segment]);
  const Index left = list.segment_rows[segment + 1] - first;
  const int count = static_cast<int>(left < kCanonicalBlock ? left : kCanonicalBlock);

  const MomentCounts counts = sum_block<T>(rows, first, count, p, drop, s);
  const double n = *s.total;
  if (is_weigher()) {
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
  for_each_of_tile(p, i0, j0, sum, [=](int i, int j, double entry) {
    const double value = fma(-(n * s.residual[i]), s.residual[j], entry);
    g_scatter[i + j * p] = value;
    g_scatter[j + i * p] = value;
  });
}

SIGMAHAT_DEVICE steps::MomentsNode node_at(const MomentNodes& nodes, Index k, Index p) {
  return {nodes.weight + k, nodes.mean + k * p, nodes.residual + k * p, nodes.scatter + k * p * p};
}

/// The same for raw nodes, whose scatters are about zero.
SIGMAHAT_DEVICE void add_raw_nodes(const MomentNodes& nodes, Index p, Index a, Index b) {
  const double n_a = nodes.weight[a], n_b = nodes.weight[b];
  block_barrier();
  if (n_b == 0) return;
  double* const g_a = nodes.scatter + a * p * p;
  const double* const g_b = nodes.scatter + b * p * p;
  for (Index place = thread_index(); place < p * p; place += thread_count()) {
    g_a[place] = n_a == 0 ? g_b[place] : g_a[place] + g_b[place];
  }
  if (thread_index() == 0) nodes.weight[a] = n_a + n_b;
  block_barrier();
}

/// nodes[a] ← merge(nodes[a], nodes[b]) by the whole block.
SIGMAHAT_DEVICE void merge_nodes(const MomentNodes& nodes, Index p, Index a, Index b) {
  SIGMAHAT_SHARED(double, s_delta, kLargestNode);
  if (thread_index() == 0) {
    nodes.counts[a].rows += nodes.counts[b].rows;
    nodes.counts[a].dropped += nodes.counts[b].dropped;
    nodes.counts[a].not_finite |= nodes.counts[b].not_finite;
  }
  if (nodes.mean == nullptr) {
    add_raw_nodes(nodes, p, a, b);
  } else {
    steps::merge_moments(BlockTeam{}, p, node_at(nodes, a, p), node_at(nodes, b, p), s_delta);
  }
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
  if (nodes.mean != nullptr) {
    block_copy(nodes.mean + from * p, to.mean + target * p, p);
    block_copy(nodes.residual + from * p, to.residual + target * p, p);
  }
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
  return launch(kernel, {list.blocks}, block_threads(p), gram_space_bytes<Tile>(p), stream, rows, list, p, drop, nodes);
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
