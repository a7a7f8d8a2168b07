#include <limits>

#include "compare.hpp"
#include "devices.hpp"
#include "operations_data.hpp"

namespace sigmahat::test {
namespace {

class MahalanobisOperation : public DeviceTest {};

// Against long double forward substitution. Bound: p + 3 roundings per step of the solve, amplified by the condition.
TEST_P(MahalanobisOperation, MatchesLongDouble) {
  constexpr double kCondition = 50;
  for (const Index p : {1, 3, 32, 64, 65, 100}) {
    Random random(static_cast<std::uint64_t>(p));
    const Matrix covariance = random.positive_definite(p, kCondition);
    Matrix factor(p, p);
    ASSERT_EQ(operations().cholesky(p, covariance.data(), factor.data()), ProblemStatus::ok);
    const std::vector<double> mean = random.normals(p);
    for (const Index n : {0, 1, 63, 64, 65, 500}) {
      const Index ld = p + 2;
      const std::vector<double> rows = random.normals(n * ld + 1);
      std::vector<double> actual(static_cast<std::size_t>(n));
      operations().mahalanobis_squared(RowsView::row_major(rows.data(), n, p, ld), mean.data(), factor.data(),
                                       actual.data());
      for (Index i = 0; i < n; ++i) {
        std::vector<long double> z(static_cast<std::size_t>(p));
        long double expected = 0;
        for (Index j = 0; j < p; ++j) {
          long double sum =
              static_cast<long double>(rows[static_cast<std::size_t>(i * ld + j)]) - mean[static_cast<std::size_t>(j)];
          for (Index k = 0; k < j; ++k) sum -= factor(j, k) * z[static_cast<std::size_t>(k)];
          z[static_cast<std::size_t>(j)] = sum / factor(j, j);
          expected += z[static_cast<std::size_t>(j)] * z[static_cast<std::size_t>(j)];
        }
        const double bound = Tolerances<double>::chain(p + 3) * kCondition * static_cast<double>(expected);
        ASSERT_TRUE(within(actual[static_cast<std::size_t>(i)], static_cast<double>(expected), bound))
            << "p = " << p << ", row " << i;
      }
    }
  }
}

TEST_P(MahalanobisOperation, GivesNaNForARowThatIsNotFiniteAndNothingElse) {
  for (const Index p : {2, 70}) {
    const Matrix factor = Matrix::identity(p);
    const std::vector<double> mean(static_cast<std::size_t>(p), 0.0);
    std::vector<double> rows(static_cast<std::size_t>(100 * p), 1.0), actual(100);
    rows[static_cast<std::size_t>(40 * p)] = std::numeric_limits<double>::quiet_NaN();
    rows[static_cast<std::size_t>(70 * p + 1)] = std::numeric_limits<double>::infinity();
    operations().mahalanobis_squared(RowsView::row_major(rows.data(), 100, p), mean.data(), factor.data(),
                                     actual.data());
    std::vector<double> expected(100, static_cast<double>(p));
    expected[40] = expected[70] = kCanonicalNaN;
    EXPECT_TRUE(same_bits(actual, expected)) << "p = " << p;
  }
}

SIGMAHAT_ON_EVERY_DEVICE(MahalanobisOperation);

}  // namespace
}  // namespace sigmahat::test
