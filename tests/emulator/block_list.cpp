// Stands in for kernels/block_list.cu, whose Thrust needs nvcc: the formulas of its header, as one thread's loop.
#include "sigmahat/kernels/block_list_launch.hpp"

#include "device/portable.cuh"

namespace sigmahat {
namespace {

SIGMAHAT_KERNEL(1)
block_list(Index segments, const Index* segment_rows, Index* segment_blocks, Index* block_segment) {
  Index block = 0;
  for (Index s = 0; s < segments; ++s) {
    segment_blocks[s] = block;
    const Index count = (segment_rows[s + 1] - segment_rows[s] + kCanonicalBlock - 1) / kCanonicalBlock;
    for (Index k = 0; k < count; ++k) block_segment[block++] = s;
  }
  segment_blocks[segments] = block;
}

}  // namespace

LaunchStatus launch_block_list(DeviceStream stream, Index segments, Index, const Index* segment_rows,
                               Index* segment_blocks, Index* block_segment) {
  return device::launch(block_list, {1}, 1, 0, stream, segments, segment_rows, segment_blocks, block_segment);
}

}  // namespace sigmahat
