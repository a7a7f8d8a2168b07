// Stands in for kernels/least_squares_buckets.cu, whose Thrust needs nvcc: the formulas of its header, as one thread's
// loops.
#include "sigmahat/kernels/least_squares_buckets_launch.hpp"

#include "device/portable.cuh"

namespace sigmahat {
namespace {

SIGMAHAT_KERNEL(1)
least_squares_buckets(Index problems, const Index* first_rows, std::uint8_t* buckets, Index* order) {
  constexpr Index kLast = kCanonicalBlock / kBucketRows + 1;
  for (Index b = 0; b < problems; ++b) {
    const Index rows = first_rows[b + 1] - first_rows[b];
    const Index bucket = rows > kCanonicalBlock ? kLast : (rows + kBucketRows - 1) / kBucketRows;
    buckets[b] = static_cast<std::uint8_t>(bucket);
  }
  Index place = 0;
  for (Index bucket = 0; bucket <= kLast; ++bucket) {
    for (Index b = 0; b < problems; ++b) {
      if (buckets[b] == bucket) order[place++] = b;
    }
  }
}

}  // namespace

LaunchStatus launch_least_squares_buckets(DeviceStream stream, Index problems, const Index* first_rows,
                                          std::uint8_t* buckets, Index* order) {
  return device::launch(least_squares_buckets, {1}, 1, 0, stream, problems, first_rows, buckets, order);
}

}  // namespace sigmahat
