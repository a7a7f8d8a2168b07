// kernels/gaussian.cu against one thread's computation with kernels/steps/, bit by bit.
#include "steps/gaussian.hpp"

#include "sigmahat/kernels/gaussian_launch.hpp"
#include "support.hpp"

namespace sigmahat::test {
namespace {

constexpr Index kProblems = 4;
constexpr Index kBad = 2;                   // Σ of this one is not positive definite
const std::vector<Index> kActive{3, 0, 2};  // problem 1 must stay as it is
constexpr steps::SerialTeam kSerial;

/// Σ, S, means and room for everything else, of a batch with one bad problem.
struct Batch {
  explicit Batch(Index dimension)
      : p(dimension),
        mean(normals(kProblems * p, 1)),
        residual(normals(kProblems * p, 2)),
        s(covariances(kProblems, p, 3)),
        mu(normals(kProblems * p, 4)),
        sigma(covariances(kProblems, p, 5)),
        factor(kProblems * p * p, 17.0),
        offset(kProblems * p, 18.0),
        whitened(kProblems * p * p, 19.0),
        direction_mean(kProblems * p, 20.0),
        direction(kProblems * p * p, 21.0) {
    for (double& value : residual) value *= 1e-17;
    sigma[(kBad + 1) * p * p - 1] = -1;
  }
  DeviceGaussianData data() { return {mean.data(), residual.data(), s.data()}; }
  DeviceGaussianPoint point() { return {mu.data(), sigma.data(), factor.data(), offset.data(), whitened.data()}; }
  DeviceGaussianDirection along() { return {direction_mean.data(), direction.data()}; }
  ActiveProblems active() { return {std::ssize(kActive), kActive.data()}; }

  GaussianEvaluation evaluate_alone(Index b) {
    const Index v = b * p, m = v * p;
    std::copy_n(sigma.begin() + m, p * p, factor.begin() + m);
    if (!steps::cholesky(kSerial, p, factor.data() + m)) return {};
    steps::whiten(kSerial, p, mean.data() + v, residual.data() + v, s.data() + m, mu.data() + v, factor.data() + m,
                  offset.data() + v, whitened.data() + m);
    std::vector<double> sums(p);
    return steps::evaluate(kSerial, p, factor.data() + m, offset.data() + v, whitened.data() + m, sums.data());
  }

