// The objective's derivative against dual numbers, and the ascent against the closed form.
#include <gtest/gtest.h>

#include <boost/math/differentiation/autodiff.hpp>
#include <cmath>
#include <limits>
#include <string>

#include "sigmahat/least_squares_objective.hpp"
#include "support/compare.hpp"
#include "support/devices.hpp"
#include "support/regression_data.hpp"

namespace sigmahat {
namespace {

using test::at_most;
using test::item;
using test::Regressions;
using test::within;

class LeastSquaresAscent : public test::DeviceTest {};

LeastSquaresOptions with_ascent(bool intercept, double ridge) {
  LeastSquaresOptions options;
  options.intercept = intercept;
  options.ridge = ridge;
  options.compare = true;
  return options;
}

TEST_P(LeastSquaresAscent, ReachesTheClosedFormInOneStepOrTwo) {
  const Regressions data(3, 4, 50, 3, 2);
  for (const bool intercept : {false, true}) {
    for (const double ridge : {0.0, 2.0}) {
      const auto batch = data.batch().weighted(data.weights.data());
      LeastSquaresOptions options = with_ascent(intercept, ridge);
      const auto closed = fit_least_squares(context(), batch, options);
      options.method = FitMethod::ascent;
      const auto ascended = fit_least_squares(context(), batch, options);
      for (Index b = 0; b < data.problems; ++b) {
        EXPECT_TRUE(closed.ascent[b].converged()) << to_string(closed.ascent[b].termination);
        EXPECT_LE(closed.ascent[b].iterations, 2);
        EXPECT_TRUE(at_most(closed.comparison[b].relative_error, 1e-13));
        EXPECT_TRUE(at_most(test::relative_error(item(ascended.coefficients, b, ascended.coefficient_count),
                                                 item(closed.coefficients, b, closed.coefficient_count)),
                            1e-13));
      }
    }
  }
}

TEST_P(LeastSquaresAscent, WithoutConvergenceThereIsNoInference) {
  const Regressions data(7, 2, 20, 2);
  LeastSquaresOptions options = with_ascent(true, 0);
  options.method = FitMethod::ascent;
  options.standard_errors = StandardErrors::classical;
  options.outputs = {.t = true, .p = true, .goodness = true, .residuals = true};
  options.ascent.max_iterations = 0;
  const auto fit = fit_least_squares(context(), data.batch(), options);
  EXPECT_EQ(fit.status[0], ProblemStatus::not_converged);
  EXPECT_EQ(fit.coefficients, std::vector<double>(6, 0.0));
  for (const auto* values : {&fit.standard_errors, &fit.t, &fit.p, &fit.rss, &fit.r_squared, &fit.residuals}) {
    ASSERT_FALSE(values->empty());
    for (const double value : *values) EXPECT_TRUE(std::isnan(value));
  }
}

TEST_P(LeastSquaresAscent, IsNotRunWhereThereIsNoSolution) {
  Regressions data(5, 3, 20, 2);
  data.y[25] = std::numeric_limits<double>::quiet_NaN();
  const auto fit = fit_least_squares(context(), data.batch(), with_ascent(true, 0));
  EXPECT_EQ(fit.ascent[1].termination, Termination::not_run);
  EXPECT_TRUE(std::isnan(fit.comparison[1].relative_error));
  EXPECT_TRUE(fit.ascent[0].converged() && fit.ascent[2].converged());
}

TEST_P(LeastSquaresAscent, TheGradientGetsThereToo) {
  const Regressions data(3, 4, 60, 3, 0.2);
  for (const bool intercept : {false, true}) {
    for (const double ridge : {0.0, 2.0}) {
      LeastSquaresOptions options = with_ascent(intercept, ridge);
      options.ascent.keep_trace = true;
      const auto newton = fit_least_squares(context(), data.batch(), options);
      options.metric = LeastSquaresMetric::euclidean;
      const auto fit = fit_least_squares(context(), data.batch(), options);
      for (Index b = 0; b < data.problems; ++b) {
        SCOPED_TRACE(fit.ascent[b].full_report());
        EXPECT_TRUE(fit.ascent[b].converged());
        EXPECT_TRUE(at_most(fit.comparison[b].relative_error, 1e-12));
        EXPECT_GT(fit.ascent[b].iterations, 5 * newton.ascent[b].iterations);
        EXPECT_EQ(fit.ascent[b].maximum_step, std::numeric_limits<double>::infinity());
        EXPECT_EQ(fit.ascent[b].trace[1].step, 1) << "the trace of the Hessian makes the unit step a safe one";
        for (std::size_t i = 1; i < fit.ascent[b].trace.size(); ++i) {
          EXPECT_GE(fit.ascent[b].trace[i].value, fit.ascent[b].trace[i - 1].value - 4 * 0x1p-52);
        }
      }
    }
  }
}

/// Columns that are more and more alike: Newton does not notice, the gradient crawls; units alone do not make it crawl.
TEST_P(LeastSquaresAscent, TheGradientCrawlsWhereTheConditionIsBad) {
  const auto fitted = [&](double difference, double unit, LeastSquaresMetric metric) {
    Regressions data(11, 1, 80, 6);
    for (Index i = 0; i < data.rows; ++i) {
      double* const x = data.row_of(0, i);
      for (int j = 1; j < 6; ++j) x[j] = unit * (std::pow(difference, j) * x[j] + (difference < 1 ? x[0] : 0));
    }
    LeastSquaresOptions options = with_ascent(false, 0);
    options.metric = metric;
    options.ascent.score_tolerance = 1e-10;  // what the worst of these conditions lets rounding reach
    return fit_least_squares(context(), data.batch(), options);
  };
  using enum LeastSquaresMetric;
  for (const double difference : {1.0, 0.6, 0.3}) {
    const auto fit = fitted(difference, 1, newton);
    EXPECT_TRUE(fit.ascent[0].converged()) << fit.ascent[0].full_report();
    EXPECT_LE(fit.ascent[0].iterations, 3);
    EXPECT_TRUE(at_most(fit.comparison[0].relative_error, 1e-9));
  }
  for (const double unit : {1.0, 1e9}) {
    const auto fit = fitted(1, unit, euclidean);
    EXPECT_TRUE(fit.ascent[0].converged()) << fit.ascent[0].full_report();
    EXPECT_LT(fit.ascent[0].iterations, 200);
  }
  const auto fit = fitted(0.3, 1, euclidean);
  EXPECT_FALSE(fit.ascent[0].converged()) << fit.ascent[0].full_report();
  EXPECT_GT(fit.ascent[0].iterations, 30);
  EXPECT_GT(fit.ascent[0].score_norm, 1e-8);
  EXPECT_GT(fit.comparison[0].relative_error, 1e-8) << "short of what Newton reaches";
}

SIGMAHAT_ON_EVERY_DEVICE(LeastSquaresAscent);

/// −½[Σ w (y − α − xᵀβ)² + λ‖β‖²] over any scalar, from the rows.
template <class T>
T objective(const Regressions& data, bool intercept, double ridge, const std::vector<T>& coefficients) {
  const std::size_t first = intercept ? 1 : 0;
  T sum(0);
  for (Index i = 0; i < data.rows; ++i) {
    T r = T(data.y[static_cast<std::size_t>(i)]);
    if (intercept) r -= coefficients[0];
    for (Index j = 0; j < data.columns; ++j) {
      r -= coefficients[first + static_cast<std::size_t>(j)] * data.x[static_cast<std::size_t>(i * data.columns + j)];
    }
    sum += data.weights[static_cast<std::size_t>(i)] * r * r;
  }
  for (std::size_t j = first; j < coefficients.size(); ++j) sum += ridge * coefficients[j] * coefficients[j];
  return -0.5 * sum;
}

/// After half a unit step, the value and the slope along the direction are those that dual numbers give on the rows.
TEST(LeastSquaresObjective, HasTheValueAndTheDerivativeOfTheRows) {
  using boost::math::differentiation::make_fvar;
  for (const bool intercept : {false, true}) {
    for (const double ridge : {0.0, 1.5}) {
      const Regressions data(8, 1, 25, 3, 1);
      const Context context({"cpu", 1});
      LeastSquaresSpec spec;
      spec.intercept = intercept;
      spec.ridge = ridge;
      GramBatch gram{1, 3, intercept, ridge, std::vector<double>(16), std::vector<double>(4), std::vector<double>(1)};
      LeastSquaresView view;
      view.gram = gram.gram.data();
      view.mean = gram.mean.data();
      view.weight = gram.weight.data();
      context.operations().least_squares(data.batch().weighted(data.weights.data()).rows, spec, view);
      const double total = gram.gram[15];

      LeastSquaresObjective target(gram);
      const std::vector<Index> active = {0};
      std::vector<AscentObjective::Evaluation> at(1);
      std::vector<AscentObjective::Direction> direction(1);
      std::vector<double> change(1);
      target.evaluate(active, at);
      target.accept(active);
      const std::vector<double> start = target.current(0);
      target.direction(active, direction);
      target.move(active, std::vector<double>{0.5}, change);
      target.evaluate(active, at);
      target.accept(active);
      const std::vector<double> half = target.current(0);
      EXPECT_TRUE(within(at[0].value, objective(data, intercept, ridge, half) / total, 1e-13));
      EXPECT_EQ(start, std::vector<double>(start.size(), 0.0));

      // The line through both points, in a dual number: f(start + t·direction) at t = 0.
      const auto t = make_fvar<double, 1>(0.0);
      std::vector<std::remove_const_t<decltype(t)>> line;
      for (std::size_t j = 0; j < half.size(); ++j) line.push_back(start[j] + 2 * (half[j] - start[j]) * t);
      const auto along = objective(data, intercept, ridge, line);
      EXPECT_TRUE(within(direction[0].slope, along.derivative(1) / total, 1e-12));
    }
  }
}

/// From β = 0 the unit step of the gradient is −½∂l/∂β, by dual numbers on the rows, times the squares of the scales, over
/// the trace of the scaled XᵀX: the columns of X here are its own scales.
TEST(LeastSquaresObjective, TheGradientIsThatOfTheRows) {
  using boost::math::differentiation::make_fvar;
  const Regressions data(8, 1, 25, 3, 1);
  GramBatch gram{1, 3, false, 0, std::vector<double>(16), std::vector<double>(4), std::vector<double>(1)};
  LeastSquaresView view;
  view.gram = gram.gram.data();
  view.mean = gram.mean.data();
  view.weight = gram.weight.data();
  const Context context({"cpu", 1});
  context.operations().least_squares(data.batch().weighted(data.weights.data()).rows, {}, view);
  LeastSquaresObjective target(gram, LeastSquaresMetric::euclidean);
  const std::vector<Index> active = {0};
  std::vector<AscentObjective::Evaluation> at(1);
  std::vector<AscentObjective::Direction> direction(1);
  std::vector<double> change(1);
  target.evaluate(active, at);
  target.accept(active);
  target.direction(active, direction);
  target.move(active, std::vector<double>{1.0}, change);
  target.evaluate(active, at);
  target.accept(active);
  const std::vector<double> moved = target.current(0);
  double trace = 0, slope = 0;
  std::vector<double> scales, gradient;
  for (std::size_t j = 0; j < 3; ++j) {
    double scale = 1;  // a power of two that brings the diagonal into [1, 4)
    while (scale * scale * gram.gram[5 * j] >= 4) scale /= 2;
    while (scale * scale * gram.gram[5 * j] < 1) scale *= 2;
    std::vector<decltype(make_fvar<double, 1>(0.0))> point(3, decltype(make_fvar<double, 1>(0.0))(0.0));
    point[j] = make_fvar<double, 1>(0.0);
    gradient.push_back(objective(data, false, 0, point).derivative(1));
    scales.push_back(scale);
    trace += scale * scale * gram.gram[5 * j];
  }
  for (std::size_t j = 0; j < 3; ++j) {
    const double expected = gradient[j] * scales[j] * scales[j] / trace;
    EXPECT_TRUE(within(moved[j], expected, 1e-13 * std::abs(expected)));
    slope += gradient[j] * expected / gram.gram[15];
  }
  EXPECT_TRUE(within(direction[0].slope, slope, 1e-13 * slope));
  EXPECT_EQ(direction[0].increase_rate, direction[0].slope);
}

/// ∂l/∂β = 2Xᵀ(Xβ − y), element by element, against dual numbers.
TEST(LeastSquaresObjective, GradientIsTheDocumentsFormula) {
  using boost::math::differentiation::make_fvar;
  const Regressions data(9, 1, 7, 3);
  const std::vector<double> beta = {0.3, -1.2, 2.0};
  for (std::size_t j = 0; j < 3; ++j) {
    std::vector<decltype(make_fvar<double, 1>(0.0))> point;
    for (std::size_t c = 0; c < 3; ++c) {
      point.push_back(c == j ? make_fvar<double, 1>(beta[c]) : decltype(make_fvar<double, 1>(0.0))(beta[c]));
    }
    double formula = 0;  // −½ of 2Xᵀ W (Xβ − y)
    for (Index i = 0; i < data.rows; ++i) {
      const double* const x = data.x.data() + i * 3;
      const double r = data.y[static_cast<std::size_t>(i)] - (x[0] * beta[0] + x[1] * beta[1] + x[2] * beta[2]);
      formula += data.weights[static_cast<std::size_t>(i)] * x[j] * r;
    }
    EXPECT_TRUE(within(objective(data, false, 0, point).derivative(1), formula, 1e-13));
  }
}

}  // namespace
}  // namespace sigmahat
