// Fits by closed form and by ascent: they agree, batches do not mix, and singular data are told apart.
#include "sigmahat/gaussian_fit.hpp"

#include <gmock/gmock.h>

#include <limits>

#include "backends/factory.hpp"
#include "support/compare.hpp"
#include "support/counting_operations.hpp"
#include "support/devices.hpp"
#include "support/random.hpp"

namespace sigmahat {
namespace {

using test::at_most;
using test::same_bits;
using test::within;
using ::testing::HasSubstr;

class GaussianFitTest : public test::DeviceTest {
 protected:
  Moments moments(Index n, Index p, double condition, double mean = 0, double scale = 1) const {
    const std::vector<double> data = test::Random(static_cast<std::uint64_t>(n + p)).rows(n, p, condition, mean, scale);
    return compute_moments(context(), RowsView::row_major(data.data(), n, p));
  }
};
SIGMAHAT_ON_EVERY_DEVICE(GaussianFitTest);

GaussianFitOptions comparing(Metric metric = Metric::fisher) {
  GaussianFitOptions options;
  options.compare = true;
  options.metric = metric;
  options.ascent.keep_trace = true;
  return options;
}

TEST_P(GaussianFitTest, ClosedFormIsMeanAndScatterOverN) {
  const Moments m = moments(200, 5, 10, 3);
  const GaussianFit fit = fit_gaussian(context(), m);
  EXPECT_EQ(fit.status, ProblemStatus::ok);
  EXPECT_EQ(fit.rank, 5);
  EXPECT_EQ(fit.rows, 200);
  EXPECT_EQ(fit.columns, 5);
  EXPECT_EQ(fit.weight, 200);
  EXPECT_TRUE(same_bits(fit.mean, m.mean));
  EXPECT_TRUE(same_bits(fit.covariance, m.covariance()));
  EXPECT_EQ(fit.log_likelihood, gaussian_log_likelihood(context(), m, m.mean, m.covariance()));
  EXPECT_EQ(fit.ascent.termination, Termination::not_run);
  EXPECT_FALSE(fit.comparison.has_value());
}

TEST_P(GaussianFitTest, UnbiasedVariantDividesByNMinusOne) {
  const Moments m = moments(50, 3, 10);
  GaussianFitOptions options = comparing();
  const GaussianFit plain = fit_gaussian(context(), m, options);
  options.unbiased = true;
  const GaussianFit fit = fit_gaussian(context(), m, options);
  EXPECT_TRUE(at_most(test::relative_error(test::entries(fit.covariance), test::entries(m.unbiased_covariance())), 0));
  EXPECT_TRUE(within(fit.covariance(1, 1) / plain.covariance(1, 1), 50.0 / 49.0, 1e-15));
  EXPECT_EQ(fit.log_likelihood, plain.log_likelihood);
  EXPECT_EQ(fit.comparison->relative_error_covariance, plain.comparison->relative_error_covariance);
  options.method = FitMethod::ascent;
  EXPECT_THROW(fit_gaussian(context(), m, options), InvalidArgument);
}

TEST_P(GaussianFitTest, UnbiasedNeedsFrequencies) {
  const Index n = 40, p = 2;
  const std::vector<double> data = test::Random(3).rows(n, p);
  const auto weighted = [&](double sum) {
    const std::vector<double> weights(n, sum / static_cast<double>(n));
    return compute_moments(context(), RowsView::row_major(data.data(), n, p).weighted(weights.data()));
  };
  GaussianFitOptions options;
  options.unbiased = true;
  for (const double sum : {0.5, 1.0, 1.0 + 0x1p-50, 1.4}) {
    try {
      fit_gaussian(context(), weighted(sum), options);
      FAIL() << "weights that sum to " << sum << " were taken";
    } catch (const DataError& error) {
      EXPECT_THAT(error.what(), HasSubstr("weights must be frequencies"));
    }
    const GaussianFit fit = fit_gaussian(context(), MomentsBatch(weighted(sum)), options).front();
    EXPECT_EQ(fit.status, ProblemStatus::too_few_rows);
    EXPECT_TRUE(same_bits(fit.covariance, Matrix(p, p, kCanonicalNaN)));
    EXPECT_TRUE(std::isnan(fit.log_likelihood));
    EXPECT_EQ(fit_gaussian(context(), weighted(sum)).status, ProblemStatus::ok) << "S needs no frequencies";
  }
  EXPECT_EQ(fit_gaussian(context(), weighted(2), options).status, ProblemStatus::ok);
  const Moments one = compute_moments(context(), RowsView::row_major(data.data(), 1, p));
  EXPECT_EQ(fit_gaussian(context(), one, options).status, ProblemStatus::too_few_rows);
}

TEST_P(GaussianFitTest, FisherReachesTheClosedFormInAHandfulOfIterations) {
  for (const Index p : {1, 2, 5, 12, 66}) {
    for (const double condition : {1.0, 1e3, 1e6}) {
      for (const double scale : {1e-12, 1e-3, 1.0, 1e12}) {
        for (const AscentStart::Kind start : {AscentStart::Kind::identity, AscentStart::Kind::diagonal}) {
          GaussianFitOptions options = comparing();
          options.start.kind = start;
          const GaussianFit fit = fit_gaussian(context(), moments(20 * p + 50, p, condition, 1, scale), options);
          SCOPED_TRACE("p = " + std::to_string(p) + ", condition " + std::to_string(condition) + ", scale " +
                       std::to_string(scale) + ": " + fit.ascent.brief_report());
          ASSERT_EQ(fit.status, ProblemStatus::ok);
          EXPECT_TRUE(fit.ascent.converged());
          EXPECT_LE(fit.ascent.iterations, 5);
          EXPECT_TRUE(at_most(fit.comparison->relative_error_covariance, 1e-12));
          EXPECT_TRUE(at_most(fit.comparison->relative_error_mean, 1e-12));
          EXPECT_TRUE(at_most(std::abs(fit.comparison->log_likelihood_gap), 1e-12 * std::abs(fit.log_likelihood)));
        }
      }
    }
  }
}

TEST_P(GaussianFitTest, FisherTakesTwoUnitStepsFromAnyStart) {
  test::Random random(12);
  GaussianFitOptions options = comparing();
  options.start.kind = AscentStart::Kind::given;
  for (const double condition : {1.0, 1e4, 1e8}) {
    for (const double size : {1e-6, 1.0, 1e6}) {
      options.start.mean = random.normals(6);
      options.start.covariance = random.positive_definite(6, condition, size);
      const GaussianFit fit = fit_gaussian(context(), moments(100, 6, 10, 2), options);
      EXPECT_TRUE(fit.ascent.converged());
      EXPECT_EQ(fit.ascent.iterations, 2);
      EXPECT_EQ(fit.ascent.trace[1].step, 1);
      EXPECT_EQ(fit.ascent.trace[2].step, 1);
      EXPECT_TRUE(at_most(fit.comparison->relative_error_covariance, 1e-15));
    }
  }
}

TEST_P(GaussianFitTest, MeansFarFromTheStartAreReached) {
  // d = x̄ − μ is 10⁶ standard deviations long: S + ddᵀ keeps only the digits of S above 10¹²ε ≈ 2·10⁻⁴.
  const GaussianFit well = fit_gaussian(context(), moments(500, 5, 10, 1e6), comparing());
  EXPECT_TRUE(well.ascent.converged());
  EXPECT_LE(well.ascent.iterations, 5);
  EXPECT_TRUE(at_most(well.comparison->relative_error_covariance, 1e-12));
  EXPECT_TRUE(at_most(well.comparison->relative_error_mean, 1e-12));
  // Where those digits carry the smallest variances, the mean must have gone first.
  const GaussianFit badly = fit_gaussian(context(), moments(500, 5, 1e6, 1e6), comparing());
  EXPECT_TRUE(badly.ascent.converged()) << badly.ascent.brief_report();
  EXPECT_LE(badly.ascent.iterations, 5);
  EXPECT_TRUE(at_most(badly.comparison->relative_error_covariance, 1e-12));
}

TEST_P(GaussianFitTest, EveryIterateIsPositiveDefinite) {
  const Index p = 5;
  const Moments badly = moments(500, p, 1e6, 1e6);  // the mean alone moves first, see above
  for (const Metric metric : {Metric::fisher, Metric::frobenius, Metric::vech, Metric::newton}) {
    for (Index iterations = 0; iterations <= 12; ++iterations) {
      GaussianFitOptions options = comparing(metric);
      options.method = FitMethod::ascent;
      options.ascent.max_iterations = iterations;
      const GaussianFit fit = fit_gaussian(context(), badly, options);
      Matrix factor(p, p);
      EXPECT_EQ(operations().cholesky(p, fit.covariance.data(), factor.data()), ProblemStatus::ok)
          << to_string(metric) << " after " << iterations << " iterations";
      if (metric == Metric::fisher || metric == Metric::newton) {
        for (const AscentTraceRow& row : fit.ascent.trace) EXPECT_LE(row.step, 1);
      }
    }
  }
}

TEST_P(GaussianFitTest, ValuesNeverFallByMoreThanRounding) {
  for (const Metric metric : {Metric::fisher, Metric::frobenius, Metric::vech, Metric::newton}) {
    GaussianFitOptions options = comparing(metric);
    options.ascent.max_iterations = 200;
    const GaussianFit fit = fit_gaussian(context(), moments(100, 4, 5, 1), options);
    for (std::size_t i = 1; i < fit.ascent.trace.size(); ++i) {
      const double before = fit.ascent.trace[i - 1].value;
      EXPECT_GE(fit.ascent.trace[i].value, before - 4 * 0x1p-52 * std::max(1.0, std::abs(before)));
    }
  }
}

TEST_P(GaussianFitTest, EuclideanMetricsConvergeOnWellConditionedData) {
  for (const Metric metric : {Metric::frobenius, Metric::vech}) {
    GaussianFitOptions options = comparing(metric);
    options.method = FitMethod::ascent;
    const GaussianFit fit = fit_gaussian(context(), moments(400, 4, 3, 0.5), options);
    EXPECT_TRUE(fit.ascent.converged()) << to_string(metric) << ": " << fit.ascent.brief_report();
    EXPECT_TRUE(at_most(fit.comparison->relative_error_covariance, 1e-12));
    EXPECT_TRUE(at_most(fit.comparison->relative_error_mean, 1e-12));
    EXPECT_TRUE(at_most(std::abs(fit.comparison->log_likelihood_gap), 1e-13 * std::abs(fit.log_likelihood)));
    EXPECT_FALSE(fit.covariance == moments(400, 4, 3, 0.5).covariance()) << "the ascent's result is reported";
  }
}

TEST_P(GaussianFitTest, EuclideanMetricsSayThatIterationsRanOutOnBadlyConditionedData) {
  for (const Metric metric : {Metric::frobenius, Metric::vech}) {
    GaussianFitOptions options = comparing(metric);
    options.ascent.max_iterations = 50;
    const GaussianFit fit = fit_gaussian(context(), moments(400, 4, 1e6, 0.5), options);
    EXPECT_EQ(fit.ascent.termination, Termination::iteration_limit);
    EXPECT_EQ(fit.ascent.iterations, 50);
    EXPECT_GT(fit.ascent.score_norm, 1e-6);
    EXPECT_GT(fit.comparison->log_likelihood_gap, 0);
    EXPECT_GT(fit.comparison->relative_error_covariance, 0);
    EXPECT_THAT(fit.ascent.brief_report(), HasSubstr("iterations ran out"));
    EXPECT_TRUE(same_bits(fit.covariance, moments(400, 4, 1e6, 0.5).covariance())) << "the closed form is reported";
  }
}

TEST(GaussianFitCostTest, IterationsMoveNoMatricesAndFisherFormsNoInverse) {
  const Index p = 20, n = 300;
  const std::vector<double> data = test::Random(1).rows(n, p, 10, 1);
  test::CallCounts counts;
  const Context context(std::make_unique<test::CountingOperations>(backends::make_reference(), counts), "counting");
  const MomentsBatch moments(compute_moments(context, RowsView::row_major(data.data(), n, p)));
  for (const Metric metric : {Metric::fisher, Metric::frobenius, Metric::vech}) {
    GaussianLikelihood objective(context, moments, metric);
    counts = {};
    AscentOptions options;
    options.max_iterations = 10;
    const AscentSummary summary = gradient_ascent(objective, options).front();
    EXPECT_GE(summary.iterations, 2);
    EXPECT_EQ(counts.transferred, 0) << "p-sized arrays crossed between host and device";
    EXPECT_EQ(counts.evaluations, summary.evaluations);
    EXPECT_EQ(counts.moves, summary.evaluations - 1);
    EXPECT_EQ(counts.scores, metric == Metric::fisher ? 0 : summary.iterations);
    EXPECT_EQ(counts.targets, metric == Metric::fisher ? summary.iterations : 0);
  }
  counts = {};
  fit_gaussian(context, moments);
  EXPECT_EQ(counts.ranks, 0) << "a comfortable Cholesky factor tells the rank";
}

TEST(GaussianFitCostTest, MoreGroupsNeedNoMoreCalls) {
  const Index p = 3, rows_per_group = 20;
  const std::vector<double> data = test::Random(1).rows(100 * rows_per_group, p, 10, 1);
  const auto calls = [&](Index groups) {
    test::CallCounts counts;
    const Context context(std::make_unique<test::CountingOperations>(backends::make_reference(), counts), "counting");
    std::vector<Index> offsets{0};
    for (Index g = 1; g <= groups; ++g) offsets.push_back(g * rows_per_group);
    const RowsView rows = RowsView::row_major(data.data(), groups * rows_per_group, p);
    const std::vector<GaussianFit> fits =
        fit_gaussian(context, compute_grouped_moments(context, rows, offsets), comparing());
    Index longest = 0, points = groups;  // S once for each
    for (const GaussianFit& fit : fits) {
      EXPECT_TRUE(fit.ascent.converged());
      longest = std::max(longest, fit.ascent.evaluations);
      points += fit.ascent.evaluations;
    }
    EXPECT_EQ(counts.evaluations, 1 + longest) << groups << " groups";
    EXPECT_EQ(counts.evaluated_problems, points);
    return counts.evaluations;
  };
  EXPECT_LE(calls(100), calls(2) + 1);
}

class GroupedFitTest : public test::DeviceTest {
 protected:
  /// Groups of p = 3: regular, one row, two rows, collinear, constant column, no weight, regular, overflowing, regular.
  static constexpr Index kColumns = 3;
  void SetUp() override {
    DeviceTest::SetUp();
    const Index sizes[] = {40, 1, 2, 30, 25, 10, 300, 10, 7};
    test::Random random(8);
    for (const Index size : sizes) {
      const std::vector<double> rows = random.rows(size, kColumns, 20, 2);
      data_.insert(data_.end(), rows.begin(), rows.end());
      offsets_.push_back(offsets_.back() + size);
    }
    weights_.assign(static_cast<std::size_t>(offsets_.back()), 1.0);
    for (Index i = offsets_[3]; i < offsets_[4]; ++i) data_[i * kColumns + 2] = 3 * data_[i * kColumns] - 1;
    for (Index i = offsets_[4]; i < offsets_[5]; ++i) data_[i * kColumns + 1] = 0.1;
    for (Index i = offsets_[5]; i < offsets_[6]; ++i) weights_[i] = 0;
    for (Index i = offsets_[7]; i < offsets_[8]; ++i) data_[i * kColumns] *= 1e300;
  }
  RowsView rows() const {
    return RowsView::row_major(data_.data(), offsets_.back(), kColumns).weighted(weights_.data());
  }
  MomentsBatch batch() const { return compute_grouped_moments(context(), rows(), offsets_); }

