// kernels/gaussian.cu against one thread's computation with kernels/steps/, bit by bit; on a GPU the logarithm within a
// bound.
#include "steps/gaussian.hpp"

#include "gaussian_batch.hpp"

namespace sigmahat::test {
namespace {

constexpr Index kActive = 3;  // of 4 problems; as many as most tests take
constexpr Index kBad = 2;     // Σ of this one is not positive definite
constexpr steps::SerialTeam kSerial;

/// Numbers of active problems that fill no warp, one, and several.
constexpr Index kCounts[] = {0, 1, 31, 32, 33, 257};

/// Shapes of a batch: every dimension with few problems, and every number of problems with a small dimension.
std::vector<BatchShape> batch_shapes() {
  std::vector<BatchShape> all;
  for (const Index p : kDimensions) all.push_back({p, kActive});
  for (const Index count : kCounts) all.push_back({3, count});
  return all;
}

GaussianEvaluation evaluate_alone(GaussianBatch& batch, Index b) {
  const Index p = batch.p, v = b * p, m = v * p;
  std::copy_n(batch.sigma.begin() + m, p * p, batch.factor.begin() + m);
  if (!steps::cholesky(kSerial, p, batch.factor.data() + m)) return {};
  steps::whiten(kSerial, p, batch.mean.data() + v, batch.residual.data() + v, batch.s.data() + m, batch.mu.data() + v,
                batch.factor.data() + m, batch.offset.data() + v, batch.whitened.data() + m);
  std::vector<double> sums(p);
  return steps::evaluate(kSerial, p, batch.factor.data() + m, batch.offset.data() + v, batch.whitened.data() + m,
                         sums.data());
}

void expect_point(const GaussianBatch& actual, const GaussianBatch& expected, Index b) {
  const Index p = expected.p;
  EXPECT_TRUE(same_bits(matrix_of(actual.factor, b, p), matrix_of(expected.factor, b, p))) << "L";
  EXPECT_TRUE(same_bits(vector_of(actual.offset, b, p), vector_of(expected.offset, b, p))) << "z";
  EXPECT_TRUE(same_bits(matrix_of(actual.whitened, b, p), matrix_of(expected.whitened, b, p))) << "W";
}

class GaussianKernels : public KernelTest {};

TEST_P(GaussianKernels, EvaluationHasTheBitsOfOneThread) {
  for (const BatchShape& shape : batch_shapes()) {
    const Index p = shape.p;
    SCOPED_TRACE(describe(shape));
    GaussianBatch expected(p, shape.active);
    if (expected.problems > kBad) expected.sigma[(kBad + 1) * p * p - 1] = -1;
    const GaussianBatchOnDevice device(*this, expected);
    const auto results = put(std::vector<GaussianEvaluation>(expected.active.size()));
    ASSERT_TRUE(succeeded(
        launch_gaussian_evaluate(stream(), p, device.active(), device.data(), device.point(), results.get())));
    const std::vector<GaussianEvaluation> evaluations = fetch(results);
    const GaussianBatch actual = device.fetched(*this);
    expect_point(actual, expected, expected.idle);
    for (std::size_t k = 0; k < expected.active.size(); ++k) {
      const Index b = expected.active[k];
      SCOPED_TRACE("problem " + std::to_string(b));
      const GaussianEvaluation e = evaluate_alone(expected, b);
      EXPECT_EQ(evaluations[k].status, b == kBad ? ProblemStatus::not_positive_definite : ProblemStatus::ok);
      if (kOnGpu && b != kBad) {
        EXPECT_TRUE(within(evaluations[k].log_determinant, e.log_determinant,
                           log_determinant_bound(p, matrix_of(expected.factor, b, p))));
      } else {
        EXPECT_TRUE(same_bits(evaluations[k].log_determinant, e.log_determinant));
      }
      EXPECT_TRUE(same_bits(evaluations[k].trace, e.trace));
      EXPECT_TRUE(same_bits(evaluations[k].distance_squared, e.distance_squared));
      EXPECT_TRUE(same_bits(evaluations[k].deviation_squared, e.deviation_squared));
      if (b != kBad) expect_point(actual, expected, b);  // those of the bad one are unspecified
    }
  }
}

TEST_P(GaussianKernels, TargetHasTheBitsOfOneThread) {
  for (const BatchShape& shape : batch_shapes()) {
    const Index p = shape.p;
    SCOPED_TRACE(describe(shape));
    GaussianBatch expected(p, shape.active);
    const GaussianBatchOnDevice device(*this, expected);
    std::vector<std::uint8_t> mean_only(expected.active.size(), 0);
    for (std::size_t k = 1; k < mean_only.size(); k += 2) mean_only[k] = 1;
    const auto flags = put(mean_only);
    ASSERT_TRUE(succeeded(launch_gaussian_target(stream(), p, device.active(), flags.get(), device.data(),
                                                 device.point(), device.along())));
    const GaussianBatch actual = device.fetched(*this);
    std::vector<double> d(p);
    for (std::size_t k = 0; k < expected.active.size(); ++k) {
      const Index v = expected.active[k] * p, m = v * p;
      steps::target(kSerial, p, mean_only[k] != 0, expected.mean.data() + v, expected.residual.data() + v,
                    expected.s.data() + m, expected.mu.data() + v, expected.sigma.data() + m, d.data(),
                    expected.direction_mean.data() + v, expected.direction.data() + m);
    }
    EXPECT_TRUE(same_bits(actual.direction_mean, expected.direction_mean));
    EXPECT_TRUE(same_bits(actual.direction, expected.direction));
  }
}

TEST_P(GaussianKernels, ScoreAndSlopeHaveTheBitsOfOneThread) {
  for (const CovarianceScore convention : {CovarianceScore::unrestricted, CovarianceScore::symmetric}) {
    for (const BatchShape& shape : batch_shapes()) {
      const Index p = shape.p;
      SCOPED_TRACE(describe(shape));
      GaussianBatch expected(p, shape.active);
      for (const Index b : expected.active) evaluate_alone(expected, b);
      const GaussianBatchOnDevice device(*this, expected);
      const DeviceArray<double> result(std::ssize(expected.active));
      ASSERT_TRUE(succeeded(launch_gaussian_score(stream(), p, convention, device.active(), device.point(),
                                                  device.along(), result.get())));
      const std::vector<double> slopes = fetch(result);
      const GaussianBatch actual = device.fetched(*this);
      for (std::size_t k = 0; k < expected.active.size(); ++k) {
        const Index v = expected.active[k] * p, m = v * p;
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
  const double keeps[] = {0, 1, 0.75}, steps_along[] = {1, 0.5, 0.25};
  for (const BatchShape& shape : batch_shapes()) {
    const Index p = shape.p;
    SCOPED_TRACE(describe(shape));
    GaussianBatch from(p, shape.active), expected(p, shape.active);
    from.direction = covariances(from.problems, p, 11);
    from.direction_mean = normals(from.problems * p, 12);
    const GaussianBatchOnDevice from_device(*this, from), to_device(*this, expected);
    std::vector<double> keep, step;
    for (std::size_t k = 0; k < from.active.size(); ++k) {
      keep.push_back(keeps[k % 3]);
      step.push_back(steps_along[k % 3]);
    }
    const auto keep_device = put(keep), step_device = put(step);
    const DeviceArray<GaussianMove> result(std::ssize(from.active));
    ASSERT_TRUE(
        succeeded(launch_gaussian_move(stream(), p, from_device.active(), keep_device.get(), step_device.get(),
                                       from_device.point(), from_device.along(), to_device.point(), result.get())));
    const std::vector<GaussianMove> moves = fetch(result);
    const GaussianBatch actual = to_device.fetched(*this);
    for (std::size_t k = 0; k < from.active.size(); ++k) {
      const Index v = from.active[k] * p, m = v * p;
      GaussianMove e;
      defined_move(p, 1, keep[k], step[k], from.mu.data() + v, from.direction_mean.data() + v, expected.mu.data() + v,
                   e.mean_change_squared, e.mean_norm_squared);
      defined_move(p, p, keep[k], step[k], from.sigma.data() + m, from.direction.data() + m, expected.sigma.data() + m,
                   e.covariance_change_squared, e.covariance_norm_squared);
      EXPECT_TRUE(same_bits(moves[k].mean_change_squared, e.mean_change_squared));
      EXPECT_TRUE(same_bits(moves[k].mean_norm_squared, e.mean_norm_squared));
      EXPECT_TRUE(same_bits(moves[k].covariance_change_squared, e.covariance_change_squared));
      EXPECT_TRUE(same_bits(moves[k].covariance_norm_squared, e.covariance_norm_squared));
      if (k == 0) {
        EXPECT_TRUE(same_bits(matrix_of(actual.sigma, from.active[k], p), matrix_of(from.direction, from.active[k], p)))
            << "keep = 0 and step = 1 give the direction itself";
      }
    }
    EXPECT_TRUE(same_bits(actual.mu, expected.mu));
    EXPECT_TRUE(same_bits(actual.sigma, expected.sigma));
  }
}

TEST_P(GaussianKernels, CopyTakesAllFiveArraysOfTheActiveProblems) {
  for (const BatchShape& shape :
       std::vector<BatchShape>{{1, 257}, {3, 0}, {31, 1}, {32, 3}, {33, 3}, {64, 3}, {65, 2}, {257, 3}}) {
    const Index p = shape.p;
    SCOPED_TRACE(describe(shape));
    GaussianBatch from(p, shape.active);
    const GaussianBatch untouched(p, shape.active);
    unsigned seed = 21;
    for (auto* array : {&from.mu, &from.offset}) *array = normals(from.problems * p, seed++);
    for (auto* array : {&from.sigma, &from.factor, &from.whitened}) *array = normals(from.problems * p * p, seed++);
    const GaussianBatchOnDevice from_device(*this, from), to_device(*this, untouched);
    ASSERT_TRUE(
        succeeded(launch_gaussian_copy(stream(), p, from_device.active(), from_device.point(), to_device.point())));
    const GaussianBatch to = to_device.fetched(*this);
    for (Index b = 0; b < from.problems; ++b) {
      SCOPED_TRACE("problem " + std::to_string(b));
      const GaussianBatch& expected = b == from.idle ? untouched : from;
      EXPECT_TRUE(same_bits(vector_of(to.mu, b, p), vector_of(expected.mu, b, p)));
      EXPECT_TRUE(same_bits(matrix_of(to.sigma, b, p), matrix_of(expected.sigma, b, p)));
      expect_point(to, expected, b);
    }
  }
}

SIGMAHAT_ON_DEVICE(GaussianKernels);

}  // namespace
}  // namespace sigmahat::test
