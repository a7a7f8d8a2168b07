// kernels/moments.cu against the definition in sigmahat/kernels/moments.hpp, bit by bit.
#include "sigmahat/kernels/moments_launch.hpp"

#include <cmath>

#include "sigmahat/kernels/block_list_launch.hpp"
#include "support.hpp"

namespace sigmahat::test {
namespace {

/// A node as the definition describes it; the lower triangle of the scatter counts.
struct Node {
  double n = 0;
  std::vector<double> m, c, scatter;
  MomentCounts counts;
};

Node defined_block(const RowsView& rows, Index first, Index last, bool drop) {
  const Index p = rows.columns;
  std::vector<Index> kept;
  Node node{0, std::vector<double>(p), std::vector<double>(p), std::vector<double>(p * p), {}};
  for (Index i = first; i < last; ++i) {
    bool finite = std::isfinite(rows.weight(i));
    for (Index j = 0; j < p; ++j) finite = finite && std::isfinite(rows.at(i, j));
    if (drop && !finite) {
      ++node.counts.dropped;
      continue;
    }
    kept.push_back(i);
    node.n += rows.weight(i);
    if (rows.weight(i) > 0) ++node.counts.rows;
  }
  if (node.n == 0) return node;
  for (Index j = 0; j < p; ++j) {
    double s = 0, t = 0;
    for (const Index i : kept) s = std::fma(rows.weight(i), rows.at(i, j), s);
    node.m[j] = s / node.n;
    if (!std::isfinite(node.m[j])) node.counts.not_finite = 1;
    for (const Index i : kept) t = std::fma(rows.weight(i), rows.at(i, j) - node.m[j], t);
    node.c[j] = t / node.n;
  }
  for (Index j = 0; j < p; ++j) {
    for (Index i = j; i < p; ++i) {
      double sum = 0;
      for (const Index k : kept) {
        sum = std::fma(rows.weight(k) * (rows.at(k, i) - node.m[i]), rows.at(k, j) - node.m[j], sum);
      }
      node.scatter[i + j * p] = std::fma(-(node.n * node.c[i]), node.c[j], sum);
    }
  }
  return node;
}

Node defined_merge(Index p, Node a, const Node& b) {
  const MomentCounts counts{a.counts.rows + b.counts.rows, a.counts.dropped + b.counts.dropped,
                            a.counts.not_finite | b.counts.not_finite};
  if (a.n == 0)
    a = b;
  else if (b.n != 0) {
    const double n = a.n + b.n, share = b.n / n, f = a.n * share;
    std::vector<double> d(p);
    for (Index j = 0; j < p; ++j) d[j] = (b.m[j] - a.m[j]) + (b.c[j] - a.c[j]);
    for (Index j = 0; j < p; ++j) {
      for (Index i = j; i < p; ++i) {
        a.scatter[i + j * p] = std::fma(f * d[i], d[j], a.scatter[i + j * p] + b.scatter[i + j * p]);
      }
      const double t = std::fma(d[j], share, a.c[j]), sum = a.m[j] + t, shadow = sum - a.m[j];
      a.c[j] = (a.m[j] - (sum - shadow)) + (t - shadow);
      a.m[j] = sum;
    }
    a.n = n;
  }
  a.counts = counts;
  return a;
}

/// Rows first … last−1 as one data set: node over 2^level blocks from block `place`.
Node defined_tree(const RowsView& rows, Index first, Index last, bool drop) {
  const Index blocks = (last - first + kCanonicalBlock - 1) / kCanonicalBlock;
  if (blocks <= 1) return defined_block(rows, first, last, drop);
  Index left = 1;
  while (2 * left < blocks) left *= 2;
  const Index middle = first + left * kCanonicalBlock;
  return defined_merge(rows.columns, defined_tree(rows, first, middle, drop), defined_tree(rows, middle, last, drop));
}

/// The kernels' result for all segments, from blocks to closed roots.
struct Computed {
  std::vector<double> weight, mean, residual, scatter;
  std::vector<MomentCounts> counts;

