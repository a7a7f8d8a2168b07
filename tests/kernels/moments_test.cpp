// kernels/moments.cu against the definition in sigmahat/kernels/moments.hpp, bit by bit.
#include "sigmahat/kernels/moments_launch.hpp"

#include <cmath>

#include "defined_moments.hpp"
#include "moment_nodes.hpp"

namespace sigmahat::test {
namespace {

/// The kernels' result for all segments, from blocks to closed roots.
Nodes computed(const KernelTest& test, const TestRows& rows, const std::vector<Index>& offsets, bool drop) {
  const Index p = rows.view().columns;
  const RowsOnDevice rows_device(test.stream(), rows);
  const BlockListOnDevice list(test, offsets);
  const NodesOnDevice blocks(test, list.blocks, p), roots(test, list.segments, p);
  require_success(launch_moments_blocks(test.stream(), rows_device.get(), list.get(), p, drop, blocks.get()));
  require_success(launch_moments_tree(test.stream(), list.get(), p, blocks.get()));
  require_success(launch_moments_roots(test.stream(), list.get(), p, blocks.get(), roots.get(), 0));
  require_success(launch_moments_close(test.stream(), list.segments, p, roots.get()));
  return roots.fetched(test);
}

void expect_segment(const Nodes& actual, Index segment, Index p, Node expected) {
  if (expected.n == 0) {
    expected.m.assign(p, kCanonicalNaN);
    expected.c.assign(p, kCanonicalNaN);
    expected.scatter.assign(p * p, 0.0);
  }
  for (Index j = 0; j < p; ++j) {
    for (Index i = 0; i < j; ++i) expected.scatter[i + j * p] = expected.scatter[j + i * p];
  }
  const auto part = [&](const std::vector<double>& all, Index length) {
    return std::span(all).subspan(static_cast<std::size_t>(segment * length), static_cast<std::size_t>(length));
  };
  EXPECT_EQ(actual.counts[segment].rows, expected.counts.rows);
  EXPECT_EQ(actual.counts[segment].dropped, expected.counts.dropped);
  EXPECT_EQ(actual.counts[segment].not_finite, expected.counts.not_finite);
  EXPECT_TRUE(same_bits(actual.weight[segment], expected.n));
  if (expected.counts.not_finite != 0) return;  // NaNs of the arithmetic may have any sign
  EXPECT_TRUE(same_bits(part(actual.mean, p), expected.m)) << "mean";
  EXPECT_TRUE(same_bits(part(actual.residual, p), expected.c)) << "residual";
  EXPECT_TRUE(same_bits(part(actual.scatter, p * p), expected.scatter)) << "scatter";
}

class MomentsKernels : public KernelTest {};

TEST_P(MomentsKernels, OneDataSetHasTheDefinedBits) {
  for (const auto& [n, p] : small_shapes(257, {0, 1, 31, 32, 33, 600})) {
    for (const RowsCase& c : rows_cases(n, p, false)) {
      SCOPED_TRACE(describe(c));
      const TestRows rows(c);
      const Nodes actual = computed(*this, rows, {0, n}, false);
      expect_segment(actual, 0, p, defined_tree(rows.view(), 0, n, false));
    }
  }
}

TEST_P(MomentsKernels, DroppedRowsAreLeftOutAndCounted) {
  for (const auto& [n, p] : small_shapes(33, {1, 257, 600})) {
    for (const RowsCase& c : rows_cases(n, p, true)) {
      SCOPED_TRACE(describe(c));
      const TestRows rows(c);
      const Nodes actual = computed(*this, rows, {0, n}, true);
      const Node expected = defined_tree(rows.view(), 0, n, true);
      EXPECT_GT(expected.counts.dropped, 0);
      expect_segment(actual, 0, p, expected);
    }
  }
}

TEST_P(MomentsKernels, GroupsOfUnequalSizeAreIndependentDataSets) {
  const std::vector<Index> offsets{0, 0, 1, 32, 32, 289, 290, 1602, 1602};
  for (const Index p : {1, 4, 33}) {
    for (const RowsCase& c : rows_cases(offsets.back(), p, false)) {
      SCOPED_TRACE(describe(c));
      const TestRows rows(c);
      const Nodes actual = computed(*this, rows, offsets, true);
      for (Index g = 0; g + 1 < std::ssize(offsets); ++g) {
        SCOPED_TRACE("group " + std::to_string(g));
        expect_segment(actual, g, p, defined_tree(rows.view(), offsets[g], offsets[g + 1], true));
      }
    }
  }
}

TEST_P(MomentsKernels, ARowThatIsNotFiniteMarksItsGroupAlone) {
  RowsCase c{700, 5};
  c.holes = true;
  const TestRows rows(c);  // rows 0, 30 and 256
  const std::vector<Index> offsets{0, 1, 30, 31, 250, 300, 700};
  const Nodes actual = computed(*this, rows, offsets, false);
  for (Index g = 0; g + 1 < std::ssize(offsets); ++g) {
    SCOPED_TRACE("group " + std::to_string(g));
    EXPECT_EQ(actual.counts[g].not_finite, g == 0 || g == 2 || g == 4 ? 1 : 0);
    expect_segment(actual, g, 5, defined_tree(rows.view(), offsets[g], offsets[g + 1], false));
  }
}

TEST_P(MomentsKernels, NoRowsAndNoWeightGiveNaNMeans) {
  const TestRows none({0, 3});
  const Nodes actual = computed(*this, none, {0, 0}, false);
  expect_segment(actual, 0, 3, defined_tree(none.view(), 0, 0, false));

  const TestRows some({300, 3});
  const RowsOnDevice some_device(stream(), some);
  const std::vector<double> zeros(300, 0.0);
  const auto weights = put(zeros);
  DeviceRows weightless = some_device.get();
  weightless.weights = weights.get();
  const BlockListOnDevice list(*this, {0, 300});
  const NodesOnDevice nodes(*this, 2, 3);
  require_success(launch_moments_blocks(stream(), weightless, list.get(), 3, false, nodes.get()));
  require_success(launch_moments_tree(stream(), list.get(), 3, nodes.get()));
  require_success(launch_moments_close(stream(), 1, 3, nodes.get()));
  const Nodes closed = nodes.fetched(*this);
  expect_segment(closed, 0, 3, defined_block(some.view().weighted(zeros.data()), 0, 300, false));
  EXPECT_EQ(closed.counts[0].rows, 0);
}

TEST_P(MomentsKernels, MergingWithAnEmptyNodeGivesTheOther) {
  const Index p = 4;
  const TestRows rows({200, p});
  const Nodes before = computed(*this, rows, {0, 0, 200}, false);
  for (const bool into_the_empty_one : {true, false}) {
    SCOPED_TRACE(into_the_empty_one ? "into the empty one" : "the empty one into the other");
    const NodesOnDevice nodes(*this, before);
    const Index a = into_the_empty_one ? 0 : 1;
    require_success(launch_moments_merge(stream(), p, nodes.get(), a, 1 - a));
    const Nodes after = nodes.fetched(*this);
    EXPECT_TRUE(same_bits(after.weight[a], 200.0));
    EXPECT_EQ(after.counts[a].rows, 200);
    const auto part = [&](const std::vector<double>& all, Index node, Index length) {
      return std::span(all).subspan(static_cast<std::size_t>(node * length), static_cast<std::size_t>(length));
    };
    EXPECT_TRUE(same_bits(part(after.mean, a, p), part(before.mean, 1, p)));
    EXPECT_TRUE(same_bits(part(after.residual, a, p), part(before.residual, 1, p)));
    EXPECT_TRUE(same_bits(part(after.scatter, a, p * p), part(before.scatter, 1, p * p)));
  }
}

TEST_P(MomentsKernels, TheBlockListNamesTheSegmentOfEveryBlock) {
  for (const Index segments : {1, 31, 32, 33, 257}) {
    SCOPED_TRACE(std::to_string(segments) + " segments");
    std::vector<Index> offsets{0}, segment_blocks{0}, block_segment;
    for (Index s = 0; s < segments; ++s) {
      const Index blocks = s * 5 % 4;  // 0, 1, 2, 3 in turn
      offsets.push_back(offsets.back() + (s % 2 == 0 ? blocks * kCanonicalBlock : (blocks - 1) * kCanonicalBlock + 1));
      segment_blocks.push_back(segment_blocks.back() + blocks);
      block_segment.insert(block_segment.end(), blocks, s);
    }
    const BlockListOnDevice list(*this, offsets);
    EXPECT_EQ(fetch(list.segment_blocks), segment_blocks);
    EXPECT_EQ(fetch(list.block_segment), block_segment);
  }
}

SIGMAHAT_ON_DEVICE(MomentsKernels);

}  // namespace
}  // namespace sigmahat::test
