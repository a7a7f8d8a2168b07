// The block list of a chunk, built on the device from the segments' row offsets. Structure: BlockList.
//
//   segment_blocks[s] = Σ_{t<s} ⌈rows of t / 256⌉,  block_segment[b] = the last s with segment_blocks[s] ≤ b
//
// Cost: one scan over the segments and one binary search per block; 16 bytes per segment and 8 per block.
// Determinism: integers, D3. Limits: none beyond memory. Temporary memory comes from the stream's pool.
#pragma once

#include "sigmahat/kernels/common.hpp"
#include "sigmahat/kernels/launch.hpp"

namespace sigmahat {

/// Fills segment_blocks[0 … segments] and block_segment[0 … blocks−1] from segment_rows[0 … segments]; `blocks` is the
/// sum of ⌈rows/256⌉, which the caller knows. All pointers are device memory.
LaunchStatus launch_block_list(DeviceStream stream, Index segments, Index blocks, const Index* segment_rows,
                               Index* segment_blocks, Index* block_segment);

}  // namespace sigmahat
