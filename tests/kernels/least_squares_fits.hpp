// Batches of regressions and room for all that Operations::least_squares can give.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "sigmahat/host/operations.hpp"
#include "support.hpp"

namespace sigmahat::test {

/// Which results are asked for.
enum class Wanted { coefficients, plain, everything };

/// One backend's results.
struct LeastSquaresResults {
  LeastSquaresResults(const LeastSquaresRows& rows, const LeastSquaresSpec& spec)
      : k(rows.columns() + (spec.intercept ? 1 : 0)), q(rows.columns() + 1), problems(rows.problems) {
    const auto room = [](Index count) { return std::vector<double>(static_cast<std::size_t>(count), -77.0); };
    for (auto* const array : {&rss, &tss, &residual_dof, &weight, &condition}) *array = room(problems);
    coefficients = room(problems * k);
    standard_errors = room(problems * k);
    covariance = room(problems * k * k);
    residuals = room(rows.x.rows);
    fitted = room(rows.x.rows);
    gram = room(problems * q * q);
    mean = room(problems * q);
    counted.assign(problems, -1);
    dropped.assign(problems, -1);
    rank.assign(problems, -1);
    route.assign(problems, RouteTaken::none);
    status.assign(problems, ProblemStatus::not_positive_definite);
  }

  LeastSquaresView view(Wanted wanted) {
    LeastSquaresView v;
    v.coefficients = coefficients.data();
    v.status = status.data();
    if (wanted == Wanted::coefficients) return v;
    v.standard_errors = standard_errors.data();
    v.rss = rss.data();
    v.tss = tss.data();
    v.residual_dof = residual_dof.data();
    v.weight = weight.data();
    v.rows = counted.data();
    v.dropped = dropped.data();
    v.condition = condition.data();
    v.rank = rank.data();
    v.route = route.data();
    if (wanted == Wanted::plain) return v;
    v.covariance = covariance.data();
    v.residuals = residuals.data();
    v.fitted = fitted.data();
    v.gram = gram.data();
    v.mean = mean.data();
    return v;
  }

  Index k, q, problems;
  std::vector<double> coefficients, standard_errors, covariance, rss, tss, residual_dof, weight, residuals, fitted,
      gram, mean, condition;
  std::vector<Index> counted, dropped;
  std::vector<std::int32_t> rank;
  std::vector<RouteTaken> route;
  std::vector<ProblemStatus> status;
};

/// Bit by bit; `d3_alone` leaves out what no backend promises to others.
inline void expect_same(const LeastSquaresResults& actual, const LeastSquaresResults& expected, bool d3_alone = false) {
  EXPECT_EQ(actual.status, expected.status);
  EXPECT_EQ(actual.route, expected.route);
  EXPECT_EQ(actual.rank, expected.rank);
  EXPECT_EQ(actual.counted, expected.counted);
  EXPECT_EQ(actual.dropped, expected.dropped);
  EXPECT_TRUE(same_bits(actual.coefficients, expected.coefficients)) << "coefficients";
  EXPECT_TRUE(same_bits(actual.rss, expected.rss)) << "RSS";
  EXPECT_TRUE(same_bits(actual.tss, expected.tss)) << "TSS";
  EXPECT_TRUE(same_bits(actual.residual_dof, expected.residual_dof)) << "degrees of freedom";
  EXPECT_TRUE(same_bits(actual.weight, expected.weight)) << "weight";
  EXPECT_TRUE(same_bits(actual.condition, expected.condition)) << "condition";
  EXPECT_TRUE(same_bits(actual.gram, expected.gram)) << "Gram matrix";
  EXPECT_TRUE(same_bits(actual.mean, expected.mean)) << "mean";
  if (d3_alone) return;
  EXPECT_TRUE(same_bits(actual.standard_errors, expected.standard_errors)) << "standard errors";
  EXPECT_TRUE(same_bits(actual.covariance, expected.covariance)) << "covariance";
  EXPECT_TRUE(same_bits(actual.residuals, expected.residuals)) << "residuals";
  EXPECT_TRUE(same_bits(actual.fitted, expected.fitted)) << "fitted values";
}

/// z = (x, y) of TestRows as a batch: the columns of one array, cut at the offsets.
inline LeastSquaresRows regression_rows(const RowsView& z, const std::vector<Index>& offsets) {
  LeastSquaresRows rows;
  rows.x = rows.y = z;
  rows.x.columns = z.columns - 1;
  rows.y.columns = 1;
  rows.y.weights = nullptr;
  const Index item = z.type == ScalarType::float64 ? sizeof(double) : sizeof(float);
  const Index step = z.layout == Layout::row_major ? 1 : z.leading_dimension;
  if (z.data != nullptr) rows.y.data = static_cast<const char*>(z.data) + (z.columns - 1) * step * item;
  rows.problems = std::ssize(offsets) - 1;
  rows.offsets = offsets;
  return rows;
}

/// Regressions that need all routes, `rows` rows each, row-major without padding. Problem b is: 1: two equal columns;
/// 2, 3: nearly so; 4: y without residuals; 5: a constant column; 6: a NaN; 7: all weights 0, where there are weights; the
/// others: ordinary.
struct DifficultBatch {
  DifficultBatch(Index problem_rows, Index columns, bool weighted) : k(columns), rows(problem_rows) {
    const std::vector<double> noise = normals(kProblems * rows * (k + 1), 17);
    x.resize(kProblems * rows * k);
    y.resize(kProblems * rows);
    for (Index row = 0; row < kProblems * rows; ++row) {
      double sum = 0;
      for (Index j = 0; j < k; ++j) sum += x[row * k + j] = noise[row * (k + 1) + j] + static_cast<double>(j % 3);
      double* const own = x.data() + row * k;
      const Index b = row / rows;
      if (b == 1) own[1] = own[0];
      if (b == 2) own[1] = own[0] + 1e-2 * own[1];
      if (b == 3) own[1] = own[0] + 1e-7 * own[1];
      if (b == 5) own[0] = 4;
      y[row] = sum + (b == 4 ? 0.0 : noise[row * (k + 1) + k]);
      weights.push_back(b == 7 ? 0.0 : 0.25 * static_cast<double>(row * 7 % 10));
    }
    x[6 * rows * k] = kNaN;
    if (!weighted) weights.clear();
  }
  LeastSquaresRows view() const {
    LeastSquaresRows batch;
    batch.x = RowsView::row_major(x.data(), kProblems * rows, k);
    batch.y = RowsView::row_major(y.data(), kProblems * rows, 1);
    if (!weights.empty()) batch.x.weights = weights.data();
    batch.problems = kProblems;
    batch.rows_per_problem = rows;
    return batch;
  }

  static constexpr Index kProblems = 12;
  Index k, rows;
  std::vector<double> x, y, weights;
};

}  // namespace sigmahat::test
