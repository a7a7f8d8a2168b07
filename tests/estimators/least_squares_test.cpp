// Coefficients and inference against the exact rational solution, and against formulas written out here.
#include "sigmahat/least_squares.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <string>

#include "support/compare.hpp"
#include "support/devices.hpp"
#include "support/exact_least_squares.hpp"
#include "support/regression_data.hpp"

namespace sigmahat {
namespace {

using test::at_most;
using test::item;
using test::Regressions;
using test::relative_error;
using test::within;

class LeastSquares : public test::DeviceTest {};

LeastSquaresOptions everything(bool intercept) {
  LeastSquaresOptions options;
  options.intercept = intercept;
  options.standard_errors = StandardErrors::classical;
  options.outputs = {.t = true,
                     .p = true,
                     .confidence = true,
                     .covariance = true,
                     .goodness = true,
                     .residuals = true,
                     .fitted = true};
  return options;
}

/// Errors of a well-conditioned problem: κ²·2⁻⁵³ of the solution with κ < 32, and sums over at most 300 rows.
constexpr double kBound = 1e-11;

void expect_exact(const LeastSquaresFit& fit, Index problem, const test::ExactLeastSquares& exact,
                  double error_bound = kBound) {
  SCOPED_TRACE("problem " + std::to_string(problem));
  const Index count = fit.coefficient_count;
  EXPECT_TRUE(at_most(relative_error(item(fit.coefficients, problem, count), exact.rounded_coefficients()), kBound));
  EXPECT_TRUE(at_most(relative_error(item(fit.standard_errors, problem, count), exact.standard_errors()), error_bound));
  EXPECT_TRUE(within(fit.rss[problem] / test::rounded(exact.rss), 1, kBound));
  EXPECT_TRUE(within(fit.tss[problem] / test::rounded(exact.tss), 1, kBound));
  EXPECT_TRUE(within(fit.residual_dof[problem], test::rounded(exact.dof), kBound * test::rounded(exact.dof)));
  EXPECT_TRUE(within(std::sqrt(fit.sigma_squared[problem]) / exact.sigma(), 1, kBound));
  EXPECT_TRUE(within(fit.r_squared[problem], exact.r_squared(), kBound));
}

TEST_P(LeastSquares, IsTheExactSolutionWithAndWithoutInterceptWeightsAndRidge) {
  for (const Index k : {1, 2, 5, 9}) {
    const Regressions data(7, 3, 23, k, 2);
    for (const bool intercept : {false, true}) {
      for (const bool weighted : {false, true}) {
        for (const double ridge : {0.0, 3.5}) {
          SCOPED_TRACE("k " + std::to_string(k) + " intercept " + std::to_string(intercept) + " weighted " +
                       std::to_string(weighted) + " ridge " + std::to_string(ridge));
          LeastSquaresOptions options = everything(intercept);
          options.ridge = ridge;
          const LeastSquaresBatch batch = weighted ? data.batch().weighted(data.weights.data()) : data.batch();
          const LeastSquaresFit fit = fit_least_squares(context(), batch, options);
          for (Index b = 0; b < data.problems; ++b) {
            ASSERT_EQ(fit.status[b], ProblemStatus::ok);
            const auto weights = weighted ? data.weights_of(b) : std::span<const double>();
            expect_exact(
                fit, b,
                test::solve_exactly(test::ExactProblem::of(data.x_of(b), data.y_of(b), intercept, weights, ridge)));
          }
        }
      }
    }
  }
}

TEST_P(LeastSquares, RoutesAgree) {
  const Regressions data(11, 2, 300, 6, 5);
  LeastSquaresOptions options = everything(true);
  const LeastSquaresFit automatic = fit_least_squares(context(), data.batch(), options);
  for (const LeastSquaresRoute route : {LeastSquaresRoute::cholesky, LeastSquaresRoute::qr}) {
    options.route = route;
    const LeastSquaresFit fit = fit_least_squares(context(), data.batch(), options);
    EXPECT_EQ(fit.status, automatic.status);
    EXPECT_EQ(fit.route[0], route == LeastSquaresRoute::qr ? RouteTaken::qr : RouteTaken::cholesky);
    EXPECT_TRUE(at_most(relative_error(fit.coefficients, automatic.coefficients), 1e-14));
    EXPECT_TRUE(at_most(relative_error(fit.standard_errors, automatic.standard_errors), 1e-13));
    EXPECT_TRUE(at_most(relative_error(fit.covariance, automatic.covariance), 1e-13));
    EXPECT_TRUE(at_most(relative_error(fit.condition, automatic.condition), 1e-12));
  }
}

TEST_P(LeastSquares, ResidualsAndFittedValuesAddUp) {
  const Regressions data(13, 2, 31, 3);
  const LeastSquaresFit fit = fit_least_squares(context(), data.batch(), everything(true));
  for (Index b = 0; b < data.problems; ++b) {
    double rss = 0;
    const auto coefficients = item(fit.coefficients, b, 4);
    for (Index i = 0; i < data.rows; ++i) {
      const double* const x = data.x_of(b).data() + i * 3;
      const double expected =
          coefficients[0] + coefficients[1] * x[0] + coefficients[2] * x[1] + coefficients[3] * x[2];
      const Index place = b * data.rows + i;
      EXPECT_TRUE(within(fit.fitted[place], expected, 1e-14));
      EXPECT_TRUE(within(fit.residuals[place], data.y[place] - expected, 1e-14));
      rss += fit.residuals[place] * fit.residuals[place];
    }
    EXPECT_TRUE(within(rss, fit.rss[b], 1e-13 * rss));
  }
}

TEST_P(LeastSquares, TestsAndLimitsFollowStudentsT) {
  // R: x = 1:10; y = c(3.1, 3.9, 6.2, 7.8, 10.1, 12.2, 13.8, 16.1, 18.0, 20.2); summary(lm(y ~ x)); confint(lm(y ~ x), level = 0.9)
  const std::vector<double> x = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10};
  const std::vector<double> y = {3.1, 3.9, 6.2, 7.8, 10.1, 12.2, 13.8, 16.1, 18.0, 20.2};
  LeastSquaresOptions options = everything(true);
  options.confidence_level = 0.9;
  const auto fit = fit_least_squares(context(), LeastSquaresBatch::uniform(x.data(), y.data(), 1, 10, 1), options);
  const std::vector<double> estimate = {0.39999999999999797, 1.9527272727272729};
  const std::vector<double> error = {0.24862043603075207, 0.040068811335916617};
  const std::vector<double> t = {1.6088782015912868, 48.73434493368412};
  const std::vector<double> p = {0.14630943853091227, 3.4775977867163169e-11};
  const std::vector<double> lower = {-0.062321643911063207, 1.8782173932413733};
  const std::vector<double> upper = {0.86232164391105881, 2.0272371522131722};
  EXPECT_TRUE(at_most(relative_error(fit.coefficients, estimate), 1e-12));
  EXPECT_TRUE(at_most(relative_error(fit.standard_errors, error), 1e-12));
  EXPECT_TRUE(at_most(relative_error(fit.t, t), 1e-12));
  for (std::size_t j = 0; j < p.size(); ++j) EXPECT_TRUE(within(fit.p[j] / p[j], 1, 1e-11));
  EXPECT_TRUE(at_most(relative_error(fit.lower, lower), 1e-12));
  EXPECT_TRUE(at_most(relative_error(fit.upper, upper), 1e-12));
  EXPECT_TRUE(within(fit.r_squared[0], 0.99664293836209039, 1e-14));
  EXPECT_TRUE(within(fit.adjusted_r_squared[0], 0.99622330565735173, 1e-14));
}

/// (XᵀWX)⁻¹ Σ ω x xᵀ (XᵀWX)⁻¹ for one column and an intercept, by Cramer's rule.
std::vector<double> robust_errors(const Regressions& data, bool weighted, StandardErrors kind,
                                  const LeastSquaresFit& fit) {
  const auto weight = [&](Index i) { return weighted ? data.weights[i] : 1.0; };
  double s0 = 0, s1 = 0, s2 = 0;
  for (Index i = 0; i < data.rows; ++i) {
    s0 += weight(i);
    s1 += weight(i) * data.x[i];
    s2 += weight(i) * data.x[i] * data.x[i];
  }
  const double determinant = s0 * s2 - s1 * s1, a = s2 / determinant, b = -s1 / determinant, c = s0 / determinant;
  double v0 = 0, v1 = 0;
  for (Index i = 0; i < data.rows; ++i) {
    const double x = data.x[i], e = data.y[i] - fit.coefficients[0] - fit.coefficients[1] * x;
    const double h = weight(i) * (a + 2 * b * x + c * x * x);
    double omega = weight(i) * e * weight(i) * e;
    if (kind == StandardErrors::hc1) omega *= static_cast<double>(data.rows) / static_cast<double>(data.rows - 2);
    if (kind == StandardErrors::hc2) omega /= 1 - h;
    if (kind == StandardErrors::hc3) omega /= (1 - h) * (1 - h);
    v0 += omega * (a + b * x) * (a + b * x);
    v1 += omega * (b + c * x) * (b + c * x);
  }
  return {std::sqrt(v0), std::sqrt(v1)};
}

TEST_P(LeastSquares, RobustErrorsAreTheirFormulas) {
  const Regressions data(17, 1, 40, 1, 1);
  for (const bool weighted : {false, true}) {
    const LeastSquaresBatch batch = weighted ? data.batch().weighted(data.weights.data()) : data.batch();
    for (const auto kind : {StandardErrors::hc0, StandardErrors::hc1, StandardErrors::hc2, StandardErrors::hc3}) {
      for (const auto route : {LeastSquaresRoute::automatic, LeastSquaresRoute::qr}) {
        LeastSquaresOptions options = everything(true);
        options.standard_errors = kind;
        options.route = route;
        const LeastSquaresFit fit = fit_least_squares(context(), batch, options);
        EXPECT_TRUE(at_most(relative_error(fit.standard_errors, robust_errors(data, weighted, kind, fit)), 1e-12))
            << to_string(kind);
        EXPECT_TRUE(within(std::sqrt(fit.covariance[3]), fit.standard_errors[1], 1e-15));
        EXPECT_EQ(fit.covariance[1], fit.covariance[2]);
      }
    }
  }
}

TEST_P(LeastSquares, ARowOfLeverageOneLeavesHc2AndHc3Undefined) {
  Regressions data(37, 1, 20, 3);
  for (Index i = 0; i < data.rows; ++i) data.row_of(0, i)[2] = i == 4 ? 0.1 : 0;  // a column for one row alone
  for (const auto route : {LeastSquaresRoute::automatic, LeastSquaresRoute::qr}) {
    for (const bool intercept : {false, true}) {
      LeastSquaresOptions options = everything(intercept);
      options.route = route;
      for (const auto kind : {StandardErrors::hc2, StandardErrors::hc3}) {
        options.standard_errors = kind;
        const auto fit = fit_least_squares(context(), data.batch(), options);
        ASSERT_FALSE(fit.standard_errors.empty());
        for (const double error : fit.standard_errors) EXPECT_TRUE(std::isnan(error)) << error;
      }
      options.standard_errors = StandardErrors::hc0;
      const auto defined = fit_least_squares(context(), data.batch(), options);
      for (const double error : defined.standard_errors) EXPECT_FALSE(std::isnan(error));
    }
  }
}

TEST_P(LeastSquares, ResponsesWhoseSquaresAreOutOfRangeHaveNoResult) {
  for (const double scale : {0x1p-520, 0x1p530}) {
    Regressions data(39, 1, 40, 2);
    for (double& y : data.y) y *= scale;
    const auto fit = fit_least_squares(context(), data.batch(), everything(true));
    EXPECT_EQ(fit.status[0], ProblemStatus::not_finite);
    EXPECT_TRUE(std::isnan(fit.coefficients[0]) && std::isnan(fit.standard_errors[0]));
  }
}

TEST_P(LeastSquares, WeightsSayHowPreciseARowIsNotHowOftenItWasSeen) {
  const Regressions data(19, 1, 30, 2);
  const std::vector<double> twos(30, 2.0);
  const LeastSquaresOptions options = everything(true);
  const LeastSquaresFit plain = fit_least_squares(context(), data.batch(), options);
  const LeastSquaresFit doubled = fit_least_squares(context(), data.batch().weighted(twos.data()), options);
  EXPECT_TRUE(at_most(relative_error(doubled.coefficients, plain.coefficients), 1e-15));
  EXPECT_TRUE(at_most(relative_error(doubled.standard_errors, plain.standard_errors), 1e-14));
  EXPECT_EQ(doubled.residual_dof, plain.residual_dof);
  EXPECT_EQ(doubled.rows, plain.rows);
  std::vector<double> some = twos;
  some[3] = some[20] = 0;
  const LeastSquaresFit fewer = fit_least_squares(context(), data.batch().weighted(some.data()), options);
  EXPECT_EQ(fewer.rows[0], 28);
  EXPECT_EQ(fewer.residual_dof[0], 25);
}

TEST_P(LeastSquares, DependentColumnsFollowThePolicy) {
  // x2 = 2·x1, so β1 + 2β2 is what the data tell; the least norm puts it on (1, 2)/5.
  const std::vector<double> x = {1, 2, 2, 4, 3, 6, 4, 8, 5, 10}, y = {1, 2, 3, 4, 6};
  const auto batch = LeastSquaresBatch::uniform(x.data(), y.data(), 1, 5, 2);
  for (const auto route : {LeastSquaresRoute::automatic, LeastSquaresRoute::qr}) {
    LeastSquaresOptions options = everything(true);
    options.route = route;
    const LeastSquaresFit least = fit_least_squares(context(), batch, options);
    EXPECT_EQ(least.status[0], ProblemStatus::rank_deficient);
    EXPECT_EQ(least.rank[0], 2);
    EXPECT_EQ(least.residual_dof[0], 3);
    EXPECT_TRUE(at_most(relative_error(least.coefficients, std::vector<double>{-0.4, 0.24, 0.48}), 1e-14));
    EXPECT_TRUE(within(least.standard_errors[2] / least.standard_errors[1], 2, 1e-14));

    options.rank_policy = RankPolicy::drop_aliased;
    const LeastSquaresFit dropped = fit_least_squares(context(), batch, options);
    EXPECT_EQ(dropped.status[0], ProblemStatus::rank_deficient);
    EXPECT_TRUE(within(dropped.coefficients[0], -0.4, 1e-14));
    EXPECT_TRUE(within(dropped.coefficients[1], 1.2, 1e-14));
    EXPECT_TRUE(std::isnan(dropped.coefficients[2]) && std::isnan(dropped.standard_errors[2]));
    EXPECT_TRUE(within(dropped.rss[0], least.rss[0], 1e-14));

    options.rank_policy = RankPolicy::fail;
    const LeastSquaresFit failed = fit_least_squares(context(), batch, options);
    EXPECT_EQ(failed.status[0], ProblemStatus::rank_deficient);
    for (const double b : failed.coefficients) EXPECT_TRUE(std::isnan(b));
    EXPECT_TRUE(std::isnan(failed.rss[0]));
  }
}

TEST_P(LeastSquares, AConstantColumnBesideAnInterceptIsAliased) {
  Regressions data(23, 1, 50, 3);
  for (Index i = 0; i < data.rows; ++i) data.row_of(0, i)[1] = 0.1;
  LeastSquaresOptions options = everything(true);
  options.rank_policy = RankPolicy::drop_aliased;
  const LeastSquaresFit fit = fit_least_squares(context(), data.batch(), options);
  EXPECT_EQ(fit.status[0], ProblemStatus::rank_deficient);
  EXPECT_EQ(fit.rank[0], 3);
  EXPECT_TRUE(std::isnan(fit.coefficients[2]));
  options.intercept = false;
  EXPECT_EQ(fit_least_squares(context(), data.batch(), options).status[0], ProblemStatus::ok);
}

TEST_P(LeastSquares, ARidgeMakesDependentColumnsRegular) {
  const std::vector<double> x = {1, 2, 2, 4, 3, 6, 4, 8, 5, 10}, y = {1, 2, 3, 4, 6};
  for (const bool intercept : {false, true}) {
    for (const auto route : {LeastSquaresRoute::automatic, LeastSquaresRoute::qr}) {
      LeastSquaresOptions options = everything(intercept);
      options.ridge = 0.25;
      options.route = route;
      const auto fit = fit_least_squares(context(), LeastSquaresBatch::uniform(x.data(), y.data(), 1, 5, 2), options);
      EXPECT_EQ(fit.status[0], ProblemStatus::ok);
      // A⁻¹ − λA⁻² cancels where λ is all that holds a direction: condition about 200 squared.
      expect_exact(fit, 0, test::solve_exactly(test::ExactProblem::of(x, y, intercept, {}, 0.25)), 1e-9);
    }
  }
}

TEST_P(LeastSquares, IllConditionedProblemsTakeQrAndSaySo) {
  Regressions data(29, 1, 60, 3);
  for (Index i = 0; i < data.rows; ++i)
    data.row_of(0, i)[2] = data.row_of(0, i)[0] * (1 + 0x1p-28 * static_cast<double>(i % 7));
  const LeastSquaresFit fit = fit_least_squares(context(), data.batch(), everything(true));
  EXPECT_EQ(fit.status[0], ProblemStatus::refined_by_qr);
  EXPECT_EQ(fit.route[0], RouteTaken::qr);
  EXPECT_GT(fit.condition[0], kQrCondition);
  const auto exact = test::solve_exactly(test::ExactProblem::of(data.x_of(0), data.y_of(0), true));
  EXPECT_TRUE(at_most(relative_error(fit.coefficients, exact.rounded_coefficients()), 1e-7));
}

TEST_P(LeastSquares, ScalesBeyondTheSquareRootOfTheRangeAreNoObstacle) {
  for (const double scale : {0x1p-520, 0x1p500}) {
    Regressions data(31, 1, 40, 2);
    const LeastSquaresFit plain = fit_least_squares(context(), data.batch(), everything(false));
    for (Index i = 0; i < data.rows; ++i) data.row_of(0, i)[1] *= scale;
    const LeastSquaresFit fit = fit_least_squares(context(), data.batch(), everything(false));
    EXPECT_EQ(fit.status[0], ProblemStatus::refined_by_qr);
    EXPECT_TRUE(within(fit.coefficients[1] * scale / plain.coefficients[1], 1, 1e-13));
    EXPECT_TRUE(within(fit.standard_errors[1] * scale / plain.standard_errors[1], 1, 1e-13));
  }
}

SIGMAHAT_ON_EVERY_DEVICE(LeastSquares);

}  // namespace
}  // namespace sigmahat
