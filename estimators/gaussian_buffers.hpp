// Device memory of a batch of Gaussian problems. Private to the library.
#pragma once

#include <cmath>
#include <numbers>
#include <vector>

#include "sigmahat/host/context.hpp"
#include "sigmahat/moments.hpp"

namespace sigmahat::detail {

/// x̄ (as its pair) and S = M₀/n of every data set, on the device.
struct DataBuffers {
  DataBuffers(Operations& operations, const MomentsBatch& moments);
  GaussianData view() const { return {mean.get(), residual.get(), covariance.get()}; }

  Buffer mean, residual, covariance;
};

/// A point (μ, Σ) of every problem with its factor, offset and whitened moments, on the device.
struct PointBuffers {
  PointBuffers(Operations& operations, Index problems, Index columns);
  GaussianPoint view() const { return {mean.get(), covariance.get(), factor.get(), offset.get(), whitened.get()}; }

  Buffer mean, covariance, factor, offset, whitened;
};

/// S = M₀/n of every data set, [B, p, p]; NaN where there is no weight.
std::vector<double> normalised_scatter(const MomentsBatch& moments);

/// √s_ii of every data set, [B, p]; NaN where there is no weight.
std::vector<double> standard_deviations(const MomentsBatch& moments);

/// ℓ/n = −½[p ln 2π + ln|Σ| + tr W]
inline double value_per_observation(Index p, const GaussianEvaluation& at) {
  const double constant = static_cast<double>(p) * std::log(2 * std::numbers::pi);
  return -0.5 * (constant + at.log_determinant + at.trace);
}

/// √(‖z‖² + ½‖W − I‖²_F)
inline double score_norm(const GaussianEvaluation& at) { return std::sqrt(at.distance_squared + at.deviation_squared); }

}  // namespace sigmahat::detail
