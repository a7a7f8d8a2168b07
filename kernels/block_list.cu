// Block lists by Thrust. Header: sigmahat/kernels/block_list_launch.hpp.
#include "sigmahat/kernels/block_list_launch.hpp"

#include "device/block_list.cuh"
#include "device/thrust_policy.cuh"

namespace sigmahat {

LaunchStatus launch_block_list(DeviceStream stream, Index segments, Index blocks, const Index* segment_rows,
                               Index* segment_blocks, Index* block_segment) {
  return device::run_thrust(stream, [&](const auto& policy) {
    device::fill_block_list(policy, segments, blocks, segment_rows, segment_blocks, block_segment);
  });
}

}  // namespace sigmahat
