// Launchers of kernels/moments.cu: the pass over rows for p ≤ 64. Formulas: kernels/moments.hpp, blocks and tree.
//
// Rows arrive in chunks. A chunk holds `segments` data sets or pieces of one, each cut into canonical blocks counted
// from its first row; every block becomes one node, and the nodes of a segment are merged into its first one, one level
// of the tree per launch. Node k is item k of each array of MomentNodes.
//
// Failure: a block whose mean is not finite raises counts.not_finite of its node; merging keeps it raised. Nothing else
// is touched by it but the nodes above.
// Cost: n·p·(p+1) flops for the scatter and 4·n·p for the means; the rows are read twice (the second time out of L2
// where the block fits), and each block writes 8(p² + 2p + 4) bytes. On an H100 (3.35 TB/s, FP64 34 TFLOP/s) a row of p
// doubles takes at least max(8p/3.35 TB/s, p(p+1)/34 TFLOP/s): for n = 10⁶, p = 32: 76 µs by memory (31 µs by
// arithmetic); p = 64: 153 µs (122 µs). Rows that come over PCIe 5 (about 55 GB/s) need 4.7 ms and 9.3 ms, so transfers
// bind a pass. A merge: 2p² flops, 24p² bytes; p = 64, 4096 blocks: 4095 merges, 0.12 ms.
// Determinism: D3, the bits of the CPU backends.
// Limits: 1 ≤ p ≤ 64 for the blocks, ≤ kLargestNode for the tree above them; blocks of a chunk < 2³¹.
#pragma once

#include "sigmahat/kernels/common.hpp"
#include "sigmahat/kernels/launch.hpp"
#include "sigmahat/kernels/rows_launch.hpp"

namespace sigmahat {

/// Which rows form which block; arrays in device memory.
struct BlockList {
  Index segments = 0;
  Index blocks = 0;
  Index longest = 0;                      ///< blocks of the longest segment
  const Index* segment_rows = nullptr;    ///< [segments + 1] first row of each segment
  const Index* segment_blocks = nullptr;  ///< [segments + 1] first block of each segment
  const Index* block_segment = nullptr;   ///< [blocks] segment of each block
};

/// What is counted per node.
struct MomentCounts {
  Index rows = 0;        ///< not dropped, of positive weight
  Index dropped = 0;     ///< left out because of a NaN or an infinity
  Index not_finite = 0;  ///< not 0: the mean of some block is not finite
};

/// Largest p of the nodes that trees are made of: 64 columns of x and y (kernels/least_squares.hpp).
inline constexpr Index kLargestNode = 65;

/// Arrays of nodes in device memory. Where the weight is 0, mean, residual and scatter are not written. Raw nodes have
/// the Gram matrix about zero for scatter and no means: two merge by addition.
struct MomentNodes {
  double* weight = nullptr;        ///< [N]
  double* mean = nullptr;          ///< [N, p]; null for raw nodes
  double* residual = nullptr;      ///< [N, p]
  double* scatter = nullptr;       ///< [N, p, p] lower triangle; above, numbers of no meaning
  MomentCounts* counts = nullptr;  ///< [N]
};

/// nodes[b] ← moments of block b, for every block of the list.
LaunchStatus launch_moments_blocks(DeviceStream stream, const DeviceRows& rows, const BlockList& list, Index p,
                                   bool drop, const MomentNodes& nodes);

/// Merges the nodes of every segment into the segment's first one: one launch per level of the tree.
LaunchStatus launch_moments_tree(DeviceStream stream, const BlockList& list, Index p, const MomentNodes& nodes);

/// nodes[a] ← merge(nodes[a], nodes[b]), a being the earlier one.
LaunchStatus launch_moments_merge(DeviceStream stream, Index p, const MomentNodes& nodes, Index a, Index b);

/// to[first_to + s] ← nodes[segment_blocks[s]], for every segment s; weight and counts 0 for a segment without blocks.
LaunchStatus launch_moments_roots(DeviceStream stream, const BlockList& list, Index p, const MomentNodes& nodes,
                                  const MomentNodes& to, Index first_to);

/// Closes `count` nodes in place: both triangles of the scatter; where the weight is 0, NaN means and a scatter of 0.
LaunchStatus launch_moments_close(DeviceStream stream, Index count, Index p, const MomentNodes& nodes);

}  // namespace sigmahat
