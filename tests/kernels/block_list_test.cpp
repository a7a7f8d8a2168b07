// kernels/device/block_list.cuh, the one algorithm that Thrust runs, on Thrust's CPU system: the emulator has no Thrust.
#include "device/block_list.cuh"

#include <gtest/gtest.h>
#include <thrust/system/cpp/execution_policy.h>

#include <vector>

namespace sigmahat::test {
namespace {

void expect_list(const std::vector<Index>& rows_of_segments) {
  std::vector<Index> segment_rows{0}, segment_blocks{0}, block_segment;
  for (std::size_t s = 0; s < rows_of_segments.size(); ++s) {
    segment_rows.push_back(segment_rows.back() + rows_of_segments[s]);
    const Index blocks = (rows_of_segments[s] + kCanonicalBlock - 1) / kCanonicalBlock;
    segment_blocks.push_back(segment_blocks.back() + blocks);
    block_segment.insert(block_segment.end(), static_cast<std::size_t>(blocks), static_cast<Index>(s));
  }
  std::vector<Index> actual_blocks(segment_blocks.size(), -1), actual_segment(block_segment.size(), -1);
  device::fill_block_list(thrust::cpp::par, std::ssize(rows_of_segments), std::ssize(block_segment),
                          segment_rows.data(), actual_blocks.data(), actual_segment.data());
  EXPECT_EQ(actual_blocks, segment_blocks);
  EXPECT_EQ(actual_segment, block_segment);
}

TEST(BlockList, CutsSegmentsOfAnySizeIntoBlocks) {
  expect_list({});
  expect_list({0});
  expect_list({1});
  expect_list({256});
  expect_list({257});
  expect_list({0, 0, 1, 31, 32, 33, 0, 257, 5000, 0});
  expect_list(std::vector<Index>(1000, 3));
}

}  // namespace
}  // namespace sigmahat::test
