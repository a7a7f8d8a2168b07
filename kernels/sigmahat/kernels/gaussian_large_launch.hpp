// Launchers of kernels/gaussian_large.cu: what evaluation, score and moves with p > 64 need around cuSOLVER and cuBLAS.
// Formulas: kernels/gaussian.hpp. Matrices are p × p, column-major, ld = p, in device memory.
//
// Arrays here belong to one problem unless `active` is a parameter; then one launch serves all active problems.
// Sums: one block per column adds its rows in a fixed order; the columns' sums are added in a fixed order.
// Failure: a factor with a diagonal entry that is not positive, or `info` ≠ 0, gives status not_positive_definite and
// NaN scalars.
// Cost: every launcher reads and writes its matrices once, 8p² bytes each: p = 2000 on an H100: 32 MB, 10 µs per matrix
// and direction; against p³/3 + 2p³ = 19 GF for factor and whitening, 0.28 ms at 67 TFLOP/s.
// Determinism: D1. Limits: p ≤ 65535.
#pragma once

#include "sigmahat/kernels/common.hpp"
#include "sigmahat/kernels/gaussian.hpp"
#include "sigmahat/kernels/gaussian_launch.hpp"
#include "sigmahat/kernels/launch.hpp"

namespace sigmahat {

/// Copies the lower triangle of a onto the upper one.
LaunchStatus launch_mirror_lower(DeviceStream stream, Index p, double* a);
/// Zeroes what lies above the diagonal of l.
LaunchStatus launch_clear_upper(DeviceStream stream, Index p, double* l);

/// d ← (m − μ) + c.
LaunchStatus launch_large_deviation(DeviceStream stream, Index p, const double* mean, const double* residual,
                                    const double* mu, double* d);
/// Lower triangle of W ← W + zzᵀ; column_sums[j] ← Σ_{i≥j} (w_ij − δ_ij)², off the diagonal twice.
LaunchStatus launch_large_whitened(DeviceStream stream, Index p, const double* z, double* w, double* column_sums);
/// The scalars of the point; `info` is what the factorisation left.
LaunchStatus launch_large_evaluation(DeviceStream stream, Index p, const int* info, const double* l, const double* z,
                                     const double* w, const double* column_sums, GaussianEvaluation* evaluation);

/// a ← W − I.
LaunchStatus launch_large_score_start(DeviceStream stream, Index p, const double* w, double* a);
/// Lower triangle of a ← A (half of a) or G (a with half of its diagonal);
/// column_sums[j] ← squares of the free elements of column j from its diagonal on, those off it twice for A.
LaunchStatus launch_large_score_close(DeviceStream stream, Index p, CovarianceScore convention, double* a,
                                      double* column_sums);
/// slope ← Σ column_sums + ‖score_mean‖².
LaunchStatus launch_large_slope(DeviceStream stream, Index p, const double* column_sums, const double* score_mean,
                                double* slope);

/// direction ← m and S + ddᵀ; where mean_only[k] is not 0, m and the own covariance of active problem k.
LaunchStatus launch_large_target(DeviceStream stream, Index p, const ActiveProblems& active,
                                 const std::uint8_t* mean_only, const DeviceGaussianData& data,
                                 const DeviceGaussianPoint& point, const DeviceGaussianDirection& direction);
/// to ← keep[k]·from + step[k]·direction; column_sums is scratch for 2(p + 1) numbers per active problem.
LaunchStatus launch_large_move(DeviceStream stream, Index p, const ActiveProblems& active, const double* keep,
                               const double* step, const DeviceGaussianPoint& from,
                               const DeviceGaussianDirection& direction, const DeviceGaussianPoint& to,
                               double* column_sums, GaussianMove* moves);

}  // namespace sigmahat
