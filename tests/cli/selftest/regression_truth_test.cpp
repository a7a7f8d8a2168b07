// Stored regressions against elimination in long double from exact moments, and against NIST's certified values as the
// file of the tests has them.
#include <gtest/gtest.h>

#include <boost/math/distributions/students_t.hpp>
#include <cmath>
#include <map>
#include <sstream>

#include "cli_support.hpp"
#include "truth.hpp"

namespace sigmahat::cli::test {
namespace {

using selftest::Longley;
using selftest::RaggedSample;
using selftest::Sample;

/// A regression with an intercept, from exact moments of [X y].
struct Regression {
  Regression(const Sample& sample, const std::vector<double>& y, Index first, Index last)
      : moments(sample, first, last, y),
        k(sample.columns),
        inverse(predictors()),
        coefficients(1, moments.mean.back()) {
    const auto slope_count = static_cast<std::size_t>(k);
    tss = moments.scatter.at(k, k);
    rss = tss;
    for (Index j = 0; j < k; ++j) {
      Real slope = 0;
      for (Index l = 0; l < k; ++l) slope += inverse.inverse.at(j, l) * moments.scatter.at(l, k);
      coefficients.push_back(slope);
      coefficients[0] -= slope * moments.mean[static_cast<std::size_t>(j)];
      rss -= slope * moments.scatter.at(j, k);
    }
    degrees = static_cast<Real>(moments.rows - k - 1);
    Real leverage = 1 / moments.weight;
    errors.resize(slope_count + 1);
    for (Index j = 0; j < k; ++j) {
      errors[static_cast<std::size_t>(j + 1)] = std::sqrt(rss / degrees * inverse.inverse.at(j, j));
      for (Index l = 0; l < k; ++l) {
        leverage += moments.mean[static_cast<std::size_t>(j)] * moments.mean[static_cast<std::size_t>(l)] *
                    inverse.inverse.at(j, l);
      }
    }
    errors[0] = std::sqrt(rss / degrees * leverage);
  }
  Square predictors() const {
    Square x(k);
    for (Index i = 0; i < k; ++i) {
      for (Index j = 0; j < k; ++j) x.at(i, j) = moments.scatter.at(i, j);
    }
    return x;
  }

