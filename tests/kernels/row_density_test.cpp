// kernels/row_density.cu against its formula, bit by bit.
#include "sigmahat/kernels/row_density_launch.hpp"

#include <cmath>

#include "steps/cholesky.hpp"
#include "support.hpp"

namespace sigmahat::test {
namespace {

class RowDistances : public EmulatedTest {};

TEST_P(RowDistances, HaveTheDefinedBitsAndNaNForRowsThatAreNotFinite) {
  for (const Index p : kDimensions) {
    std::vector<double> factor = covariances(1, p, 3);
    ASSERT_TRUE(steps::cholesky(steps::SerialTeam{}, p, factor.data()));
    const std::vector<double> mean = normals(p, 4);
    for (const Index n : {0, 1, 63, 64, 65, 257}) {
      for (const RowsCase& c : rows_cases(n, p, true)) {
        SCOPED_TRACE(describe(c));
        const TestRows rows(c);
        std::vector<double> actual(n, -1.0), expected;
        for (Index i = 0; i < n; ++i) {
          std::vector<double> v(p);
          for (Index k = 0; k < p; ++k) {
            double sum = rows.view().at(i, k) - mean[k];
            for (Index l = 0; l < k; ++l) sum = std::fma(-factor[k + l * p], v[l], sum);
            v[k] = sum / factor[k + k * p];
          }
          double sum = 0;
          for (Index k = 0; k < p; ++k) sum = std::fma(v[k], v[k], sum);
          expected.push_back(std::isfinite(sum) ? sum : kCanonicalNaN);
        }
        EXPECT_TRUE(
            launch_row_distances(nullptr, rows.on_device(), n, p, mean.data(), factor.data(), actual.data()).ok());
        EXPECT_TRUE(same_bits(actual, expected));
        if (n > 0) {
          EXPECT_TRUE(std::isnan(actual[0]));
        }
      }
    }
  }
}

SIGMAHAT_BOTH_ORDERS(RowDistances);

}  // namespace
}  // namespace sigmahat::test
