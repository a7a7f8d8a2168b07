// Least squares above the own kernels by the CUDA backend, in groups of every size, against the other backends.
#include <cmath>

#include "backends.hpp"
#include "kernel_test.hpp"
#include "least_squares_fits.hpp"

namespace sigmahat::test {
namespace {

constexpr Index kRows = 150, kColumns = 70;
constexpr Index kGramBytes = 8 * (71 * 71 + 70 * 70 + 2 * 70) + 36;  // of a problem in a group
constexpr Index kRowsBytes = 8 * kRows * 71;

LeastSquaresResults fitted(Operations& operations, const LeastSquaresRows& rows, const LeastSquaresSpec& spec) {
  LeastSquaresResults results(rows, spec);
  operations.least_squares(rows, spec, results.view(Wanted::everything));
  return results;
}

/// Problem b of `values`, which has `size` numbers for each.
std::span<const double> item(const std::vector<double>& values, Index b, Index size) {
  return {values.data() + b * size, static_cast<std::size_t>(size)};
}

/// ‖a − b‖ ≤ bound·‖b‖; fails for a NaN.
::testing::AssertionResult close_to(std::span<const double> a, std::span<const double> b, double bound) {
  double difference = 0, norm = 0;
  for (std::size_t i = 0; i < b.size(); ++i) {
    difference += (a[i] - b[i]) * (a[i] - b[i]);
    norm += b[i] * b[i];
  }
  if (!(std::sqrt(difference) <= bound * std::sqrt(norm))) {
    return ::testing::AssertionFailure() << std::sqrt(difference) << " beside " << std::sqrt(norm);
  }
  return ::testing::AssertionSuccess();
}

/// By two BLAS: one sums and factors in another order than the other. Standard errors and coefficients lose κ²·k·2⁻⁵³.
void expect_close(const LeastSquaresResults& actual, const LeastSquaresResults& expected, Index b) {
  SCOPED_TRACE("problem " + std::to_string(b));
  EXPECT_EQ(actual.status[b], expected.status[b]);
  EXPECT_EQ(actual.route[b], expected.route[b]);
  EXPECT_EQ(actual.rank[b], expected.rank[b]);
  EXPECT_EQ(actual.counted[b], expected.counted[b]);
  if (std::isnan(item(expected.coefficients, b, expected.k)[0])) {
    EXPECT_TRUE(same_bits(item(actual.coefficients, b, actual.k), item(expected.coefficients, b, expected.k)));
    return;
  }
  const auto near = [&](const std::vector<double>& values, const std::vector<double>& others, Index size,
                        const char* name) {
    EXPECT_TRUE(close_to(item(values, b, size), item(others, b, size), 5e-12)) << name;
  };
  const Index k = actual.k, q = actual.q;
  near(actual.gram, expected.gram, q * q, "Gram matrix");
  near(actual.fitted, expected.fitted, kRows, "fitted values");
  if (expected.status[b] != ProblemStatus::ok) return;  // QR: its condition amplifies more
  near(actual.condition, expected.condition, 1, "condition");
  near(actual.coefficients, expected.coefficients, k, "coefficients");
  if (b == 4) return;  // residuals are rounding errors
  near(actual.residuals, expected.residuals, kRows, "residuals");
  near(actual.standard_errors, expected.standard_errors, k, "standard errors");
  near(actual.covariance, expected.covariance, k * k, "covariance");
}

class CudaLargeLeastSquares : public KernelTest {
 protected:
  static LeastSquaresSpec make_spec(bool intercept, StandardErrors errors) {
    LeastSquaresSpec spec;
    spec.intercept = intercept;
    spec.standard_errors = errors;
    return spec;
  }
};

/// 12 problems in groups of 1, 5 and all.
TEST_P(CudaLargeLeastSquares, GroupsOfEverySizeHaveTheSameNumbers) {
  for (const bool weighted : {false, true}) {
    SCOPED_TRACE(weighted ? "weighted, intercept, HC1" : "classical");
    const DifficultBatch batch(kRows, kColumns, weighted);
    const LeastSquaresSpec spec = make_spec(weighted, weighted ? StandardErrors::hc1 : StandardErrors::classical);
    const LeastSquaresResults expected = fitted(*backends::make_cpu(2), batch.view(), spec);
    const LeastSquaresResults all = fitted(*make_cuda(Index{1} << 26), batch.view(), spec);
    EXPECT_EQ(all.status[0], ProblemStatus::ok);
    EXPECT_EQ(all.status[1], ProblemStatus::rank_deficient);
    EXPECT_EQ(all.status[3], ProblemStatus::refined_by_qr);
    EXPECT_EQ(all.status[6], ProblemStatus::not_finite);
    for (Index b = 0; b < DifficultBatch::kProblems; ++b) expect_close(all, expected, b);
    for (const Index size : {1, 5}) {
      SCOPED_TRACE("groups of " + std::to_string(size));
      const auto operations = make_cuda(kRowsBytes + size * kGramBytes);
      const LeastSquaresResults grouped = fitted(*operations, batch.view(), spec);
      if (kOnGpu) {
        for (Index b = 0; b < DifficultBatch::kProblems; ++b) expect_close(grouped, expected, b);
      } else {
        expect_same(grouped, all);
      }
    }
  }
}

TEST_P(CudaLargeLeastSquares, RoutesAndRidgeAgreeWithTheCpu) {
  const DifficultBatch batch(kRows, kColumns, true);
  for (const LeastSquaresRoute route : {LeastSquaresRoute::cholesky, LeastSquaresRoute::qr}) {
    for (const double ridge : {0.0, 2.5}) {
      SCOPED_TRACE(std::string(to_string(route)) + ", ridge " + std::to_string(ridge));
      LeastSquaresSpec spec = make_spec(true, StandardErrors::classical);
      spec.route = route;
      spec.ridge = ridge;
      const auto operations = make_cuda(kRowsBytes + 3 * kGramBytes);
      const LeastSquaresResults actual = fitted(*operations, batch.view(), spec);
      const LeastSquaresResults expected = fitted(*backends::make_cpu(2), batch.view(), spec);
      EXPECT_EQ(actual.status, expected.status);
      for (const Index b : {0, 8, 9, 10, 11}) expect_close(actual, expected, b);
    }
  }
}

TEST_P(CudaLargeLeastSquares, NoProblemsAndNoRowsAreNoWork) {
  const TestRows none({0, kColumns + 1});
  const auto operations = make_cuda();
  const LeastSquaresSpec spec = make_spec(true, StandardErrors::classical);
  EXPECT_TRUE(fitted(*operations, regression_rows(none.view(), {0}), spec).status.empty());
  const std::vector<Index> offsets{0, 0, 0};
  EXPECT_EQ(fitted(*operations, regression_rows(none.view(), offsets), spec).status,
            std::vector<ProblemStatus>(2, ProblemStatus::too_few_rows));
}

SIGMAHAT_ON_DEVICE(CudaLargeLeastSquares);

}  // namespace
}  // namespace sigmahat::test
