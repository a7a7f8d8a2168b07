// More columns than the own kernels take: batches on every device against another device, which computes by other means, and
// against the normal equations themselves.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>

#include "support/compare.hpp"
#include "support/devices.hpp"
#include "support/regression_data.hpp"

namespace sigmahat {
namespace {

using test::at_most;
using test::item;
using test::Regressions;
using test::same_bits;
using ::testing::Each;

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr Index kColumns = 70;

/// Problems of 70 columns with unequal numbers of rows; some need two pieces of 2048 rows, one has too few.
struct LargeBatch {
  LargeBatch() : data(41, 1, offsets.back(), kColumns, 1) {
    for (double& value : data.y) value += 3;
  }
  LeastSquaresBatch batch() const {
    return LeastSquaresBatch::ragged(RowsView::row_major(data.x.data(), data.rows, kColumns),
                                     RowsView::row_major(data.y.data(), data.rows, 1), offsets);
  }
  LeastSquaresBatch weighted() const { return batch().weighted(data.weights.data()); }
  Index problems() const { return std::ssize(offsets) - 1; }
  double* row_of(Index problem, Index row) { return data.row_of(0, offsets[problem] + row); }
  double& y_of(Index problem, Index row) { return data.y[static_cast<std::size_t>(offsets[problem] + row)]; }

