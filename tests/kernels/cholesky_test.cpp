// kernels/cholesky.cu against one thread's computation, bit by bit.
#include "sigmahat/kernels/cholesky_launch.hpp"

#include "kernel_test.hpp"
#include "steps/cholesky.hpp"

namespace sigmahat::test {
namespace {

class CholeskyKernel : public KernelTest {
 protected:
  struct Result {
    std::vector<double> factors;
    std::vector<ProblemStatus> status;
  };
  Result factorise(Index p, Index count, const std::vector<double>& matrices) const {
    const auto a = put(matrices);
    const DeviceArray<ProblemStatus> status(count);
    require_success(launch_cholesky(stream(), p, count, a.get(), status.get()));
    return {fetch(a), fetch(status)};
  }
};

TEST_P(CholeskyKernel, ABatchHasTheBitsOfOneThread) {
  for (const Index count : {0, 1, 31, 32, 33, 257}) {
    for (const Index p : kDimensions) {
      if (count != 1 && count != 33 && p > 4)
        continue;  // large ones with one problem, and with more than a warp of them
      SCOPED_TRACE("p = " + std::to_string(p) + ", " + std::to_string(count) + " problems");
      std::vector<double> expected = covariances(count, p, 7);
      const Result actual = factorise(p, count, expected);
      for (Index b = 0; b < count; ++b) {
        EXPECT_TRUE(steps::cholesky(steps::SerialTeam{}, p, expected.data() + b * p * p));
        EXPECT_EQ(actual.status[b], ProblemStatus::ok);
      }
      EXPECT_TRUE(same_bits(actual.factors, expected));
    }
  }
}

TEST_P(CholeskyKernel, ABadProblemIsNaNAndLeavesItsNeighboursAlone) {
  for (const double bad : {0.0, -1.0, kNaN}) {
    for (const Index p : kDimensions) {
      SCOPED_TRACE("p = " + std::to_string(p) + ", last pivot " + std::to_string(bad));
      std::vector<double> expected = covariances(3, p, 8);
      expected[2 * p * p - 1] = bad;  // last diagonal entry of the middle one
      for (Index k = 0; k + 1 < p; ++k) expected[p * p + (p - 1) + k * p] = 0;
      const Result actual = factorise(p, 3, expected);
      EXPECT_TRUE(steps::cholesky(steps::SerialTeam{}, p, expected.data()));
      EXPECT_FALSE(steps::cholesky(steps::SerialTeam{}, p, expected.data() + p * p));
      EXPECT_TRUE(steps::cholesky(steps::SerialTeam{}, p, expected.data() + 2 * p * p));
      std::fill_n(expected.begin() + p * p, p * p, kCanonicalNaN);
      EXPECT_TRUE(same_bits(actual.factors, expected));
      EXPECT_EQ(actual.status,
                (std::vector{ProblemStatus::ok, ProblemStatus::not_positive_definite, ProblemStatus::ok}));
    }
  }
}

SIGMAHAT_ON_DEVICE(CholeskyKernel);

}  // namespace
}  // namespace sigmahat::test
