// kernels/device/block_list.cuh and least_squares_buckets.cuh, the algorithms that Thrust runs, on Thrust's CPU system: the
// emulator has no Thrust.
#include "device/block_list.cuh"

#include <gtest/gtest.h>
#include <thrust/system/cpp/execution_policy.h>

#include <algorithm>
#include <numeric>
#include <vector>

#include "device/least_squares_buckets.cuh"

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

void expect_buckets(const std::vector<Index>& rows_of_problems) {
  std::vector<Index> first_rows{0}, expected(rows_of_problems.size());
  for (const Index rows : rows_of_problems) first_rows.push_back(first_rows.back() + rows);
  std::iota(expected.begin(), expected.end(), Index{0});
  const auto bucket = [&](Index problem) {
    const Index rows = rows_of_problems[static_cast<std::size_t>(problem)];
    return rows > 256 ? 1000 : (rows + 7) / 8;
  };
  std::stable_sort(expected.begin(), expected.end(), [&](Index a, Index b) { return bucket(a) < bucket(b); });
  std::vector<std::uint8_t> buckets(expected.size());
  std::vector<Index> order(expected.size(), -1);
  device::fill_buckets(thrust::cpp::par, std::ssize(rows_of_problems), first_rows.data(), buckets.data(), order.data());
  EXPECT_EQ(order, expected);
}

TEST(LeastSquaresBuckets, SortProblemsBySizeAndKeepTheirOrder) {
  expect_buckets({});
  expect_buckets({0});
  expect_buckets({300, 8, 0, 9, 256, 257, 7, 1, 16, 0, 5000, 255, 1 << 30});
  std::vector<Index> rows;
  for (Index b = 0; b < 3000; ++b) rows.push_back(b * 7919 % 300);
  expect_buckets(rows);
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
