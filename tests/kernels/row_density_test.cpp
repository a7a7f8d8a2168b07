// kernels/row_density.cu against its formula, bit by bit.
#include "sigmahat/kernels/row_density_launch.hpp"

#include "kernel_test.hpp"
#include "steps/cholesky.hpp"

namespace sigmahat::test {
namespace {

class RowDistances : public KernelTest {
 protected:
  std::vector<double> computed(const TestRows& rows, const std::vector<double>& mean,
                               const std::vector<double>& factor) const {
    const Index n = rows.view().rows, p = rows.view().columns;
    const RowsOnDevice rows_device(stream(), rows);
    const auto mean_device = put(mean), factor_device = put(factor);
    const DeviceArray<double> result(n);
    require_success(
        launch_row_distances(stream(), rows_device.get(), n, p, mean_device.get(), factor_device.get(), result.get()));
    return fetch(result);
  }
};

std::vector<double> defined(const RowsView& rows, const std::vector<double>& mean, const std::vector<double>& factor) {
  const Index p = rows.columns;
  std::vector<double> result, v(p);
  for (Index i = 0; i < rows.rows; ++i) {
    for (Index k = 0; k < p; ++k) {
      double sum = rows.at(i, k) - mean[k];
      for (Index l = 0; l < k; ++l) sum = std::fma(-factor[k + l * p], v[l], sum);
      v[k] = sum / factor[k + k * p];
    }
    double sum = 0;
    for (Index k = 0; k < p; ++k) sum = std::fma(v[k], v[k], sum);
    result.push_back(std::isfinite(sum) ? sum : kCanonicalNaN);
  }
  return result;
}

TEST_P(RowDistances, HaveTheDefinedBitsAndNaNForRowsThatAreNotFinite) {
  for (const auto& [n, p] : small_shapes(65, {0, 1, 31, 32, 33, 63, 64, 257})) {
    std::vector<double> factor = covariances(1, p, 3);
    ASSERT_TRUE(steps::cholesky(steps::SerialTeam{}, p, factor.data()));
    const std::vector<double> mean = normals(p, 4);
    for (const RowsCase& c : rows_cases(n, p, true)) {
      SCOPED_TRACE(describe(c));
      const TestRows rows(c);
      const std::vector<double> actual = computed(rows, mean, factor);
      EXPECT_TRUE(same_bits(actual, defined(rows.view(), mean, factor)));
      if (n > 0) {
        EXPECT_TRUE(std::isnan(actual[0]));
      }
    }
  }
}

TEST_P(RowDistances, BlocksWalkOnThroughMoreRowsThanTheGridHasRoomFor) {
  const TestRows rows({4096 * 64 + 65, 1});
  const std::vector<double> mean{0.5}, factor{2.0};
  EXPECT_TRUE(same_bits(computed(rows, mean, factor), defined(rows.view(), mean, factor)));
}

SIGMAHAT_ON_DEVICE(RowDistances);

}  // namespace
}  // namespace sigmahat::test
