// A batch of Gaussian problems on the host, and its copy in device memory.
#pragma once

#include "kernel_test.hpp"
#include "sigmahat/kernels/gaussian_launch.hpp"

namespace sigmahat::test {

/// A dimension and a number of active problems.
struct BatchShape {
  Index p, active;
};
inline std::string describe(const BatchShape& shape) {
  return "p = " + std::to_string(shape.p) + ", " + std::to_string(shape.active) + " active problems";
}

/// Numbers that belong to problem b: a vector of p, or a p × p matrix.
inline std::span<const double> vector_of(const std::vector<double>& all, Index b, Index p) {
  return std::span(all).subspan(static_cast<std::size_t>(b * p), static_cast<std::size_t>(p));
}
inline std::span<const double> matrix_of(const std::vector<double>& all, Index b, Index p) {
  return vector_of(all, b, p * p);
}

/// B matrices: covariances where kernels factorise them, and above that dimension any numbers, which cost less to make.
inline std::vector<double> matrices(Index problems, Index p, unsigned seed) {
  return p <= kSmallDimension ? covariances(problems, p, seed) : normals(problems * p * p, seed);
}

/// Moments, points, and room for everything else, filled with numbers that must stay where nothing is written. All
/// problems but one are active, in descending order.
struct GaussianBatch {
  GaussianBatch(Index dimension, Index active_problems)
      : p(dimension),
        problems(active_problems + 1),
        idle(problems == 1 ? 0 : 1),
        mean(normals(problems * p, 1)),
        residual(normals(problems * p, 2)),
        s(matrices(problems, p, 3)),
        mu(normals(problems * p, 4)),
        sigma(matrices(problems, p, 5)),
        factor(problems * p * p, 17.0),
        offset(problems * p, 18.0),
        whitened(problems * p * p, 19.0),
        direction_mean(problems * p, 20.0),
        direction(problems * p * p, 21.0) {
    for (double& value : residual) value *= 1e-17;
    for (Index b = problems - 1; b >= 0; --b) {
      if (b != idle) active.push_back(b);
    }
  }

  Index p, problems;
  Index idle;  ///< the problem that is not active
  std::vector<Index> active;
  std::vector<double> mean, residual, s, mu, sigma, factor, offset, whitened, direction_mean, direction;
};

/// The same arrays in device memory.
struct GaussianBatchOnDevice {
  GaussianBatchOnDevice(const KernelTest& test, const GaussianBatch& batch)
      : host(batch),
        problems(test.put(batch.active)),
        mean(test.put(batch.mean)),
        residual(test.put(batch.residual)),
        s(test.put(batch.s)),
        mu(test.put(batch.mu)),
        sigma(test.put(batch.sigma)),
        factor(test.put(batch.factor)),
        offset(test.put(batch.offset)),
        whitened(test.put(batch.whitened)),
        direction_mean(test.put(batch.direction_mean)),
        direction(test.put(batch.direction)) {}

  ActiveProblems active() const { return {problems.count(), problems.get()}; }
  DeviceGaussianData data() const { return {mean.get(), residual.get(), s.get()}; }
  DeviceGaussianPoint point() const { return {mu.get(), sigma.get(), factor.get(), offset.get(), whitened.get()}; }
  DeviceGaussianDirection along() const { return {direction_mean.get(), direction.get()}; }

  /// What the arrays that kernels write hold now.
  GaussianBatch fetched(const KernelTest& test) const {
    GaussianBatch batch = host;
    batch.mu = test.fetch(mu);
    batch.sigma = test.fetch(sigma);
    batch.factor = test.fetch(factor);
    batch.offset = test.fetch(offset);
    batch.whitened = test.fetch(whitened);
    batch.direction_mean = test.fetch(direction_mean);
    batch.direction = test.fetch(direction);
    return batch;
  }

  GaussianBatch host;
  DeviceArray<Index> problems;
  DeviceArray<double> mean, residual, s, mu, sigma, factor, offset, whitened, direction_mean, direction;
};

/// Bound for the difference of two sums ln|Σ| = 2 Σ ln l_jj in any order of addition. Both logarithms are within one
/// place (at most 2u of their size, u = 2⁻⁵³) of the true one, and p additions of each sum lose u of what has come
/// together: 2 · (2·2u + 2pu) Σ |ln l_jj|, and 1 % for the squares of u.
inline double log_determinant_bound(Index p, std::span<const double> factor) {
  double sum = 0;
  for (Index j = 0; j < p; ++j) sum += std::abs(std::log(factor[static_cast<std::size_t>(j + j * p)]));
  return 1.01 * 2 * (4 + 2 * static_cast<double>(p)) * kRoundoff * sum;
}

}  // namespace sigmahat::test
