// Launchers of kernels/gaussian.cu (p ≤ 64): one thread block per active problem, whatever the number of problems one
// launch. Formulas: kernels/gaussian.hpp and kernels/steps/gaussian.hpp.
//
// Arrays are device memory, problem b being item b: vectors [B, p], matrices [B, p, p], column-major, ld = p. `active`
// lists the problems of a call; the others are neither read nor written.
// Failure: where Σ is not positive definite the evaluation has that status and NaN scalars; L, z, W are unspecified.
// Cost per problem, and what an H100 allows for 10⁴ problems of p = 64 (34 TFLOP/s, 3.35 TB/s); a problem's chains are
// sequential, so a single problem takes some tenths of a millisecond however fast the device is:
//   evaluate  p³/3 + 2p³ flops, 32p² bytes: 0.18 ms by arithmetic, 0.39 ms by memory
//   target    2p² flops, 16p² bytes: 0.20 ms by memory
//   newton    about 80p³ flops, 48p² bytes: 6 ms, 0.59 ms
//   score     2p³ flops, 24p² bytes: 0.15 ms, 0.29 ms
//   move      6p² flops, 24p² bytes: 0.29 ms
//   copy      48p² bytes: 0.59 ms
// Determinism: D3 but for the logarithm (D2; D1 between this and another device) and for the sums of squares of a move,
// whose order is by columns: D2.
// Limits: 1 ≤ p ≤ 64 (copy: p ≤ 65535); active problems < 2³¹. Shared memory 16p² + 32p bytes, 67.6 KB at p = 64; newton
// 16p² + 40p bytes.
#pragma once

#include "sigmahat/kernels/common.hpp"
#include "sigmahat/kernels/gaussian.hpp"
#include "sigmahat/kernels/launch.hpp"

namespace sigmahat {

/// The problems of a call: `count` numbers in device memory.
struct ActiveProblems {
  Index count = 0;
  const Index* problems = nullptr;
};

/// x̄ = mean + residual and S.
struct DeviceGaussianData {
  const double* mean = nullptr;
  const double* residual = nullptr;
  const double* covariance = nullptr;
};

/// μ, Σ, L, z and W.
struct DeviceGaussianPoint {
  double* mean = nullptr;
  double* covariance = nullptr;
  double* factor = nullptr;
  double* offset = nullptr;
  double* whitened = nullptr;
};

struct DeviceGaussianDirection {
  double* mean = nullptr;
  double* covariance = nullptr;
};

/// L, z, W of each active problem; evaluations[k] belongs to active problem k.
LaunchStatus launch_gaussian_evaluate(DeviceStream stream, Index p, const ActiveProblems& active,
                                      const DeviceGaussianData& data, const DeviceGaussianPoint& point,
                                      GaussianEvaluation* evaluations);

/// direction ← m and S + ddᵀ; where mean_only[k] is not 0, m and the own covariance of active problem k.
LaunchStatus launch_gaussian_target(DeviceStream stream, Index p, const ActiveProblems& active,
                                    const std::uint8_t* mean_only, const DeviceGaussianData& data,
                                    const DeviceGaussianPoint& point, const DeviceGaussianDirection& direction);

/// direction ← the Newton step's target; outcomes[k] belongs to active problem k. Where it is not ok nothing is written.
LaunchStatus launch_gaussian_newton(DeviceStream stream, Index p, const ActiveProblems& active,
                                    const DeviceGaussianData& data, const DeviceGaussianPoint& point,
                                    const DeviceGaussianDirection& direction, GaussianNewton* outcomes);

/// direction ← L⁻ᵀz and A or G; slopes[k] belongs to active problem k.
LaunchStatus launch_gaussian_score(DeviceStream stream, Index p, CovarianceScore convention,
                                   const ActiveProblems& active, const DeviceGaussianPoint& point,
                                   const DeviceGaussianDirection& direction, double* slopes);

/// to ← keep[k]·from + step[k]·direction. Sums of squares: down each column in row order, then over the columns.
LaunchStatus launch_gaussian_move(DeviceStream stream, Index p, const ActiveProblems& active, const double* keep,
                                  const double* step, const DeviceGaussianPoint& from,
                                  const DeviceGaussianDirection& direction, const DeviceGaussianPoint& to,
                                  GaussianMove* moves);

/// to ← from, all five arrays. Any p.
LaunchStatus launch_gaussian_copy(DeviceStream stream, Index p, const ActiveProblems& active,
                                  const DeviceGaussianPoint& from, const DeviceGaussianPoint& to);

}  // namespace sigmahat
