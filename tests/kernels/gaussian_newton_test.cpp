// The kernel of Newton steps against one thread, bit by bit.
#include "steps/gaussian_newton.hpp"

#include <cmath>

#include "gaussian_batch.hpp"
#include "steps/gaussian.hpp"

namespace sigmahat::test {
namespace {

constexpr steps::SerialTeam kSerial;

/// Evaluated points whose Σ is `scale` times a matrix not far from S: T has eigenvalues of about 1/scale.
GaussianBatch near_batch(Index p, Index active, double scale) {
  GaussianBatch batch(p, active);
  for (Index b = 0; b < batch.problems; ++b) {
    const Index v = b * p, m = v * p;
    const double factor = scale * (1 + 0.125 * static_cast<double>(b % 5));
    for (Index k = m; k < m + p * p; ++k) batch.sigma[k] = factor * batch.s[k];
    for (Index i = 0; i < p; ++i) batch.sigma[m + i * (p + 1)] *= 1 + 0.01 * static_cast<double>(i % 7);
    for (Index i = v; i < v + p; ++i) batch.mu[i] = batch.mean[i] + 0.1 * batch.mu[i];
    std::copy_n(batch.sigma.begin() + m, p * p, batch.factor.begin() + m);
    EXPECT_TRUE(steps::cholesky(kSerial, p, batch.factor.data() + m));
    steps::whiten(kSerial, p, batch.mean.data() + v, batch.residual.data() + v, batch.s.data() + m, batch.mu.data() + v,
                  batch.factor.data() + m, batch.offset.data() + v, batch.whitened.data() + m);
  }
  return batch;
}

GaussianNewton newton_alone(GaussianBatch& batch, Index b) {
  const Index p = batch.p, v = b * p, m = v * p;
  std::vector<double> a(p * p), q(p * p), vectors(steps::newton_vectors_size(p));
  return steps::newton_target(
      kSerial, p,
      {batch.mean.data() + v, batch.residual.data() + v, batch.s.data() + m, batch.mu.data() + v,
       batch.sigma.data() + m, batch.factor.data() + m, batch.offset.data() + v},
      {a.data(), q.data(), vectors.data()}, batch.direction_mean.data() + v, batch.direction.data() + m);
}

class GaussianNewtonKernel : public KernelTest {};

TEST_P(GaussianNewtonKernel, TargetAndSlopeHaveTheBitsOfOneThread) {
  // T near I (the target written on S), far above it (on Σ), and about ½, where only some problems have a target.
  for (const double scale : {1.0, 1e-3, 1.6}) {
    for (const BatchShape& shape :
         std::vector<BatchShape>{{1, 33}, {2, 3}, {3, 257}, {32, 2}, {33, 2}, {63, 1}, {64, 1}}) {
      const Index p = shape.p;
      SCOPED_TRACE(describe(shape) + ", scale " + std::to_string(scale));
      GaussianBatch expected = near_batch(p, shape.active, scale);
      const GaussianBatchOnDevice device(*this, expected);
      const DeviceArray<GaussianNewton> result(shape.active);
      ASSERT_TRUE(succeeded(launch_gaussian_newton(stream(), p, device.active(), device.data(), device.point(),
                                                   device.along(), result.get())));
      const std::vector<GaussianNewton> outcomes = fetch(result);
      const GaussianBatch actual = device.fetched(*this);
      Index formed = 0;
      for (std::size_t k = 0; k < expected.active.size(); ++k) {
        const GaussianNewton e = newton_alone(expected, expected.active[k]);
        EXPECT_EQ(outcomes[k].status, e.status);
        EXPECT_TRUE(same_bits(outcomes[k].slope, e.slope));
        formed += e.status == ProblemStatus::ok ? 1 : 0;
      }
      EXPECT_TRUE(same_bits(actual.direction_mean, expected.direction_mean)) << "and the marks of the others";
      EXPECT_TRUE(same_bits(actual.direction, expected.direction));
      if (scale <= 1) {
        EXPECT_EQ(formed, shape.active);
      }
      if (scale > 1 && shape.active > 3) {
        EXPECT_TRUE(formed > 0 && formed < shape.active) << formed;
      }
    }
  }
}

TEST_P(GaussianNewtonKernel, NoProblemsAreNoWork) {
  const GaussianBatch batch(3, 0);
  const GaussianBatchOnDevice device(*this, batch);
  const DeviceArray<GaussianNewton> result(0);
  EXPECT_TRUE(succeeded(launch_gaussian_newton(stream(), 3, device.active(), device.data(), device.point(),
                                               device.along(), result.get())));
}

SIGMAHAT_ON_DEVICE(GaussianNewtonKernel);

}  // namespace
}  // namespace sigmahat::test
