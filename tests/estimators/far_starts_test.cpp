// Ascents from starts that are many standard deviations away, in any units: converged means that S is reached.
#include <gmock/gmock.h>

#include "sigmahat/gaussian_fit.hpp"
#include "support/compare.hpp"
#include "support/devices.hpp"
#include "support/random.hpp"

namespace sigmahat {
namespace {

using test::at_most;

class FarStartsTest : public test::DeviceTest {
 protected:
  /// n rows of p columns with standard deviations of about `scale`, `offset` of those away from 0.
  Moments moments(Index n, Index p, double offset, double scale, double condition = 1) const {
    const std::vector<double> data = test::Random(31).rows(n, p, condition, offset, scale);
    return compute_moments(context(), RowsView::row_major(data.data(), n, p));
  }
  GaussianFit fit(const Moments& moments, Metric metric, Index iterations = 1000) const {
    GaussianFitOptions options;
    options.compare = true;
    options.metric = metric;
    options.ascent.max_iterations = iterations;
    return fit_gaussian(context(), moments, options);
  }
  /// Σ at the mean's nearest double m is S + ccᵀ, and |c| ≤ 2⁻⁵³ · offset standard deviations in each column.
  static double bound(double offset) { return 1e-12 + 20 * std::pow(0x1p-53 * offset, 2); }
};
SIGMAHAT_ON_EVERY_DEVICE(FarStartsTest);

TEST_P(FarStartsTest, FisherArrivesFromAnyDistanceInAnyUnits) {
  for (const Index p : {1, 5, 66}) {
    for (const double offset : {0.0, 90.0, 110.0, 1e5, 1e9, 1e12}) {
      for (const double scale : {1e-12, 1e-8, 1.0, 1e8}) {
        const GaussianFit result = fit(moments(500, p, offset, scale), Metric::fisher);
        SCOPED_TRACE("p = " + std::to_string(p) + ", offset " + std::to_string(offset) + ", scale " +
                     std::to_string(scale) + ": " + result.ascent.full_report());
        ASSERT_EQ(result.status, ProblemStatus::ok);
        EXPECT_TRUE(result.ascent.converged());
        EXPECT_LE(result.ascent.iterations, 5);
        EXPECT_TRUE(at_most(result.comparison->relative_error_mean, 1e-12));
        EXPECT_TRUE(at_most(result.comparison->relative_error_covariance, bound(offset)));
      }
    }
  }
}

TEST_P(FarStartsTest, SmallVariancesFarAwayAreReached) {
  const GaussianFit result = fit(moments(500, 5, 1e6, 1, 1e6), Metric::fisher);
  EXPECT_TRUE(result.ascent.converged()) << result.ascent.full_report();
  EXPECT_LE(result.ascent.iterations, 5);
  EXPECT_TRUE(at_most(result.comparison->relative_error_covariance, 1e-12));
}

TEST_P(FarStartsTest, ConvergedMeansArrivedInEveryMetric) {
  Index arrived = 0;
  for (const Metric metric : {Metric::fisher, Metric::frobenius, Metric::vech}) {
    for (const double offset : {0.0, 1e5, 1e9, 1e12}) {
      for (const double scale : {1e-8, 1.0, 1e8}) {
        const GaussianFit result = fit(moments(500, 5, offset, scale), metric, 200);
        SCOPED_TRACE(std::string(to_string(metric)) + ", offset " + std::to_string(offset) + ", scale " +
                     std::to_string(scale) + ": " + result.ascent.full_report());
        ASSERT_EQ(result.status, ProblemStatus::ok);
        if (!result.ascent.converged()) continue;
        ++arrived;
        EXPECT_TRUE(at_most(result.comparison->relative_error_mean, 1e-11));
        EXPECT_TRUE(at_most(result.comparison->relative_error_covariance, bound(offset)));
      }
    }
  }
  EXPECT_GE(arrived, 12 + 2) << "Fisher from everywhere, the others at least where scale and offset are theirs";
}

TEST_P(FarStartsTest, StepsThatOnlyUnitsMakeShortDoNotCountAsArrival) {
  // The scores have the units 1/x and 1/x²: against σ = 10⁸ a step of length 1 moves next to nothing.
  for (const Metric metric : {Metric::frobenius, Metric::vech}) {
    GaussianFitOptions options;
    options.compare = true;
    options.metric = metric;
    options.start.kind = AscentStart::Kind::diagonal;
    const GaussianFit result = fit_gaussian(context(), moments(500, 5, 1, 1e8), options);
    EXPECT_EQ(result.ascent.termination, Termination::stalled) << result.ascent.full_report();
    EXPECT_FALSE(result.ascent.converged());
    EXPECT_GT(result.comparison->relative_error_mean, 0.1);
  }
}

TEST_P(FarStartsTest, EveryLegalStepOptionArrives) {
  for (const double offset : {50.0, 1e7}) {
    for (const double initial_step : {1.0, 0.5, 1e-3}) {
      for (const double growth : {1.0, 2.0}) {
        if (initial_step * growth < 1e-2 && growth == 1) continue;  // thousands of iterations
        for (const double increase : {0.0, 0.04}) {
          GaussianFitOptions options;
          options.compare = true;
          options.ascent.initial_step = initial_step;
          options.ascent.step_growth = growth;
          options.ascent.sufficient_increase = increase;
          const GaussianFit result = fit_gaussian(context(), moments(200, 3, offset, 1), options);
          // Without growth a step that starts short stays short: then arrival cannot be told from standing still.
          EXPECT_TRUE(result.ascent.converged() || (growth == 1 && initial_step < 1)) << result.ascent.full_report();
          EXPECT_TRUE(at_most(result.comparison->relative_error_covariance, 1e-11)) << result.ascent.full_report();
        }
      }
    }
  }
}

TEST_P(FarStartsTest, BatchesMixNearAndFarStarts) {
  std::vector<double> data;
  test::Random random(5);
  for (const double offset : {0.0, 1e9, 3.0, 1e6}) {
    const std::vector<double> rows = random.rows(100, 3, 5, offset);
    data.insert(data.end(), rows.begin(), rows.end());
  }
  const std::vector<Index> offsets{0, 100, 200, 300, 400};
  const MomentsBatch moments = compute_grouped_moments(context(), RowsView::row_major(data.data(), 400, 3), offsets);
  GaussianFitOptions options;
  options.method = FitMethod::ascent;
  const std::vector<GaussianFit> fits = fit_gaussian(context(), moments, options);
  for (Index g = 0; g < 4; ++g) {
    const GaussianFit alone = fit_gaussian(context(), moments[g], options);
    EXPECT_TRUE(fits[g].ascent.converged());
    EXPECT_LE(fits[g].ascent.iterations, 5);
    EXPECT_EQ(fits[g].ascent.iterations, alone.ascent.iterations);
    EXPECT_TRUE(test::same_bits(fits[g].covariance, alone.covariance));
    EXPECT_TRUE(at_most(fits[g].comparison->relative_error_covariance, 1e-12));
  }
}

}  // namespace
}  // namespace sigmahat
