// Columns without variation have a variance of exactly zero, whatever the weights; real variation is kept.
#include <gmock/gmock.h>

#include <limits>

#include "sigmahat/gaussian_fit.hpp"
#include "support/compare.hpp"
#include "support/devices.hpp"
#include "support/random.hpp"

namespace sigmahat {
namespace {

class ConstantColumnsTest : public test::DeviceTest {};
SIGMAHAT_ON_EVERY_DEVICE(ConstantColumnsTest);

TEST_P(ConstantColumnsTest, FractionalWeightsLeaveNothing) {
  constexpr Index n = 700, p = 3;
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    test::Random random(seed);
    std::vector<double> data = random.rows(n, p, 5, 1), weights(n);
    const double constant = random.normal() * std::pow(10.0, static_cast<double>(random.below(13)) - 6);
    for (double& weight : weights) weight = random.uniform();
    for (Index i = 0; i < n; ++i) data[i * p + 1] = constant;
    const RowsView rows = RowsView::row_major(data.data(), n, p).weighted(weights.data());
    const Moments moments = compute_moments(context(), rows);
    SCOPED_TRACE("seed " + std::to_string(seed));
    for (Index j = 0; j < p; ++j) {
      EXPECT_EQ(moments.scatter(1, j), 0);
      EXPECT_EQ(moments.scatter(j, 1), 0);
    }
    EXPECT_GT(moments.scatter(0, 0), 0);
    const GaussianFit fit = fit_gaussian(context(), moments);
    EXPECT_EQ(fit.status, ProblemStatus::rank_deficient);
    EXPECT_EQ(fit.rank, p - 1);
    EXPECT_EQ(fit.covariance(1, 1), 0);
  }
}

TEST_P(ConstantColumnsTest, GroupsUnionsAndLargeDimensionsToo) {
  constexpr Index n = 900, p = 70;
  test::Random random(77);
  std::vector<double> data = random.rows(n, p, 5, 1), weights(n);
  for (double& weight : weights) weight = random.uniform();
  for (Index i = 0; i < n; ++i) data[i * p + 69] = 0.1;
  const RowsView rows = RowsView::row_major(data.data(), n, p).weighted(weights.data());
  const std::vector<Index> offsets{0, 400, n};
  const MomentsBatch groups = compute_grouped_moments(context(), rows, offsets);
  for (const Moments& moments : {groups[0], groups[1], merge(groups[0], groups[1]), compute_moments(context(), rows)}) {
    EXPECT_EQ(moments.scatter(69, 69), 0);
    EXPECT_EQ(moments.scatter(3, 69), 0);
    EXPECT_GT(moments.scatter(68, 68), 0);
  }
}

TEST_P(ConstantColumnsTest, OneRowThatIsOneUnitInTheLastPlaceOffIsSeen) {
  for (const Index n : {2, 1000, 100000}) {
    for (const double value : {1.0, 1.999999, -1e9 / 3, 1e-200, 1e150}) {
      std::vector<double> data(n, value);
      data[n / 3] = std::nextafter(value, std::numeric_limits<double>::infinity());
      const double unit = data[n / 3] - value;
      const Moments moments = compute_moments(context(), RowsView::row_major(data.data(), n, 1));
      const double share = 1 / static_cast<double>(n);
      const double expected = unit * unit * (1 - share);
      if (expected == 0) {  // underflow
        EXPECT_EQ(moments.scatter(0, 0), 0);
      } else {
        EXPECT_TRUE(test::within(moments.scatter(0, 0), expected, 1e-2 * expected)) << n << " rows of " << value;
      }
    }
  }
}

TEST_P(ConstantColumnsTest, OverflowIsNotTakenForAConstant) {
  const std::vector<double> data{1e308, -1e308, 1e308, 1e308};
  EXPECT_FALSE(compute_moments(context(), RowsView::row_major(data.data(), 4, 1)).finite());
  // The square of the bound would overflow here; the scatter does not.
  const std::vector<double> large{1e153, 2e153, 3e153};
  EXPECT_GT(compute_moments(context(), RowsView::row_major(large.data(), 3, 1)).scatter(0, 0), 0);
}

}  // namespace
}  // namespace sigmahat