  std::vector<double> data_, weights_;
  std::vector<Index> offsets_{0};
};
SIGMAHAT_ON_EVERY_DEVICE(GroupedFitTest);

TEST_P(GroupedFitTest, StatusAndRankTellSingularGroupsApart) {
  const std::vector<GaussianFit> fits = fit_gaussian(context(), batch(), comparing());
  using Status = ProblemStatus;
  const Status statuses[] = {Status::ok,
                             Status::too_few_rows,
                             Status::too_few_rows,
                             Status::rank_deficient,
                             Status::rank_deficient,
                             Status::too_few_rows,
                             Status::ok,
                             Status::not_finite,
                             Status::ok};
  const Index ranks[] = {3, 0, 1, 2, 2, 0, 3, 0, 3};
  ASSERT_EQ(fits.size(), std::size(statuses));
  for (std::size_t g = 0; g < fits.size(); ++g) {
    SCOPED_TRACE("group " + std::to_string(g));
    EXPECT_EQ(fits[g].status, statuses[g]) << to_string(fits[g].status);
    EXPECT_EQ(fits[g].rank, ranks[g]);
    const bool regular = fits[g].status == Status::ok;
    EXPECT_EQ(fits[g].comparison.has_value(), regular);
    EXPECT_EQ(fits[g].ascent.termination != Termination::not_run, regular);
    EXPECT_EQ(std::isfinite(fits[g].log_likelihood), regular);
    if (!regular) {
      EXPECT_TRUE(same_bits(std::vector{fits[g].log_likelihood}, std::vector{kCanonicalNaN}));
      EXPECT_TRUE(same_bits(fits[g].covariance, batch()[static_cast<Index>(g)].covariance()))
          << "S as it is, no jitter";
    }
  }
  EXPECT_EQ(fits[1].rows, 1);
  EXPECT_EQ(fits[1].mean[0], data_[offsets_[1] * kColumns]);
  EXPECT_EQ(fits[5].weight, 0);
}

TEST_P(GroupedFitTest, EachGroupHasTheBitsOfItsFitAlone) {
  for (const Metric metric : {Metric::fisher, Metric::frobenius, Metric::vech, Metric::newton}) {
    GaussianFitOptions options = comparing(metric);
    options.method = FitMethod::ascent;
    options.ascent.max_iterations = 60;
    const MomentsBatch moments = batch();
    const std::vector<GaussianFit> fits = fit_gaussian(context(), moments, options);
    for (Index g = 0; g < moments.problems(); ++g) {
      SCOPED_TRACE(std::string(to_string(metric)) + ", group " + std::to_string(g));
      const GaussianFit alone = fit_gaussian(context(), moments[g], options);
      EXPECT_EQ(fits[g].status, alone.status);
      EXPECT_EQ(fits[g].rank, alone.rank);
      EXPECT_TRUE(same_bits(fits[g].mean, alone.mean));
      EXPECT_TRUE(same_bits(fits[g].covariance, alone.covariance));
      EXPECT_TRUE(same_bits(std::vector{fits[g].log_likelihood}, std::vector{alone.log_likelihood}));
      EXPECT_EQ(fits[g].ascent.termination, alone.ascent.termination);
      EXPECT_EQ(fits[g].ascent.iterations, alone.ascent.iterations);
      EXPECT_EQ(fits[g].ascent.evaluations, alone.ascent.evaluations);
      ASSERT_EQ(fits[g].ascent.trace.size(), alone.ascent.trace.size());
      for (std::size_t i = 0; i < alone.ascent.trace.size(); ++i) {
        EXPECT_EQ(fits[g].ascent.trace[i].value, alone.ascent.trace[i].value);
        EXPECT_EQ(fits[g].ascent.trace[i].step, alone.ascent.trace[i].step);
      }
    }
  }
}

TEST_P(GroupedFitTest, GroupsOfTheLargestSmallDimensionHaveTheBitsOfTheirFitAlone) {
  const Index p = 64, n = 300;
  const std::vector<double> data = test::Random(14).rows(n, p, 30, 1);
  const std::vector<Index> offsets{0, 70, 165, 300};
  const MomentsBatch moments = compute_grouped_moments(context(), RowsView::row_major(data.data(), n, p), offsets);
  GaussianFitOptions options = comparing();
  options.method = FitMethod::ascent;
  const std::vector<GaussianFit> fits = fit_gaussian(context(), moments, options);
  for (Index g = 0; g < moments.problems(); ++g) {
    const GaussianFit alone = fit_gaussian(context(), moments[g], options);
    EXPECT_TRUE(fits[g].ascent.converged());
    EXPECT_TRUE(same_bits(fits[g].mean, alone.mean));
    EXPECT_TRUE(same_bits(fits[g].covariance, alone.covariance));
    EXPECT_TRUE(same_bits(std::vector{fits[g].ascent.score_norm}, std::vector{alone.ascent.score_norm}));
  }
}

TEST_P(GroupedFitTest, LargeDimensionsAreToldApart) {
  const Index p = 70, n = 200;
  std::vector<double> data = test::Random(4).rows(2 * n, p, 10);
  for (Index i = 0; i < n; ++i) data[i * p + 69] = data[i * p + 3] + 2 * data[i * p + 40];
  const std::vector<Index> offsets{0, n, n + 70, 2 * n};
  const MomentsBatch moments = compute_grouped_moments(context(), RowsView::row_major(data.data(), 2 * n, p), offsets);
  const std::vector<GaussianFit> fits = fit_gaussian(context(), moments, comparing());
  EXPECT_EQ(fits[0].status, ProblemStatus::rank_deficient);
  EXPECT_EQ(fits[0].rank, 69);
  EXPECT_EQ(fits[1].status, ProblemStatus::too_few_rows);
  EXPECT_EQ(fits[1].rank, 69);
  EXPECT_EQ(fits[2].status, ProblemStatus::ok);
  EXPECT_EQ(fits[2].rank, 70);
  EXPECT_TRUE(fits[2].ascent.converged());
}

TEST_P(GaussianFitTest, RankDoesNotDependOnUnits) {
  const Index n = 60, p = 3;
  std::vector<double> data = test::Random(21).rows(n, p, 5);
  for (Index i = 0; i < n; ++i) {
    data[i * p] *= 1e-9;
    data[i * p + 2] *= 1e9;
  }
  const GaussianFit fit =
      fit_gaussian(context(), compute_moments(context(), RowsView::row_major(data.data(), n, p)), comparing());
  EXPECT_EQ(fit.rank, 3);
  EXPECT_EQ(fit.status, ProblemStatus::ok);
  EXPECT_TRUE(fit.ascent.converged());
  EXPECT_TRUE(at_most(fit.comparison->relative_error_covariance, 1e-12));
}

TEST_P(GaussianFitTest, StartsAndOptionsThatCannotBeAreRefused) {
  const Moments m = moments(50, 3, 10);
  GaussianFitOptions options = comparing();
  options.start.kind = AscentStart::Kind::given;
  options.start.mean = {0, 0, 0};
  options.start.covariance = Matrix::identity(3);
  options.start.covariance(0, 1) = options.start.covariance(1, 0) = 1;
  try {
    fit_gaussian(context(), m, options);
    FAIL() << "a singular start was taken";
  } catch (const NumericalError& error) {
    EXPECT_THAT(error.what(), HasSubstr("start covariance: it is not positive definite"));
  }
  options.start.covariance = Matrix::identity(4);
  EXPECT_THROW(fit_gaussian(context(), m, options), InvalidArgument);
  options.start.covariance = Matrix::identity(3);
  options.start.mean = {0, 0};
  EXPECT_THROW(fit_gaussian(context(), m, options), InvalidArgument);
  options = {};
  options.rank_tolerance = std::numeric_limits<double>::quiet_NaN();
  EXPECT_THROW(fit_gaussian(context(), m, options), InvalidArgument);
  options = {};
  options.ascent.step_reduction = 2;
  EXPECT_THROW(fit_gaussian(context(), m, options), InvalidArgument);
}

}  // namespace
}  // namespace sigmahat
