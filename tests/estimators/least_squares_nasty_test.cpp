// Data that ask for care: strong ridges, weights of 0 and of any size, ranks at the tolerance, responses without variation.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>

#include "support/compare.hpp"
#include "support/devices.hpp"
#include "support/exact_least_squares.hpp"
#include "support/regression_data.hpp"

namespace sigmahat {
namespace {

using test::at_most;
using test::Regressions;
using test::relative_error;
using test::within;
using ::testing::Each;

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

class LeastSquaresNasty : public test::DeviceTest {};

LeastSquaresOptions inferring(bool intercept, StandardErrors kind = StandardErrors::classical) {
  LeastSquaresOptions options;
  options.intercept = intercept;
  options.standard_errors = kind;
  options.outputs.goodness = options.outputs.p = true;
  return options;
}

TEST_P(LeastSquaresNasty, ARidgeOfAnyStrengthIsExact) {
  for (const double ridge : {1e-3, 1.0, 1e4, 1e8, 1e16}) {
    for (const double unit : {1.0, 1e6}) {
      Regressions data(41, 1, 40, 2);
      for (Index i = 0; i < data.rows; ++i) {
        data.row_of(0, i)[0] *= unit;
        data.row_of(0, i)[1] /= unit;
      }
      for (const auto route : {LeastSquaresRoute::automatic, LeastSquaresRoute::cholesky, LeastSquaresRoute::qr}) {
        LeastSquaresOptions options = inferring(true);
        options.ridge = ridge;
        options.route = route;
        const auto fit = fit_least_squares(context(), data.batch(), options);
        const auto exact = test::solve_exactly(test::ExactProblem::of(data.x_of(0), data.y_of(0), true, {}, ridge));
        const auto expected = exact.rounded_coefficients(), errors = exact.standard_errors();
        EXPECT_EQ(fit.status[0], ProblemStatus::ok) << ridge << " " << unit;
        for (std::size_t j = 0; j < 3; ++j) {
          EXPECT_TRUE(within(fit.coefficients[j] / expected[j], 1, 1e-12)) << j << " " << ridge << " " << unit;
          EXPECT_TRUE(within(fit.standard_errors[j] / errors[j], 1, 1e-12)) << j << " " << ridge << " " << unit;
        }
        EXPECT_TRUE(within(fit.residual_dof[0], test::rounded(exact.dof), 1e-12));
      }
    }
  }
}

TEST_P(LeastSquaresNasty, RefinedCoefficientsAreTheExactOnesRounded) {
  // Residuals and gradient in twice the precision: what is left is the rounding of β itself, one unit in the last place,
  // where κ is from 16, the least that is refined, to 2²¹, the most.
  for (const double distance : {0x1p-8, 0x1p-12, 0x1p-16, 0x1p-19}) {
    Regressions data(63, 1, 300, 3, 1);
    for (Index i = 0; i < data.rows; ++i) {
      double* const row = data.row_of(0, i);
      row[2] = row[0] + distance * row[2];
    }
    for (const bool intercept : {false, true}) {
      const auto batch = data.batch().weighted(data.weights.data());
      const auto fit = fit_least_squares(context(), batch, inferring(intercept));
      ASSERT_GT(fit.condition[0], kRefineCondition);
      ASSERT_LT(fit.condition[0], 0x1p21);
      const auto exact =
          test::solve_exactly(test::ExactProblem::of(data.x_of(0), data.y_of(0), intercept, data.weights_of(0)));
      const auto expected = exact.rounded_coefficients();
      ASSERT_EQ(fit.coefficients.size(), expected.size());
      for (std::size_t j = 0; j < expected.size(); ++j) {
        EXPECT_TRUE(within(fit.coefficients[j] / expected[j], 1, 0x1p-51)) << j << " " << distance;
      }
    }
  }
}

TEST_P(LeastSquaresNasty, NoDegreesOfFreedomAreNoneUnderARidge) {
  const Regressions data(43, 1, 1, 3);
  for (const double ridge : {1e-3, 0.1, 0.7}) {
    LeastSquaresOptions options = inferring(true);
    options.ridge = ridge;
    const auto fit = fit_least_squares(context(), data.batch(), options);
    EXPECT_EQ(fit.residual_dof[0], 0);
    for (const double error : fit.standard_errors) EXPECT_TRUE(std::isnan(error));
  }
}

/// √(Σ ω v²) with v = (XᵀX)⁻¹x by Gauss elimination, no intercept.
std::vector<double> hc0_errors(const Regressions& data, const std::vector<double>& beta) {
  const Index k = data.columns;
  std::vector<double> sums(static_cast<std::size_t>(k), 0.0);
  for (Index i = 0; i < data.rows; ++i) {
    std::vector<double> a(static_cast<std::size_t>(k * (k + 1)), 0.0);
    for (Index r = 0; r < data.rows; ++r) {
      const double* const x = data.x.data() + r * k;
      for (Index p = 0; p < k; ++p) {
        for (Index q = 0; q < k; ++q) a[p * (k + 1) + q] += x[p] * x[q];
      }
    }
    const double* const x = data.x.data() + i * k;
    double e = data.y[i];
    for (Index p = 0; p < k; ++p) {
      a[p * (k + 1) + k] = x[p];
      e -= beta[p] * x[p];
    }
    for (Index c = 0; c < k; ++c) {
      for (Index p = 0; p < k; ++p) {
        if (p == c) continue;
        const double factor = a[p * (k + 1) + c] / a[c * (k + 1) + c];
        for (Index q = c; q <= k; ++q) a[p * (k + 1) + q] -= factor * a[c * (k + 1) + q];
      }
    }
    for (Index p = 0; p < k; ++p) {
      const double v = a[p * (k + 1) + k] / a[p * (k + 1) + p];
      sums[p] += v * e * v * e;
    }
  }
  for (double& sum : sums) sum = std::sqrt(sum);
  return sums;
}

TEST_P(LeastSquaresNasty, RobustErrorsOfSeveralColumns) {
  const Regressions data(45, 1, 25, 4, 1);
  for (const auto route : {LeastSquaresRoute::automatic, LeastSquaresRoute::qr}) {
    LeastSquaresOptions options = inferring(false, StandardErrors::hc0);
    options.route = route;
    const auto fit = fit_least_squares(context(), data.batch(), options);
    EXPECT_TRUE(at_most(relative_error(fit.standard_errors, hc0_errors(data, fit.coefficients)), 1e-12));
  }
}

TEST_P(LeastSquaresNasty, RobustErrorsDoNotDependOnUnitsOrOnTheSizeOfWeights) {
  Regressions data(47, 1, 30, 2);
  for (const auto kind : {StandardErrors::hc0, StandardErrors::hc3}) {
    const auto plain = fit_least_squares(context(), data.batch(), inferring(true, kind));
    for (const double weight : {0x1p-800, 0x1p600}) {
      const std::vector<double> weights(30, weight);
      const auto fit = fit_least_squares(context(), data.batch().weighted(weights.data()), inferring(true, kind));
      EXPECT_TRUE(at_most(relative_error(fit.standard_errors, plain.standard_errors), 1e-13)) << weight;
    }
    Regressions scaled = data;
    for (Index i = 0; i < data.rows; ++i) scaled.row_of(0, i)[1] *= 0x1p560;
    const auto fit = fit_least_squares(context(), scaled.batch(), inferring(true, kind));
    EXPECT_TRUE(within(fit.standard_errors[2] * 0x1p560 / plain.standard_errors[2], 1, 1e-12));
  }
}

TEST_P(LeastSquaresNasty, RowsOfWeightZeroInABlockOfTheirOwnAreNotLookedAt) {
  Regressions data(49, 1, 600, 3, 1);
  for (Index i = 0; i < 256; ++i) data.weights[i] = 0;
  LeastSquaresOptions options = inferring(true);
  for (const auto route : {LeastSquaresRoute::automatic, LeastSquaresRoute::qr}) {
    for (const auto kind : {StandardErrors::classical, StandardErrors::hc2}) {
      options.route = route;
      options.standard_errors = kind;
      const auto clean = fit_least_squares(context(), data.batch().weighted(data.weights.data()), options);
      Regressions spoilt = data;
      spoilt.row_of(0, 7)[1] = kNaN;
      const auto fit = fit_least_squares(context(), spoilt.batch().weighted(data.weights.data()), options);
      EXPECT_EQ(fit.status, clean.status);
      EXPECT_EQ(fit.coefficients, clean.coefficients);
      EXPECT_EQ(fit.standard_errors, clean.standard_errors);
      EXPECT_EQ(fit.rss, clean.rss);
      std::vector<double> one_counts = data.weights;
      one_counts[9] = 1;
      EXPECT_EQ(fit_least_squares(context(), spoilt.batch().weighted(one_counts.data()), options).status[0],
                ProblemStatus::not_finite);
    }
  }
}

TEST_P(LeastSquaresNasty, ThreeColumnsAboveTheToleranceAndTwoBelow) {
  // What x1 leaves of x3 is `distance` of its length: 1e-9 counts by default, and not with R's tolerance.
  Regressions data(51, 1, 60, 3);
  for (Index i = 0; i < data.rows; ++i) data.row_of(0, i)[2] = data.row_of(0, i)[0] + 1e-9 * data.row_of(0, i)[2];
  for (const bool intercept : {false, true}) {
    for (const auto route : {LeastSquaresRoute::automatic, LeastSquaresRoute::qr}) {
      LeastSquaresOptions options = inferring(intercept);
      options.route = route;
      options.rank_policy = RankPolicy::drop_aliased;
      const Index full = intercept ? 4 : 3;
      EXPECT_EQ(fit_least_squares(context(), data.batch(), options).rank[0], full);
      options.rank_tolerance = 1e-7;
      EXPECT_EQ(fit_least_squares(context(), data.batch(), options).rank[0], full - 1);
    }
  }
}

TEST_P(LeastSquaresNasty, TheToleranceIsAboutTheLengthBeforeCentring) {
  Regressions data(53, 1, 60, 2);
  for (Index i = 0; i < data.rows; ++i) data.row_of(0, i)[1] += 1000;
  for (const auto route : {LeastSquaresRoute::automatic, LeastSquaresRoute::qr}) {
    LeastSquaresOptions options = inferring(true);
    options.route = route;
    options.rank_tolerance = 0.01;
    EXPECT_EQ(fit_least_squares(context(), data.batch(), options).rank[0], 2);
    options.rank_tolerance = 1e-4;
    EXPECT_EQ(fit_least_squares(context(), data.batch(), options).rank[0], 3);
  }
}

TEST_P(LeastSquaresNasty, AResponseThatDoesNotVaryHasSlopesOfZero) {
  Regressions data(55, 2, 30, 2);
  std::fill(data.y.begin(), data.y.begin() + 30, 0.1);
  std::fill(data.y.begin() + 30, data.y.end(), 0.0);
  for (const auto route : {LeastSquaresRoute::automatic, LeastSquaresRoute::cholesky, LeastSquaresRoute::qr}) {
    LeastSquaresOptions options = inferring(true);
    options.route = route;
    const auto fit = fit_least_squares(context(), data.batch(), options);
    EXPECT_THAT(fit.status, Each(ProblemStatus::ok));
    EXPECT_EQ(fit.coefficients, (std::vector<double>{0.1, 0, 0, 0, 0, 0}));
    EXPECT_THAT(fit.tss, Each(0.0));
    EXPECT_TRUE(std::isnan(fit.r_squared[0]) && std::isnan(fit.r_squared[1]));
  }
}

TEST_P(LeastSquaresNasty, AdjustedRSquaredWithoutAnInterceptIsAboutZero) {
  const Regressions data(57, 1, 20, 3);
  const auto fit = fit_least_squares(context(), data.batch(), inferring(false));
  const double expected = 1 - (1 - fit.r_squared[0]) * 20 / 17;  // R: df.int = 0
  EXPECT_TRUE(within(fit.adjusted_r_squared[0], expected, 1e-14));
}

TEST_P(LeastSquaresNasty, WeightsServeAboveTheOwnKernelsToo) {
  const Regressions data(59, 1, 200, 70, 1);
  const auto batch = data.batch().weighted(data.weights.data());
  const auto fit = fit_least_squares(context(), batch, inferring(true));
  const auto expected = fit_least_squares(Context({"reference", 0}), batch, inferring(true));
  EXPECT_TRUE(at_most(relative_error(fit.coefficients, expected.coefficients), 1e-12));
  EXPECT_TRUE(at_most(relative_error(fit.standard_errors, expected.standard_errors), 1e-12));
  EXPECT_TRUE(at_most(relative_error(fit.tss, expected.tss), 1e-13));
}

SIGMAHAT_ON_EVERY_DEVICE(LeastSquaresNasty);

/// On the CPU alone: chunks are the estimator's, and large.
TEST(LeastSquaresProgress, ChangesNoResidual) {
  const Context context({"cpu", 0});
  const Regressions data(61, 5, 40, 2);
  LeastSquaresOptions options = inferring(true);
  options.outputs.residuals = options.outputs.fitted = true;
  const auto whole = fit_least_squares(context, data.batch(), options);
  // Chunks hold a bounded number of numbers; a first problem of that size makes a chunk of its own.
  const Index large = (Index{1} << 24) / 2 + 1;
  std::vector<double> x(static_cast<std::size_t>(2 * large), 1.0), y(static_cast<std::size_t>(large), 1.0);
  for (std::size_t i = 0; i < x.size(); ++i) x[i] = static_cast<double>(i % 7);
  x.insert(x.end(), data.x.begin(), data.x.end());
  y.insert(y.end(), data.y.begin(), data.y.end());
  std::vector<Index> offsets = {0, large};
  for (Index b = 1; b <= 5; ++b) offsets.push_back(large + 40 * b);
  Index calls = 0;
  options.progress = [&](Index, Index) { ++calls; };
  const auto chunked =
      fit_least_squares(context,
                        LeastSquaresBatch::ragged(RowsView::row_major(x.data(), large + 200, 2),
                                                  RowsView::row_major(y.data(), large + 200, 1), offsets),
                        options);
  EXPECT_EQ(calls, 2);
  EXPECT_TRUE(test::same_bits(std::span(chunked.residuals).subspan(static_cast<std::size_t>(large)), whole.residuals));
  EXPECT_TRUE(test::same_bits(std::span(chunked.coefficients).subspan(3), whole.coefficients));
}

}  // namespace
}  // namespace sigmahat