  Exact moments;
  Index k;
  Inverse inverse;
  std::vector<Real> coefficients, errors;
  Real rss = 0, tss = 0, degrees = 0;
};

TEST(SelftestTruth, WeightedRegression) {
  const Sample sample = selftest::normal_sample(1000, 7, true);
  const Regression truth(sample, selftest::response(sample), 0, 1000);
  const std::string name = "weighted regression on 7 columns: ";
  const std::vector<double> both = stored(name + "coefficients, standard errors");
  const std::vector<double> inference = stored(name + "p-values, limits");
  ASSERT_EQ(both.size(), 16u);
  ASSERT_EQ(inference.size(), 24u);
  const boost::math::students_t_distribution<Real> student(truth.degrees);
  const Real critical = boost::math::quantile(student, 0.975L);
  for (std::size_t j = 0; j < 8; ++j) {
    const Real b = truth.coefficients[j], e = truth.errors[j];
    expect_close(both[j], b, 1e-11L, "coefficient");
    expect_close(both[8 + j], e, 1e-12L, "standard error");
    expect_close(inference[j], 2 * boost::math::cdf(boost::math::complement(student, std::abs(b / e))), 1e-9L, "p");
    expect_close(inference[8 + j], b - critical * e, 1e-9L, "lower limit");
    expect_close(inference[16 + j], b + critical * e, 1e-9L, "upper limit");
  }
  const std::vector<double> done = stored(name + "RSS, TSS, condition, rank, route, status");
  ASSERT_EQ(done.size(), 6u);
  expect_close(done[0], truth.rss, 1e-12L, "RSS");
  expect_close(done[1], truth.tss, 1e-12L, "TSS");
  EXPECT_GE(done[2], 1) << "condition";
  EXPECT_LT(done[2], 3) << "condition";
  EXPECT_EQ(done[3], 8) << "rank";
  EXPECT_EQ(done[5], static_cast<double>(ProblemStatus::ok));
}

TEST(SelftestTruth, RobustErrorsAndResiduals) {
  const Sample sample = selftest::normal_sample(1000, 7, true);
  const std::vector<double> y = selftest::response(sample);
  const Regression truth(sample, y, 0, 1000);
  const std::vector<double> residuals = stored("weighted regression on 7 columns: 20 residuals");
  ASSERT_EQ(residuals.size(), 20u);
  std::vector<Real> mean = truth.moments.mean;
  // In coordinates about the mean: a row is (1, x − x̄), whose normal equations fall into two parts.
  std::vector<Real> meat(64, 0);
  for (std::size_t i = 0; i < 1000; ++i) {
    const Real w = sample.weights[i];
    std::vector<Real> row(8, 1), weighed(8, 0);
    Real residual = y[i] - mean[7];
    for (std::size_t j = 0; j < 7; ++j) {
      row[j + 1] = sample.values[7 * i + j] - mean[j];
      residual -= truth.coefficients[j + 1] * row[j + 1];
    }
    if (i < 20) expect_near(residuals[i], residual, 1e-10L, "residual");
    weighed[0] = 1 / truth.moments.weight;
    Real leverage = weighed[0];
    for (Index j = 0; j < 7; ++j) {
      for (Index l = 0; l < 7; ++l) {
        weighed[static_cast<std::size_t>(j + 1)] +=
            truth.inverse.inverse.at(j, l) * row[static_cast<std::size_t>(l + 1)];
      }
      leverage += weighed[static_cast<std::size_t>(j + 1)] * row[static_cast<std::size_t>(j + 1)];
    }
    const Real share = w * residual / (1 - w * leverage);
    for (std::size_t j = 0; j < 8; ++j) {
      for (std::size_t l = 0; l < 8; ++l) meat[8 * j + l] += share * share * weighed[j] * weighed[l];
    }
  }
  const std::vector<double> errors = stored("weighted regression on 7 columns: HC3 errors");
  ASSERT_EQ(errors.size(), 8u);
  Real intercept = meat[0];  // α = ȳ − Σ βx̄
  for (std::size_t j = 1; j < 8; ++j) {
    expect_close(errors[j], std::sqrt(meat[9 * j]), 1e-11L, "HC3");
    intercept -= 2 * mean[j - 1] * meat[j];
    for (std::size_t l = 1; l < 8; ++l) intercept += mean[j - 1] * mean[l - 1] * meat[8 * j + l];
  }
  expect_close(errors[0], std::sqrt(intercept), 1e-11L, "HC3 of the intercept");
}

TEST(SelftestTruth, RegressionOnManyColumns) {
  const Sample sample = selftest::normal_sample(400, 100, false);
  const Regression truth(sample, selftest::response(sample), 0, 400);
  const std::vector<double> some = stored("regression on 100 columns: 24 numbers");
  ASSERT_EQ(some.size(), 24u);
  for (std::size_t k = 0; k <= 10; ++k) {
    expect_close(some[2 * k], truth.coefficients[10 * k], 1e-10L, "coefficient");
    expect_close(some[2 * k + 1], truth.errors[10 * k], 1e-11L, "standard error");
  }
  expect_close(some[22], truth.rss, 1e-11L, "RSS");
  expect_close(some[23], truth.tss, 1e-12L, "TSS");
}

TEST(SelftestTruth, RaggedRegressions) {
  const RaggedSample ragged = selftest::ragged_sample();
  const Sample sample{ragged.offsets.back(), 3, ragged.x, {}};
  const std::vector<double> all = stored("60 ragged regressions");
  constexpr std::size_t kMany = RaggedSample::kProblems;
  ASSERT_EQ(all.size(), kMany * (6 + 8));  // RSS, TSS, condition, rank, route, status; coefficients, standard errors
  const std::map<Index, ProblemStatus> special = {{RaggedSample::kDependent, ProblemStatus::rank_deficient},
                                                  {RaggedSample::kNotFinite, ProblemStatus::not_finite},
                                                  {RaggedSample::kTooFewRows, ProblemStatus::too_few_rows},
                                                  {RaggedSample::kPowers, ProblemStatus::refined_by_qr}};
  for (std::size_t b = 0; b < kMany; ++b) {
    const auto place = special.find(static_cast<Index>(b));
    const ProblemStatus status = place == special.end() ? ProblemStatus::ok : place->second;
    EXPECT_EQ(all[5 * kMany + b], static_cast<double>(status)) << b;
    if (place != special.end()) continue;
    const Regression truth(sample, ragged.y, ragged.offsets[b], ragged.offsets[b + 1]);
    const std::string what = fmt::format("problem {}", b);
    expect_close(all[b], truth.rss, 1e-11L, what);
    expect_close(all[kMany + b], truth.tss, 1e-12L, what);
    EXPECT_EQ(all[3 * kMany + b], 4) << what;
    for (std::size_t j = 0; j < 4; ++j) {
      expect_near(all[6 * kMany + 4 * b + j], truth.coefficients[j], 1e-11L * truth.errors[j], what);
      expect_close(all[10 * kMany + 4 * b + j], truth.errors[j], 1e-11L, what);
    }
  }
  const std::vector<double> five = stored("60 ragged regressions: status, rank, route of 5");
  ASSERT_EQ(five.size(), 15u);
  EXPECT_EQ(five[1], 3) << "the rank of the dependent columns";
}

TEST(SelftestTruth, LongleyIsNists) {
  std::istringstream lines(read_file(SIGMAHAT_LONGLEY));
  std::string line;
  std::getline(lines, line);
  std::vector<double> x, y;
  while (std::getline(lines, line)) {
    std::istringstream cells(line);
    std::string cell;
    for (int column = 0; std::getline(cells, cell, ','); ++column) (column == 0 ? y : x).push_back(std::stod(cell));
  }
  EXPECT_EQ(Longley::x(), x);
  EXPECT_EQ(Longley::y(), y);
  std::istringstream certified(read_file(SIGMAHAT_CERTIFIED));
  std::map<std::string, double> values;
  while (std::getline(certified, line)) {
    if (!line.starts_with("Longley,")) continue;
    const std::size_t comma = line.rfind(',');
    values[line.substr(8, comma - 8)] = std::stod(line.substr(comma + 1));
  }
  ASSERT_EQ(values.size(), 16u);
  for (const std::string route : {"QR", "any route"}) {
    const std::vector<double> b = stored("Longley's regression by " + route + ": coefficients");
    const std::vector<double> e = stored("Longley's regression by " + route + ": standard errors");
    ASSERT_EQ(b.size(), 7u);
    ASSERT_EQ(e.size(), 7u);
    for (std::size_t j = 0; j < 7; ++j) {
      const double beta = values.at(fmt::format("b{}", j)), error = values.at(fmt::format("se{}", j));
      EXPECT_EQ(Longley::coefficients()[j], beta);
      EXPECT_EQ(Longley::standard_errors()[j], error);
      expect_close(b[j], beta, 1e-11L, "coefficient");
      expect_close(e[j], error, 1e-11L, "standard error");
    }
    const std::vector<double> done =
        stored("Longley's regression by " + route + ": RSS, TSS, condition, rank, route, status");
    expect_close(done.at(0), 9 * values.at("sigma") * values.at("sigma"), 1e-13L, "RSS");
    expect_close(1 - static_cast<Real>(done.at(0)) / done.at(1), values.at("r2"), 1e-13L, "R²");
    EXPECT_EQ(done.at(3), 7) << "rank";
  }
  EXPECT_EQ(Longley::kResidualDeviation, values.at("sigma"));
  EXPECT_EQ(Longley::kRSquared, values.at("r2"));
}

}  // namespace
}  // namespace sigmahat::cli::test