  static constexpr Index kShort = 3;
  std::vector<Index> offsets{0, 150, 350, 640, 680, 2980, 3180, 3380, 3600};
  Regressions data;
};

LeastSquaresOptions classical(bool intercept, double ridge = 0) {
  LeastSquaresOptions options;
  options.intercept = intercept;
  options.ridge = ridge;
  options.standard_errors = StandardErrors::classical;
  options.outputs.goodness = true;
  return options;
}

class LargeLeastSquares : public test::DeviceTest {
 protected:
  /// A device whose arithmetic is another: the reference for all but itself.
  static LeastSquaresFit on_other_device(const LeastSquaresBatch& batch, const LeastSquaresOptions& options) {
    return fit_least_squares(Context({GetParam() == std::string("reference") ? "cpu" : "reference", 2}), batch,
                             options);
  }
};

/// Numbers of problem b are within `bound` of each other.
void expect_close(const LeastSquaresFit& fit, const LeastSquaresFit& expected, Index b, double bound) {
  SCOPED_TRACE("problem " + std::to_string(b));
  const Index count = fit.coefficient_count;
  EXPECT_EQ(fit.status[b], expected.status[b]);
  EXPECT_EQ(fit.route[b], expected.route[b]);
  EXPECT_EQ(fit.rank[b], expected.rank[b]);
  EXPECT_EQ(fit.rows[b], expected.rows[b]);
  for (const auto member : {&LeastSquaresFit::coefficients, &LeastSquaresFit::standard_errors}) {
    EXPECT_TRUE(at_most(test::relative_error(item(fit.*member, b, count), item(expected.*member, b, count)), bound));
  }
  for (const auto member : {&LeastSquaresFit::rss, &LeastSquaresFit::tss, &LeastSquaresFit::residual_dof,
                            &LeastSquaresFit::condition, &LeastSquaresFit::sigma_squared}) {
    EXPECT_TRUE(at_most(test::relative_error(item(fit.*member, b, 1), item(expected.*member, b, 1)), bound));
  }
}

void expect_same(const LeastSquaresFit& fit, const LeastSquaresFit& expected, Index b) {
  SCOPED_TRACE("problem " + std::to_string(b));
  const Index count = fit.coefficient_count;
  for (const auto member : {&LeastSquaresFit::coefficients, &LeastSquaresFit::standard_errors}) {
    EXPECT_TRUE(same_bits(item(fit.*member, b, count), item(expected.*member, b, count)));
  }
  for (const auto member : {&LeastSquaresFit::rss, &LeastSquaresFit::tss, &LeastSquaresFit::condition}) {
    EXPECT_TRUE(same_bits(item(fit.*member, b, 1), item(expected.*member, b, 1)));
  }
  EXPECT_EQ(fit.status[b], expected.status[b]);
}

// Two factorisations of a system whose scaled condition is at most 16 differ by a few k·2⁻⁵³·16²: 5·10⁻¹².
TEST_P(LargeLeastSquares, AgreesWithAnotherDevice) {
  const LargeBatch data;
  for (const bool intercept : {false, true}) {
    for (const double ridge : {0.0, 2.5}) {
      for (const bool weighted : {false, true}) {
        SCOPED_TRACE((intercept ? "intercept, ridge " : "ridge ") + std::to_string(ridge) +
                     (weighted ? ", weighted" : ""));
        const LeastSquaresBatch batch = weighted ? data.weighted() : data.batch();
        const auto options = classical(intercept, ridge);
        const auto fit = fit_least_squares(context(), batch, options);
        const auto expected = on_other_device(batch, options);
        for (Index b = 0; b < data.problems(); ++b) {
          if (b == LargeBatch::kShort && ridge == 0) {
            EXPECT_EQ(fit.status[b], ProblemStatus::too_few_rows);
            EXPECT_THAT(item(fit.coefficients, b, fit.coefficient_count), Each(::testing::IsNan()));
            continue;
          }
          EXPECT_EQ(fit.status[b], ProblemStatus::ok);
          expect_close(fit, expected, b, 5e-12);
        }
      }
    }
  }
}

// Σ w x_j r = λβ_j at the minimum, for every column; and Σ w r = 0 with an intercept.
TEST_P(LargeLeastSquares, CoefficientsSolveTheNormalEquations) {
  const LargeBatch data;
  LeastSquaresOptions options = classical(true, 2.5);
  options.outputs.residuals = true;
  const auto fit = fit_least_squares(context(), data.weighted(), options);
  for (Index b = 0; b < data.problems(); ++b) {
    std::vector<double> gradient(kColumns + 1), size(kColumns + 1);
    for (Index i = data.offsets[b]; i < data.offsets[b + 1]; ++i) {
      const double residual = data.data.weights[i] * fit.residuals[i];
      for (Index j = 0; j <= kColumns; ++j) {
        const double term = j == 0 ? residual : data.data.x[i * kColumns + j - 1] * residual;
        gradient[j] += term;
        size[j] += std::abs(term);
      }
    }
    for (Index j = 0; j <= kColumns; ++j) {
      if (j > 0) gradient[j] -= 2.5 * fit.coefficients[b * (kColumns + 1) + j];
      EXPECT_TRUE(at_most(std::abs(gradient[j]), 1e-12 * size[j])) << "problem " << b << ", coefficient " << j;
    }
  }
}

TEST_P(LargeLeastSquares, ABadProblemChangesNoBitOfItsNeighbours) {
  const LargeBatch good;
  LargeBatch bad = good;
  const Index rows_of_6 = bad.offsets[7] - bad.offsets[6], rows_of_2 = bad.offsets[3] - bad.offsets[2];
  bad.row_of(1, 7)[1] = kNaN;
  for (Index i = 0; i < rows_of_2; ++i) bad.row_of(2, i)[40] = 3 * bad.row_of(2, i)[11];
  bad.y_of(5, 2) = std::numeric_limits<double>::infinity();
  for (Index i = 0; i < rows_of_6; ++i)
    bad.row_of(6, i)[69] = bad.row_of(6, i)[3] * (1 + 0x1p-28 * static_cast<double>(i));
  for (const bool intercept : {false, true}) {
    for (const double ridge : {0.0, 0x1p-30}) {
      SCOPED_TRACE((intercept ? "intercept, ridge " : "ridge ") + std::to_string(ridge));
      const auto clean = fit_least_squares(context(), good.weighted(), classical(intercept, ridge));
      const auto fit = fit_least_squares(context(), bad.weighted(), classical(intercept, ridge));
      for (const Index b : {0, 3, 4, 7}) expect_same(fit, clean, b);
      EXPECT_EQ(clean.status[2], ProblemStatus::ok);
      EXPECT_EQ(fit.status[1], ProblemStatus::not_finite);
      EXPECT_EQ(fit.status[5], ProblemStatus::not_finite);
      EXPECT_EQ(fit.status[2], ridge == 0 ? ProblemStatus::rank_deficient : ProblemStatus::refined_by_qr);
      EXPECT_EQ(fit.status[6], ProblemStatus::refined_by_qr);
      for (const Index b : {1, 5}) {
        EXPECT_THAT(item(fit.coefficients, b, fit.coefficient_count), Each(::testing::IsNan()));
        EXPECT_THAT(item(fit.standard_errors, b, fit.coefficient_count), Each(::testing::IsNan()));
      }
    }
  }
}

TEST_P(LargeLeastSquares, TheNormalEquationsAloneSayWhereTheyEnd) {
  LargeBatch data;
  for (Index i = 0; i < data.offsets[1]; ++i) data.row_of(0, i)[40] = 3 * data.row_of(0, i)[11];
  for (const bool intercept : {false, true}) {
    LeastSquaresOptions options = classical(intercept);
    options.route = LeastSquaresRoute::cholesky;
    const auto fit = fit_least_squares(context(), data.batch(), options);
    EXPECT_EQ(fit.status[0], ProblemStatus::rank_deficient);
    EXPECT_FALSE(fit.condition[0] <= kCholeskyCondition) << fit.condition[0];
    EXPECT_THAT(item(fit.coefficients, 0, fit.coefficient_count), Each(::testing::IsNan()));
    EXPECT_EQ(fit.status[1], ProblemStatus::ok);
    expect_close(fit, on_other_device(data.batch(), options), 1, 5e-12);
  }
}

TEST_P(LargeLeastSquares, AResponseThatDoesNotVaryHasNoSlopes) {
  LargeBatch data;
  for (Index i = 0; i < data.offsets[2] - data.offsets[1]; ++i) data.y_of(1, i) = 0.1;
  const auto fit = fit_least_squares(context(), data.batch(), classical(true));
  EXPECT_EQ(fit.status[1], ProblemStatus::ok);
  const auto coefficients = item(fit.coefficients, 1, kColumns + 1);
  EXPECT_TRUE(at_most(std::abs(coefficients[0] - 0.1), 0x1p-52));
  EXPECT_THAT(coefficients.subspan(1), Each(0.0));
  EXPECT_EQ(fit.tss[1], 0);
  expect_close(fit, on_other_device(data.batch(), classical(true)), 2, 5e-12);
}

// On the GPU matrices of this order are factored one at a time.
TEST_P(LargeLeastSquares, MatricesThatFillAGpuAlone) {
  Regressions data(43, 3, 640, 520, 0);
  for (Index i = 0; i < data.rows; ++i) data.row_of(1, i)[400] = data.row_of(1, i)[11];
  LeastSquaresOptions options = classical(false, 0);
  options.route = LeastSquaresRoute::cholesky;
  const auto fit = fit_least_squares(context(), data.batch(), options);
  const auto expected = on_other_device(data.batch(), options);
  EXPECT_EQ(fit.status[1], ProblemStatus::rank_deficient);
  for (const Index b : {0, 2}) expect_close(fit, expected, b, 5e-11);
}

SIGMAHAT_ON_EVERY_DEVICE(LargeLeastSquares);

}  // namespace
}  // namespace sigmahat
