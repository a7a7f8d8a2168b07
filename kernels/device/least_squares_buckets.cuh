// Problems by size with Thrust's algorithms, for any of its systems: on a GPU in kernels/least_squares_buckets.cu, on the
// CPU in tests/kernels/block_list_test.cpp.
#pragma once

#include <thrust/iterator/counting_iterator.h>
#include <thrust/sequence.h>
#include <thrust/sort.h>
#include <thrust/transform.h>

#include <cstdint>

#include "sigmahat/kernels/least_squares_buckets_launch.hpp"
#include "steps/team.hpp"

namespace sigmahat::device {

struct BucketOfProblem {
  const Index* first_rows;
  SIGMAHAT_STEP std::uint8_t operator()(Index problem) const {
    const Index rows = first_rows[problem + 1] - first_rows[problem];
    const Index bucket = (rows + kBucketRows - 1) / kBucketRows, last = kCanonicalBlock / kBucketRows + 1;
    return static_cast<std::uint8_t>(bucket < last ? bucket : last);
  }
};

/// Formulas: sigmahat/kernels/least_squares_buckets_launch.hpp.
template <class Policy>
void fill_buckets(const Policy& policy, Index problems, const Index* first_rows, std::uint8_t* buckets, Index* order) {
  const thrust::counting_iterator<Index> first(0);
  thrust::transform(policy, first, first + problems, buckets, BucketOfProblem{first_rows});
  thrust::sequence(policy, order, order + problems);
  thrust::stable_sort_by_key(policy, buckets, buckets + problems, order);
}

}  // namespace sigmahat::device
