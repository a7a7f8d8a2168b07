// The block list by Thrust's algorithms, for any of its systems: on a GPU in kernels/block_list.cu, on the CPU in
// tests/kernels/block_list_test.cpp.
#pragma once

#include <thrust/binary_search.h>
#include <thrust/iterator/counting_iterator.h>
#include <thrust/iterator/transform_iterator.h>
#include <thrust/scan.h>
#include <thrust/transform.h>

#include "sigmahat/kernels/common.hpp"
#include "steps/team.hpp"

namespace sigmahat::device {

/// Blocks of segment s; 0 behind the last one, so that the scan ends with the total.
struct BlocksOfSegment {
  const Index* segment_rows;
  Index segments;
  SIGMAHAT_STEP Index operator()(Index s) const {
    return s == segments ? 0 : (segment_rows[s + 1] - segment_rows[s] + kCanonicalBlock - 1) / kCanonicalBlock;
  }
};

struct Predecessor {
  SIGMAHAT_STEP Index operator()(Index place) const { return place - 1; }
};

/// Formulas: sigmahat/kernels/block_list_launch.hpp.
template <class Policy>
void fill_block_list(const Policy& policy, Index segments, Index blocks, const Index* segment_rows,
                     Index* segment_blocks, Index* block_segment) {
  const thrust::counting_iterator<Index> first(0);
  const auto counts = thrust::make_transform_iterator(first, BlocksOfSegment{segment_rows, segments});
  thrust::exclusive_scan(policy, counts, counts + (segments + 1), segment_blocks);
  thrust::upper_bound(policy, segment_blocks, segment_blocks + segments + 1, first, first + blocks, block_segment);
  thrust::transform(policy, block_segment, block_segment + blocks, block_segment, Predecessor{});
}

}  // namespace sigmahat::device