  Computed(Index count, Index p)
      : weight(count, kNaN),
        mean(count * p, kNaN),
        residual(count * p, kNaN),
        scatter(count * p * p, kNaN),
        counts(count) {}
  MomentNodes nodes() { return {weight.data(), mean.data(), residual.data(), scatter.data(), counts.data()}; }
};

Computed computed(const TestRows& rows, const std::vector<Index>& offsets, bool drop) {
  const Index p = rows.view().columns;
  BlockList list;
  list.segments = std::ssize(offsets) - 1;
  for (Index s = 0; s < list.segments; ++s) {
    const Index blocks = (offsets[s + 1] - offsets[s] + kCanonicalBlock - 1) / kCanonicalBlock;
    list.blocks += blocks;
    list.longest = std::max(list.longest, blocks);
  }
  std::vector<Index> segment_blocks(list.segments + 1), block_segment(list.blocks);
  EXPECT_TRUE(launch_block_list(nullptr, list.segments, list.blocks, offsets.data(), segment_blocks.data(),
                                block_segment.data())
                  .ok());
  list.segment_rows = offsets.data();
  list.segment_blocks = segment_blocks.data();
  list.block_segment = block_segment.data();
  Computed blocks(list.blocks, p), roots(list.segments, p);
  EXPECT_TRUE(launch_moments_blocks(nullptr, rows.on_device(), list, p, drop, blocks.nodes()).ok());
  EXPECT_TRUE(launch_moments_tree(nullptr, list, p, blocks.nodes()).ok());
  EXPECT_TRUE(launch_moments_roots(nullptr, list, p, blocks.nodes(), roots.nodes(), 0).ok());
  EXPECT_TRUE(launch_moments_close(nullptr, list.segments, p, roots.nodes()).ok());
  return roots;
}

void expect_segment(Computed& actual, Index segment, Index p, Node expected) {
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

class MomentsKernels : public EmulatedTest {};

TEST_P(MomentsKernels, OneDataSetHasTheDefinedBits) {
  for (const Index p : kDimensions) {
    for (const Index n : {1, 31, 32, 33, 257, 1000}) {
      for (const RowsCase& c : rows_cases(n, p, false)) {
        SCOPED_TRACE(describe(c));
        const TestRows rows(c);
        Computed actual = computed(rows, {0, n}, false);
        expect_segment(actual, 0, p, defined_tree(rows.view(), 0, n, false));
      }
    }
  }
}

TEST_P(MomentsKernels, DroppedRowsAreLeftOutAndCounted) {
  for (const Index p : kDimensions) {
    for (const Index n : {1, 33, 600}) {
      for (const RowsCase& c : rows_cases(n, p, true)) {
        SCOPED_TRACE(describe(c));
        const TestRows rows(c);
        Computed actual = computed(rows, {0, n}, true);
        const Node expected = defined_tree(rows.view(), 0, n, true);
        EXPECT_GT(expected.counts.dropped, 0);
        expect_segment(actual, 0, p, expected);
      }
    }
  }
}

TEST_P(MomentsKernels, GroupsOfUnequalSizeAreIndependentDataSets) {
  const std::vector<Index> offsets{0, 0, 1, 32, 32, 289, 290, 1602, 1602};
  for (const Index p : {1, 4, 33}) {
    for (const RowsCase& c : rows_cases(offsets.back(), p, false)) {
      SCOPED_TRACE(describe(c));
      const TestRows rows(c);
      Computed actual = computed(rows, offsets, true);
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
  Computed actual = computed(rows, offsets, false);
  for (Index g = 0; g + 1 < std::ssize(offsets); ++g) {
    SCOPED_TRACE("group " + std::to_string(g));
    EXPECT_EQ(actual.counts[g].not_finite, g == 0 || g == 2 || g == 4 ? 1 : 0);
    expect_segment(actual, g, 5, defined_tree(rows.view(), offsets[g], offsets[g + 1], false));
  }
}

TEST_P(MomentsKernels, NoRowsAndNoWeightGiveNaNMeans) {
  const TestRows none({0, 3});
  Computed actual = computed(none, {0, 0}, false);
  expect_segment(actual, 0, 3, defined_tree(none.view(), 0, 0, false));

  const TestRows some({300, 3});
  const std::vector<double> zeros(300, 0.0);
  DeviceRows weightless = some.on_device();
  weightless.weights = zeros.data();
  const std::vector<Index> offsets{0, 300}, segment_blocks{0, 2}, block_segment{0, 0};
  const BlockList list{1, 2, 2, offsets.data(), segment_blocks.data(), block_segment.data()};
  Computed nodes(2, 3);
  EXPECT_TRUE(launch_moments_blocks(nullptr, weightless, list, 3, false, nodes.nodes()).ok());
  EXPECT_TRUE(launch_moments_tree(nullptr, list, 3, nodes.nodes()).ok());
  EXPECT_TRUE(launch_moments_close(nullptr, 1, 3, nodes.nodes()).ok());
  expect_segment(nodes, 0, 3, defined_block(some.view().weighted(zeros.data()), 0, 300, false));
  EXPECT_EQ(nodes.counts[0].rows, 0);
}

TEST_P(MomentsKernels, MergingANodeIntoTheEmptyOneCopiesIt) {
  const TestRows rows({200, 4});
  Computed nodes = computed(rows, {0, 0, 200}, false);
  EXPECT_TRUE(launch_moments_merge(nullptr, 4, nodes.nodes(), 0, 1).ok());
  EXPECT_TRUE(same_bits(nodes.weight[0], 200.0));
  EXPECT_EQ(nodes.counts[0].rows, 200);
  const std::span<const double> mean(nodes.mean), scatter(nodes.scatter);
  EXPECT_TRUE(same_bits(mean.first(4), mean.last(4)));
  EXPECT_TRUE(same_bits(scatter.first(16), scatter.last(16)));
}

SIGMAHAT_BOTH_ORDERS(MomentsKernels);

}  // namespace
}  // namespace sigmahat::test
