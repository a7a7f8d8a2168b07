// Newton's ascent of the Gaussian log-likelihood, on every device: it arrives from anywhere, at the end with a score norm
// that is squared in each step, and takes the steps of Fisher scoring where it must.
#include <gtest/gtest.h>

#include "backends/factory.hpp"
#include "sigmahat/gaussian_fit.hpp"
#include "support/compare.hpp"
#include "support/counting_operations.hpp"
#include "support/devices.hpp"
#include "support/random.hpp"

namespace sigmahat {
namespace {

using test::at_most;
using test::same_bits;

GaussianFitOptions newton_from(AscentStart::Kind start) {
  GaussianFitOptions options;
  options.compare = true;
  options.metric = Metric::newton;
  options.start.kind = start;
  options.ascent.keep_trace = true;
  return options;
}

class NewtonAscentTest : public test::DeviceTest {
 protected:
  Moments moments(Index n, Index p, double condition, double mean = 0, double scale = 1) const {
    const std::vector<double> data =
        test::Random(static_cast<std::uint64_t>(n + p)).rows(n, p, condition, mean * scale, 1);
    std::vector<double> scaled = data;
    if (scale != 1) {
      for (std::size_t i = 0; i < scaled.size(); ++i) scaled[i] = (data[i] - mean * scale) * scale + mean * scale;
    }
    return compute_moments(context(), RowsView::row_major(scaled.data(), n, p));
  }
};
SIGMAHAT_ON_EVERY_DEVICE(NewtonAscentTest);

/// What Newton may take: from Σ far below S it grows by at most 3/2 a step, and each doubling of a shortened step is one.
Index most_iterations(double variance, Index fisher) {
  return fisher + 25 + static_cast<Index>(std::log(std::max(variance, 1.0)) / std::log(1.5));
}

TEST_P(NewtonAscentTest, ArrivesFromEveryStartWhereFisherDoes) {
  for (const Index p : {1, 2, 5, 33, 64, 65}) {
    for (const double condition : {1.0, 1e4}) {
      for (const double scale : {1e-6, 1.0, 30.0}) {
        if (p == 64 && scale != 1) continue;  // a second for each step on the emulated device
        for (const AscentStart::Kind start : {AscentStart::Kind::identity, AscentStart::Kind::diagonal}) {
          const Moments data = moments(4 * p + 30, p, condition, 1, scale);
          GaussianFitOptions options = newton_from(start);
          const GaussianFit newton = fit_gaussian(context(), data, options);
          options.metric = Metric::fisher;
          const GaussianFit fisher = fit_gaussian(context(), data, options);
          SCOPED_TRACE("p = " + std::to_string(p) + ", condition " + std::to_string(condition) + ", scale " +
                       std::to_string(scale) + ": " + newton.ascent.full_report());
          ASSERT_TRUE(newton.ascent.converged());
          EXPECT_TRUE(at_most(newton.comparison->relative_error_mean, 1e-12));
          EXPECT_TRUE(at_most(newton.comparison->relative_error_covariance, 1e-12));
          EXPECT_LE(newton.ascent.iterations, most_iterations(scale * scale, fisher.ascent.iterations));
          EXPECT_LE(newton.scoring_iterations, newton.ascent.iterations);
          EXPECT_EQ(fisher.scoring_iterations, fisher.ascent.iterations);
        }
      }
    }
  }
}

TEST_P(NewtonAscentTest, ArrivesFromFarAwayInAnyUnits) {
  for (const Index p : {1, 5, 66}) {
    for (const double offset : {90.0, 110.0, 1e5, 1e9, 1e12}) {
      for (const double scale : {1e-8, 1.0, 1e8}) {
        if (p > 5 && scale > 1) continue;  // a hundred steps each
        const std::vector<double> data = test::Random(31).rows(500, p, 1, offset, scale);
        const Moments far = compute_moments(context(), RowsView::row_major(data.data(), 500, p));
        const GaussianFit fit = fit_gaussian(context(), far, newton_from(AscentStart::Kind::identity));
        SCOPED_TRACE("p = " + std::to_string(p) + ", offset " + std::to_string(offset) + ", scale " +
                     std::to_string(scale) + ": " + fit.ascent.full_report());
        ASSERT_TRUE(fit.ascent.converged());
        EXPECT_TRUE(at_most(fit.comparison->relative_error_mean, 1e-12));
        // Σ at the mean's nearest double is off by ccᵀ, |c| ≤ 2⁻⁵³ · offset standard deviations, one way or the other.
        const double rounding = std::pow(0x1p-53 * offset, 2);
        EXPECT_TRUE(at_most(fit.comparison->relative_error_covariance, 1e-12 + 20 * static_cast<double>(p) * rounding));
        EXPECT_LE(fit.ascent.iterations, most_iterations(scale * scale, 5) + (offset < 100 ? 40 : 0));
        if (offset > 100) {
          EXPECT_GE(fit.scoring_iterations, 1) << "the mean goes first";
        }
      }
    }
  }
}

TEST_P(NewtonAscentTest, TheLastStepsSquareTheScoreNorm) {
  for (const Index p : {1, 2, 12, 33, 65, 100}) {
    const Moments data = moments(40 * p + 60, p, 30, 0.3);
    GaussianFitOptions options = newton_from(AscentStart::Kind::given);
    // Near S, where no step is shortened: Σ = 1.05S + 0.1 ss^T/s₀₀ and μ = x̄ + 0.1s/√s₀₀ with the first column s of S,
    // so that Σ⁻¹S has the eigenvalues 1/1.05 and 1/1.15.
    const Matrix s = data.covariance();
    options.start.covariance = s;
    options.start.mean = data.mean;
    for (Index j = 0; j < p; ++j) {
      options.start.mean[static_cast<std::size_t>(j)] += 0.1 * s(j, 0) / std::sqrt(s(0, 0));
      for (Index i = j; i < p; ++i) {
        options.start.covariance(i, j) = options.start.covariance(j, i) =
            1.05 * s(i, j) + 0.1 * s(i, 0) * s(j, 0) / s(0, 0);
      }
    }
    const GaussianFit fit = fit_gaussian(context(), data, options);
    SCOPED_TRACE("p = " + std::to_string(p) + ": " + fit.ascent.full_report());
    ASSERT_TRUE(fit.ascent.converged());
    EXPECT_EQ(fit.scoring_iterations, 0);
    EXPECT_LE(fit.ascent.iterations, 6);
    // W − I has a rounding error of about p·ε·κ(Σ); u' = 2u²/(1 + 3u) in each eigenvalue, and as much from the mean.
    const double rounding = test::Tolerances<double>::whitened(p, 300);
    Index squared = 0;
    for (std::size_t i = 1; i < fit.ascent.trace.size(); ++i) {
      const double before = fit.ascent.trace[i - 1].score_norm, after = fit.ascent.trace[i].score_norm;
      EXPECT_EQ(fit.ascent.trace[i].step, 1);
      if (before > 0.05) continue;
      EXPECT_TRUE(at_most(after, 8 * before * before + rounding)) << "after " << before;
      squared += before * before > rounding ? 1 : 0;
    }
    EXPECT_GE(squared, 2) << "steps in which the square shows";
  }
}

TEST_P(NewtonAscentTest, GrowsByHalfAStepFromFarBelowS) {
  // u' = 2u²/(1 + 3u): the eigenvalues 1 + u of Σ⁻¹S shrink by 2/3 a step while they are large.
  const Moments data = moments(100, 1, 1, 0, 1);
  GaussianFitOptions options = newton_from(AscentStart::Kind::given);
  options.start.mean = data.mean;
  options.start.covariance = Matrix(1, 1, 1e-6 * data.covariance()(0, 0));
  const GaussianFit fit = fit_gaussian(context(), data, options);
  ASSERT_TRUE(fit.ascent.converged());
  EXPECT_EQ(fit.scoring_iterations, 0);
  double u = 1e6 - 1;
  for (std::size_t i = 1; u > 1e-5; ++i) {
    u = 2 * u * u / (1 + 3 * u);
    ASSERT_LT(i, fit.ascent.trace.size());
    EXPECT_TRUE(test::within(fit.ascent.trace[i].score_norm * std::sqrt(2.0), u, 1e-9 * u + 1e-14));
  }
}

TEST_P(NewtonAscentTest, FallsBackWhereSigmaIsTooLargeAndThenIsNewton) {
  for (const Index p : {1, 4, 65}) {
    const Moments data = moments(20 * p + 50, p, 10, 0.2);
    for (const double factor : {1.9, 2.1, 1e6}) {  // T = I/factor
      GaussianFitOptions options = newton_from(AscentStart::Kind::given);
      options.start.mean = data.mean;
      options.start.mean[0] += 0.01;
      options.start.covariance = data.covariance();
      for (Index i = 0; i < p * p; ++i) options.start.covariance.data()[i] *= factor;
      const GaussianFit fit = fit_gaussian(context(), data, options);
      SCOPED_TRACE("p = " + std::to_string(p) + ", factor " + std::to_string(factor) + ": " + fit.ascent.full_report());
      EXPECT_TRUE(fit.ascent.converged());
      EXPECT_EQ(fit.scoring_iterations, factor < 2 ? 0 : 1);
      EXPECT_TRUE(at_most(fit.comparison->relative_error_covariance, 1e-12));
    }
  }
}

TEST_P(NewtonAscentTest, ProblemsOfABatchGoTheirOwnWays) {
  const Index p = 3, n = 120;
  std::vector<double> data;
  std::vector<Index> offsets{0};
  test::Random random(5);
  for (const auto& [mean, scale] :
       {std::pair(0.0, 1.0), std::pair(1e9, 1.0), std::pair(2.0, 1e-3), std::pair(0.0, 100.0), std::pair(40.0, 1.0),
        std::pair(0.0, 0.0), std::pair(0.1, 1.1)}) {
    const std::vector<double> rows = random.rows(n, p, 1.2, mean, scale);
    data.insert(data.end(), rows.begin(), rows.end());
    offsets.push_back(offsets.back() + n);
  }
  const RowsView rows = RowsView::row_major(data.data(), offsets.back(), p);
  const MomentsBatch batch = compute_grouped_moments(context(), rows, offsets);
  const GaussianFitOptions options = newton_from(AscentStart::Kind::identity);
  const std::vector<GaussianFit> fits = fit_gaussian(context(), batch, options);
  Index scoring = 0;
  for (Index g = 0; g < batch.problems(); ++g) {
    const GaussianFit alone = fit_gaussian(context(), batch[g], options);
    SCOPED_TRACE("group " + std::to_string(g) + ": " + fits[g].ascent.full_report());
    EXPECT_EQ(fits[g].ascent.termination, alone.ascent.termination);
    EXPECT_EQ(fits[g].ascent.iterations, alone.ascent.iterations);
    EXPECT_EQ(fits[g].scoring_iterations, alone.scoring_iterations);
    EXPECT_EQ(fits[g].ascent.converged(), g != 5) << "a constant has no maximum";
    if (g == 5) continue;
    EXPECT_TRUE(same_bits(std::vector{fits[g].ascent.value}, std::vector{alone.ascent.value}));
    EXPECT_TRUE(same_bits(std::vector{fits[g].comparison->relative_error_covariance},
                          std::vector{alone.comparison->relative_error_covariance}));
    EXPECT_TRUE(at_most(fits[g].comparison->relative_error_covariance, 1e-12));
    scoring += fits[g].scoring_iterations > 0 ? 1 : 0;
  }
  EXPECT_GE(scoring, 2) << "the far one and the one whose variances are small";
  EXPECT_LE(scoring, 4) << "and not all";
}

TEST(NewtonAscentCostTest, IterationsMoveNoMatricesAndEachIsOneNewtonOrOneScoring) {
  const Index p = 20, n = 300;
  const std::vector<double> data = test::Random(1).rows(n, p, 10, 1);
  test::CallCounts counts;
  const Context context(std::make_unique<test::CountingOperations>(backends::make_reference(), counts), "counting");
  const MomentsBatch moments(compute_moments(context, RowsView::row_major(data.data(), n, p)));
  GaussianLikelihood objective(context, moments, Metric::newton);
  EXPECT_EQ(objective.maximum_step(), 1);
  counts = {};
  const AscentSummary summary = gradient_ascent(objective).front();
  EXPECT_TRUE(summary.converged());
  EXPECT_EQ(counts.transferred, 0) << "p-sized arrays crossed between host and device";
  EXPECT_EQ(counts.newtons, summary.iterations);
  EXPECT_EQ(counts.targets, objective.scoring_iterations(0));
  EXPECT_EQ(counts.scores, 0);
}

}  // namespace
}  // namespace sigmahat
