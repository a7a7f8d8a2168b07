// Stands in for kernels/block_list.cu, whose Thrust needs nvcc: the formulas of its header, as loops.
#include "sigmahat/kernels/block_list_launch.hpp"

namespace sigmahat {

LaunchStatus launch_block_list(DeviceStream, Index segments, Index, const Index* segment_rows, Index* segment_blocks,
                               Index* block_segment) {
  Index block = 0;
  for (Index s = 0; s < segments; ++s) {
    segment_blocks[s] = block;
    const Index count = (segment_rows[s + 1] - segment_rows[s] + kCanonicalBlock - 1) / kCanonicalBlock;
    for (Index k = 0; k < count; ++k) block_segment[block++] = s;
  }
  segment_blocks[segments] = block;
  return {};
}

}  // namespace sigmahat
