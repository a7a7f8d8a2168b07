// Problems by size, by Thrust. Header: sigmahat/kernels/least_squares_buckets_launch.hpp.
#include "sigmahat/kernels/least_squares_buckets_launch.hpp"

#include "device/least_squares_buckets.cuh"
#include "device/thrust_policy.cuh"

namespace sigmahat {

LaunchStatus launch_least_squares_buckets(DeviceStream stream, Index problems, const Index* first_rows,
                                          std::uint8_t* buckets, Index* order) {
  return device::run_thrust(
      stream, [&](const auto& policy) { device::fill_buckets(policy, problems, first_rows, buckets, order); });
}

}  // namespace sigmahat
