// Moments of rows that arrive in pieces, and the merging of moments.
#include <gmock/gmock.h>

#include <limits>

#include "sigmahat/moments.hpp"
#include "support/compare_moments.hpp"
#include "support/devices.hpp"
#include "support/random.hpp"

namespace sigmahat {
namespace {

using test::at_most;
using test::expect_same;
using test::Tolerances;
using ::testing::HasSubstr;

class MomentsAccumulatorTest : public test::DeviceTest {};
SIGMAHAT_ON_EVERY_DEVICE(MomentsAccumulatorTest);

TEST_P(MomentsAccumulatorTest, PiecesOfAnySizeGiveTheBitsOfOnePass) {
  const Index n = 2500;
  for (const Index p : {3, 70}) {
    test::Random random(23);
    std::vector<double> data = random.rows(n, p, 20, 5);
    data[1234 * p + 1] = std::numeric_limits<double>::quiet_NaN();
    std::vector<double> weights(n);
    for (double& weight : weights) weight = random.uniform();
    const MomentsOptions drop{MissingRows::drop};
    for (const bool weighted : {false, true}) {
      RowsView rows = RowsView::row_major(data.data(), n, p);
      if (weighted) rows = rows.weighted(weights.data());
      const Moments whole = compute_moments(context(), rows, drop);
      EXPECT_EQ(whole.dropped, 1);
      for (const Index piece : {1, 7, 255, 256, 257, 512, 1000, 2500}) {
        SCOPED_TRACE("p = " + std::to_string(p) + ", pieces of " + std::to_string(piece));
        MomentsAccumulator accumulator(context(), p, drop);
        for (Index first = 0; first < n; first += piece) {
          accumulator.add(rows.slice(first, std::min(piece, n - first)));
        }
        EXPECT_EQ(accumulator.rows_added(), n);
        expect_same(accumulator.finish(), whole, same_bits_promised(p));
      }
    }
  }
}

TEST_P(MomentsAccumulatorTest, PiecesOfMixedLayoutsAndRandomSizes) {
  const Index n = 3000, p = 4;
  test::Random random(29);
  std::vector<double> data = random.rows(n, p, 20, 5);
  for (double& value : data) value = static_cast<float>(value);
  std::vector<double> columns(n * p);
  std::vector<float> single(n * p);
  for (Index i = 0; i < n; ++i) {
    for (Index j = 0; j < p; ++j) {
      columns[i + j * n] = data[i * p + j];
      single[i * p + j] = static_cast<float>(data[i * p + j]);
    }
  }
  const RowsView views[] = {RowsView::row_major(data.data(), n, p), RowsView::column_major(columns.data(), n, p),
                            RowsView::row_major(single.data(), n, p)};
  const Moments whole = compute_moments(context(), views[0]);
  for (int repeat = 0; repeat < 5; ++repeat) {
    MomentsAccumulator accumulator(context(), p);
    for (Index first = 0; first < n;) {
      const Index count = std::min(n - first, random.below(700));
      accumulator.add(views[random.below(3)].slice(first, count));
      first += count;
    }
    expect_same(accumulator.finish(), whole, same_bits_promised(p));
  }
}

TEST_P(MomentsAccumulatorTest, GuiltyRowsAreCountedFromTheFirstRowEverAdded) {
  const Index p = 2;
  std::vector<double> data = test::Random(1).rows(1000, p);
  data[900 * p] = std::numeric_limits<double>::infinity();
  const RowsView rows = RowsView::row_major(data.data(), 1000, p);
  for (const Index piece : {100, 300, 950}) {
    MomentsAccumulator accumulator(context(), p);
    try {
      for (Index first = 0; first < 1000; first += piece) {
        accumulator.add(rows.slice(first, std::min(piece, 1000 - first)));
      }
      accumulator.finish();
      FAIL() << "an infinity was taken";
    } catch (const NonFiniteRow& error) {
      EXPECT_EQ(error.row(), 900);
      EXPECT_EQ(error.column(), 0);
    }
  }
}

TEST_P(MomentsAccumulatorTest, MisuseIsRefused) {
  const std::vector<double> data(20, 1.0), weights(10, 1.0), zero(10, 0.0);
  const RowsView rows = RowsView::row_major(data.data(), 10, 2);
  EXPECT_THROW(MomentsAccumulator(context(), 0), InvalidArgument);
  MomentsAccumulator accumulator(context(), 2);
  EXPECT_THROW(accumulator.add(RowsView::row_major(data.data(), 5, 4)), InvalidArgument);
  accumulator.add(rows);
  EXPECT_THROW(accumulator.add(rows.weighted(weights.data())), InvalidArgument);
  accumulator.add(rows);  // the refused pieces have left no trace
  EXPECT_EQ(accumulator.finish().rows, 20);
  EXPECT_THROW(accumulator.finish(), InvalidArgument);
  EXPECT_THROW(accumulator.add(rows), InvalidArgument);

  MomentsAccumulator weightless(context(), 2);
  weightless.add(rows.weighted(zero.data()));
  EXPECT_THROW(weightless.finish(), DataError);
}

TEST_P(MomentsAccumulatorTest, MergedMomentsAgreeWithOnePass) {
  const Index n = 5000, p = 6;
  const std::vector<double> data = test::Random(31).rows(n, p, 1e3, 1e8);
  const RowsView rows = RowsView::row_major(data.data(), n, p);
  const Moments whole = compute_moments(context(), rows);
  for (const Index cut : {0, 1, 1000, 2048, 4999, 5000}) {
    const Moments merged =
        merge(compute_moments(context(), rows.slice(0, cut)), compute_moments(context(), rows.slice(cut, n - cut)));
    SCOPED_TRACE("cut at " + std::to_string(cut));
    EXPECT_EQ(merged.rows, n);
    EXPECT_EQ(merged.weight, static_cast<double>(n));
    EXPECT_TRUE(at_most(test::relative_error(merged.mean, whole.mean), Tolerances<double>::chain(1)));
    EXPECT_TRUE(at_most(test::relative_error(merged.scatter, whole.scatter), 2 * Tolerances<double>::scatter(n)));
    EXPECT_EQ(merged.scatter(1, 4), merged.scatter(4, 1));
  }
  EXPECT_THROW(merge(whole, Moments{}), InvalidArgument);
}

}  // namespace
}  // namespace sigmahat
