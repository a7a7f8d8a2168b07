// Problems put in order of their size, so that the 32 problems of a warp (kernels/least_squares_lanes.cu) are of like size
// and none waits long for another.
//
//   bucket of a problem = ⌈rows/8⌉, and 33 for all of more than 256 rows;  order = problems by bucket, within a bucket in
//   their own order
//
// So the problems of at most 256 rows come first; how many they are, the caller knows.
// Cost: one radix sort of 8-bit keys: 9 bytes per problem, read and written once.
// Determinism: integers, D3. Limits: none beyond memory. Temporary memory comes from the stream's pool.
#pragma once

#include "sigmahat/kernels/common.hpp"
#include "sigmahat/kernels/launch.hpp"

namespace sigmahat {

/// Rows of one step of the buckets.
inline constexpr Index kBucketRows = 8;

/// Fills order[0 … problems−1]; problem b has the rows first_rows[b] … first_rows[b + 1] − 1. All pointers are device
/// memory; `buckets` is scratch for `problems` bytes.
LaunchStatus launch_least_squares_buckets(DeviceStream stream, Index problems, const Index* first_rows,
                                          std::uint8_t* buckets, Index* order);

}  // namespace sigmahat