  Index p;
  std::vector<double> mean, residual, s, mu, sigma, factor, offset, whitened, direction_mean, direction;
};

/// Vectors and matrices of one problem.
std::span<const double> vector_of(const std::vector<double>& all, Index b, Index p) {
  return std::span(all).subspan(static_cast<std::size_t>(b * p), static_cast<std::size_t>(p));
}
std::span<const double> matrix_of(const std::vector<double>& all, Index b, Index p) { return vector_of(all, b, p * p); }

class GaussianKernels : public EmulatedTest {};

TEST_P(GaussianKernels, EvaluationHasTheBitsOfOneThread) {
  for (const Index p : kDimensions) {
    SCOPED_TRACE("p = " + std::to_string(p));
    Batch actual(p), expected(p);
    std::vector<GaussianEvaluation> evaluations(kActive.size());
    EXPECT_TRUE(
        launch_gaussian_evaluate(nullptr, p, actual.active(), actual.data(), actual.point(), evaluations.data()).ok());
    for (std::size_t k = 0; k < kActive.size(); ++k) {
      const Index b = kActive[k];
      const GaussianEvaluation e = expected.evaluate_alone(b);
      EXPECT_EQ(evaluations[k].status, b == kBad ? ProblemStatus::not_positive_definite : ProblemStatus::ok);
      EXPECT_TRUE(same_bits(evaluations[k].log_determinant, e.log_determinant));
      EXPECT_TRUE(same_bits(evaluations[k].trace, e.trace));
      EXPECT_TRUE(same_bits(evaluations[k].distance_squared, e.distance_squared));
      EXPECT_TRUE(same_bits(evaluations[k].deviation_squared, e.deviation_squared));
    }
    for (const Index b : {0, 1, 3}) {
      SCOPED_TRACE("problem " + std::to_string(b));
      EXPECT_TRUE(same_bits(matrix_of(actual.factor, b, p), matrix_of(expected.factor, b, p)));
      EXPECT_TRUE(same_bits(vector_of(actual.offset, b, p), vector_of(expected.offset, b, p)));
      EXPECT_TRUE(same_bits(matrix_of(actual.whitened, b, p), matrix_of(expected.whitened, b, p)));
    }
  }
}

TEST_P(GaussianKernels, TargetHasTheBitsOfOneThread) {
  for (const Index p : kDimensions) {
    SCOPED_TRACE("p = " + std::to_string(p));
    Batch actual(p), expected(p);
    std::vector<std::uint8_t> mean_only(std::size(kActive), 0);
    mean_only[1] = 1;
    EXPECT_TRUE(launch_gaussian_target(nullptr, p, actual.active(), mean_only.data(), actual.data(), actual.point(),
                                       actual.along())
                    .ok());
    std::vector<double> d(p);
    for (std::size_t k = 0; k < std::size(kActive); ++k) {
      const Index v = kActive[k] * p, m = v * p;
      steps::target(kSerial, p, mean_only[k] != 0, expected.mean.data() + v, expected.residual.data() + v,
                    expected.s.data() + m, expected.mu.data() + v, expected.sigma.data() + m, d.data(),
                    expected.direction_mean.data() + v, expected.direction.data() + m);
    }
    EXPECT_TRUE(same_bits(actual.direction_mean, expected.direction_mean));
    EXPECT_TRUE(same_bits(actual.direction, expected.direction));
  }
}

TEST_P(GaussianKernels, ScoreAndSlopeHaveTheBitsOfOneThread) {
  const std::vector<Index> good{3, 0};
  for (const CovarianceScore convention : {CovarianceScore::unrestricted, CovarianceScore::symmetric}) {
    for (const Index p : kDimensions) {
      SCOPED_TRACE("p = " + std::to_string(p));
      Batch actual(p), expected(p);
      for (const Index b : good) {
        actual.evaluate_alone(b);
        expected.evaluate_alone(b);
      }
      std::vector<double> slopes(good.size());
      EXPECT_TRUE(
          launch_gaussian_score(nullptr, p, convention, {2, good.data()}, actual.point(), actual.along(), slopes.data())
              .ok());
      for (std::size_t k = 0; k < good.size(); ++k) {
        const Index v = good[k] * p, m = v * p;
        double *const score_mean = expected.direction_mean.data() + v, *const score = expected.direction.data() + m;
        steps::score(kSerial, p, convention, expected.factor.data() + m, expected.offset.data() + v,
                     expected.whitened.data() + m, score_mean, score);
        EXPECT_TRUE(same_bits(slopes[k], steps::slope(p, convention, score_mean, score)));
      }
      EXPECT_TRUE(same_bits(actual.direction_mean, expected.direction_mean));
      EXPECT_TRUE(same_bits(actual.direction, expected.direction));
    }
  }
}

/// Sums of squares down each column, then over the columns.
void defined_move(Index p, Index columns, double keep, double step, const double* from, const double* direction,
                  double* to, double& change_squared, double& norm_squared) {
  for (Index j = 0; j < columns; ++j) {
    double change = 0, norm = 0;
    for (Index i = j * p; i < (j + 1) * p; ++i) {
      to[i] = std::fma(step, direction[i], keep * from[i]);
      change = std::fma(to[i] - from[i], to[i] - from[i], change);
      norm = std::fma(to[i], to[i], norm);
    }
    change_squared += change;
    norm_squared += norm;
  }
}

TEST_P(GaussianKernels, MoveHasTheDefinedBits) {
  const std::vector<double> keep{0, 1, 0.75}, step{1, 0.5, 0.25};
  for (const Index p : kDimensions) {
    SCOPED_TRACE("p = " + std::to_string(p));
    Batch from(p), to(p), expected(p);
    from.direction = covariances(kProblems, p, 11);
    from.direction_mean = normals(kProblems * p, 12);
    std::vector<GaussianMove> moves(kActive.size());
    EXPECT_TRUE(launch_gaussian_move(nullptr, p, from.active(), keep.data(), step.data(), from.point(), from.along(),
                                     to.point(), moves.data())
                    .ok());
    for (std::size_t k = 0; k < kActive.size(); ++k) {
      const Index v = kActive[k] * p, m = v * p;
      GaussianMove e;
      defined_move(p, 1, keep[k], step[k], from.mu.data() + v, from.direction_mean.data() + v, expected.mu.data() + v,
                   e.mean_change_squared, e.mean_norm_squared);
      defined_move(p, p, keep[k], step[k], from.sigma.data() + m, from.direction.data() + m, expected.sigma.data() + m,
                   e.covariance_change_squared, e.covariance_norm_squared);
      EXPECT_TRUE(same_bits(moves[k].mean_change_squared, e.mean_change_squared));
      EXPECT_TRUE(same_bits(moves[k].mean_norm_squared, e.mean_norm_squared));
      EXPECT_TRUE(same_bits(moves[k].covariance_change_squared, e.covariance_change_squared));
      EXPECT_TRUE(same_bits(moves[k].covariance_norm_squared, e.covariance_norm_squared));
    }
    EXPECT_TRUE(same_bits(to.mu, expected.mu));
    EXPECT_TRUE(same_bits(to.sigma, expected.sigma));
    EXPECT_TRUE(same_bits(matrix_of(to.sigma, kActive[0], p), matrix_of(from.direction, kActive[0], p)))
        << "keep = 0 and step = 1 give the direction itself";
  }
}

TEST_P(GaussianKernels, CopyTakesAllFiveArraysOfTheActiveProblems) {
  for (const Index p : {Index{1}, Index{33}, Index{130}}) {
    SCOPED_TRACE("p = " + std::to_string(p));
    Batch from(p), to(p), untouched(p);
    for (auto* array : {&from.mu, &from.offset}) *array = normals(kProblems * p, 21);
    for (auto* array : {&from.sigma, &from.factor, &from.whitened}) *array = covariances(kProblems, p, 22);
    EXPECT_TRUE(launch_gaussian_copy(nullptr, p, from.active(), from.point(), to.point()).ok());
    for (Index b = 0; b < kProblems; ++b) {
      const Batch& expected = b == 1 ? untouched : from;
      EXPECT_TRUE(same_bits(vector_of(to.mu, b, p), vector_of(expected.mu, b, p)));
      EXPECT_TRUE(same_bits(vector_of(to.offset, b, p), vector_of(expected.offset, b, p)));
      EXPECT_TRUE(same_bits(matrix_of(to.sigma, b, p), matrix_of(expected.sigma, b, p)));
      EXPECT_TRUE(same_bits(matrix_of(to.factor, b, p), matrix_of(expected.factor, b, p)));
      EXPECT_TRUE(same_bits(matrix_of(to.whitened, b, p), matrix_of(expected.whitened, b, p)));
    }
  }
}

SIGMAHAT_BOTH_ORDERS(GaussianKernels);

}  // namespace
}  // namespace sigmahat::test
