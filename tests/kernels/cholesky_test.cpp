// kernels/cholesky.cu against one thread's computation, bit by bit.
#include "sigmahat/kernels/cholesky_launch.hpp"

#include "steps/cholesky.hpp"
#include "support.hpp"

namespace sigmahat::test {
namespace {

class CholeskyKernel : public EmulatedTest {};

TEST_P(CholeskyKernel, ABatchHasTheBitsOfOneThread) {
  constexpr Index kProblems = 3;
  for (const Index p : kDimensions) {
    SCOPED_TRACE("p = " + std::to_string(p));
    std::vector<double> actual = covariances(kProblems, p, 7);
    std::vector<double> expected = actual;
    std::vector<ProblemStatus> status(kProblems, ProblemStatus::not_finite);
    EXPECT_TRUE(launch_cholesky(nullptr, p, kProblems, actual.data(), status.data()).ok());
    for (Index b = 0; b < kProblems; ++b) {
      EXPECT_TRUE(steps::cholesky(steps::SerialTeam{}, p, expected.data() + b * p * p));
      EXPECT_EQ(status[b], ProblemStatus::ok);
    }
    EXPECT_TRUE(same_bits(actual, expected));
  }
}

TEST_P(CholeskyKernel, ABadProblemIsNaNAndLeavesItsNeighboursAlone) {
  for (const double bad : {0.0, -1.0, kNaN}) {
    for (const Index p : kDimensions) {
      SCOPED_TRACE("p = " + std::to_string(p) + ", last pivot " + std::to_string(bad));
      std::vector<double> actual = covariances(3, p, 8);
      actual[2 * p * p - 1] = bad;  // last diagonal entry of the middle one
      for (Index k = 0; k + 1 < p; ++k) actual[p * p + (p - 1) + k * p] = 0;
      std::vector<double> expected = actual;
      std::vector<ProblemStatus> status(3, ProblemStatus::not_finite);
      EXPECT_TRUE(launch_cholesky(nullptr, p, 3, actual.data(), status.data()).ok());
      EXPECT_TRUE(steps::cholesky(steps::SerialTeam{}, p, expected.data()));
      EXPECT_FALSE(steps::cholesky(steps::SerialTeam{}, p, expected.data() + p * p));
      EXPECT_TRUE(steps::cholesky(steps::SerialTeam{}, p, expected.data() + 2 * p * p));
      std::fill_n(expected.begin() + p * p, p * p, kCanonicalNaN);
      EXPECT_TRUE(same_bits(actual, expected));
      EXPECT_EQ(status[0], ProblemStatus::ok);
      EXPECT_EQ(status[1], ProblemStatus::not_positive_definite);
      EXPECT_EQ(status[2], ProblemStatus::ok);
    }
  }
}

SIGMAHAT_BOTH_ORDERS(CholeskyKernel);

}  // namespace
}  // namespace sigmahat::test
