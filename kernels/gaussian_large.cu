// Assembly and sums for Gaussian problems with p > 64. Header: sigmahat/kernels/gaussian_large_launch.hpp.
#include "sigmahat/kernels/gaussian_large_launch.hpp"

#include "device/block.cuh"
#include "steps/gaussian.hpp"

namespace sigmahat {
namespace {

using namespace device;

constexpr int kThreads = 256;
constexpr int kTile = 32;

/// One tile on or below the diagonal per block: a_ji ← a_ij through shared memory.
SIGMAHAT_KERNEL(kThreads) mirror_tile(Index p, double* a) {
  SIGMAHAT_SHARED(double, s_tile, kTile * (kTile + 1));
  const Index i0 = block_x() * kTile, j0 = block_y() * kTile;
  if (i0 < j0) return;
  const int minor = thread_index() % kTile;
  for (int major = thread_index() / kTile; major < kTile; major += kThreads / kTile) {
    const Index i = i0 + minor, j = j0 + major;
    if (i < p && j < p) s_tile[major * (kTile + 1) + minor] = a[i + j * p];
  }
  block_barrier();
  for (int major = thread_index() / kTile; major < kTile; major += kThreads / kTile) {
    const Index i = i0 + major, j = j0 + minor;
    if (i < p && j < i) a[j + i * p] = s_tile[minor * (kTile + 1) + major];
  }
}

SIGMAHAT_KERNEL(kThreads) clear_upper(Index p, double* l) {
  const Index j = block_x();
  for (Index i = thread_index(); i < j; i += thread_count()) l[i + j * p] = 0;
}

SIGMAHAT_KERNEL(kThreads)
large_deviation(Index p, const double* mean, const double* residual, const double* mu, double* d) {
  const Index i = block_x() * kThreads + thread_index();
  if (i < p) d[i] = steps::mean_deviation(mean[i], residual[i], mu[i]);
}

SIGMAHAT_KERNEL(kThreads) large_whitened(Index p, const double* z, double* w, double* column_sums) {
  SIGMAHAT_SHARED(double, s_sums, kWarp);
  const Index j = block_x();
  double sum = 0;
  for (Index i = j + thread_index(); i < p; i += thread_count()) {
    const double value = fma(z[i], z[j], w[i + j * p]);
    const double deviation = i == j ? value - 1 : value;
    sum = fma(i == j ? deviation : 2 * deviation, deviation, sum);
    w[i + j * p] = value;
  }
  sum = block_sum(sum, s_sums);
  if (thread_index() == 0) column_sums[j] = sum;
}

SIGMAHAT_KERNEL(kThreads)
large_evaluation(Index p, const int* info, const double* l, const double* z, const double* w, const double* column_sums,
                 GaussianEvaluation* evaluation) {
  SIGMAHAT_SHARED(double, s_sums, kWarp);
  GaussianEvaluation sums{0, 0, 0, 0, ProblemStatus::ok};
  double faults = *info == 0 ? 0 : 1;
  for (Index j = thread_index(); j < p; j += thread_count()) {
    const double diagonal = l[j + j * p];
    if (!(diagonal > 0)) faults += 1;
    sums.log_determinant += log(diagonal);
    sums.trace += w[j + j * p];
    sums.distance_squared = fma(z[j], z[j], sums.distance_squared);
    sums.deviation_squared += column_sums[j];
  }
  sums.log_determinant = 2 * block_sum(sums.log_determinant, s_sums);
  sums.trace = block_sum(sums.trace, s_sums);
  sums.distance_squared = block_sum(sums.distance_squared, s_sums);
  sums.deviation_squared = 0.5 * block_sum(sums.deviation_squared, s_sums);
  faults = block_sum(faults, s_sums);
  if (faults > 0) {
    sums = {kCanonicalNaN, kCanonicalNaN, kCanonicalNaN, kCanonicalNaN, ProblemStatus::not_positive_definite};
  }
  if (thread_index() == 0) *evaluation = sums;
}

SIGMAHAT_KERNEL(kThreads) large_score_start(Index p, const double* w, double* a) {
  const Index j = block_x();
  for (Index i = thread_index(); i < p; i += thread_count()) {
    a[i + j * p] = i == j ? w[i + j * p] - 1 : w[i + j * p];
  }
}

SIGMAHAT_KERNEL(kThreads) large_score_close(Index p, CovarianceScore convention, double* a, double* column_sums) {
  SIGMAHAT_SHARED(double, s_sums, kWarp);
  const Index j = block_x();
  const bool symmetric = convention == CovarianceScore::symmetric;
  double sum = 0;
  for (Index i = j + thread_index(); i < p; i += thread_count()) {
    const double value = a[i + j * p] * (i > j && symmetric ? 1.0 : 0.5);
    sum = fma(i > j && !symmetric ? 2 * value : value, value, sum);
    a[i + j * p] = value;
  }
  sum = block_sum(sum, s_sums);
  if (thread_index() == 0) column_sums[j] = sum;
}

SIGMAHAT_KERNEL(kThreads) large_slope(Index p, const double* column_sums, const double* score_mean, double* slope) {
  SIGMAHAT_SHARED(double, s_sums, kWarp);
  double sum = 0;
  for (Index j = thread_index(); j < p; j += thread_count()) sum += fma(score_mean[j], score_mean[j], column_sums[j]);
  sum = block_sum(sum, s_sums);
  if (thread_index() == 0) *slope = sum;
}

SIGMAHAT_KERNEL(kThreads)
large_target(Index p, ActiveProblems active, const std::uint8_t* mean_only, DeviceGaussianData data,
             DeviceGaussianPoint point, DeviceGaussianDirection direction) {
  const Index vector = active.problems[block_x()] * p, j = block_y(), column = vector * p + j * p;
  const double d_j = steps::mean_deviation(data.mean[vector + j], data.residual[vector + j], point.mean[vector + j]);
  for (Index i = thread_index(); i < p; i += thread_count()) {
    const double d_i = steps::mean_deviation(data.mean[vector + i], data.residual[vector + i], point.mean[vector + i]);
    direction.covariance[column + i] =
        mean_only[block_x()] != 0 ? point.covariance[column + i] : fma(d_i, d_j, data.covariance[column + i]);
  }
  if (thread_index() == 0) direction.mean[vector + j] = data.mean[vector + j];
}

/// Column block_y of the move; column p stands for the mean. Sums: change in [0, p], norm in [p + 1, 2p + 1].
SIGMAHAT_KERNEL(kThreads)
large_move(Index p, ActiveProblems active, const double* keep, const double* step, DeviceGaussianPoint from,
           DeviceGaussianDirection direction, DeviceGaussianPoint to, double* column_sums) {
  SIGMAHAT_SHARED(double, s_sums, kWarp);
  const Index vector = active.problems[block_x()] * p, j = block_y(), column = vector * p + j * p;
  const double* const g_from = j < p ? from.covariance + column : from.mean + vector;
  const double* const g_direction = j < p ? direction.covariance + column : direction.mean + vector;
  double* const g_to = j < p ? to.covariance + column : to.mean + vector;
  double change_sum = 0, norm_sum = 0;
  for (Index i = thread_index(); i < p; i += thread_count()) {
    const double before = g_from[i];
    const double moved = steps::combine(keep[block_x()], before, step[block_x()], g_direction[i]);
    change_sum = fma(moved - before, moved - before, change_sum);
    norm_sum = fma(moved, moved, norm_sum);
    g_to[i] = moved;
  }
  change_sum = block_sum(change_sum, s_sums);
  norm_sum = block_sum(norm_sum, s_sums);
  if (thread_index() != 0) return;
  double* const sums = column_sums + block_x() * 2 * (p + 1);
  sums[j] = change_sum;
  sums[p + 1 + j] = norm_sum;
}

SIGMAHAT_KERNEL(kThreads) large_move_sums(Index p, const double* column_sums, GaussianMove* moves) {
  SIGMAHAT_SHARED(double, s_sums, kWarp);
  const double* const sums = column_sums + block_x() * 2 * (p + 1);
  double change = 0, norm = 0;
  for (Index j = thread_index(); j < p; j += thread_count()) {
    change += sums[j];
    norm += sums[p + 1 + j];
  }
  change = block_sum(change, s_sums);
  norm = block_sum(norm, s_sums);
  if (thread_index() == 0) moves[block_x()] = {sums[p], sums[2 * p + 1], change, norm};
}

}  // namespace

LaunchStatus launch_mirror_lower(DeviceStream stream, Index p, double* a) {
  const Index tiles = (p + kTile - 1) / kTile;
  return launch(mirror_tile, {tiles, tiles}, kThreads, 0, stream, p, a);
}

LaunchStatus launch_clear_upper(DeviceStream stream, Index p, double* l) {
  return launch(clear_upper, {p}, kThreads, 0, stream, p, l);
}

LaunchStatus launch_large_deviation(DeviceStream stream, Index p, const double* mean, const double* residual,
                                    const double* mu, double* d) {
  return launch(large_deviation, {(p + kThreads - 1) / kThreads}, kThreads, 0, stream, p, mean, residual, mu, d);
}

LaunchStatus launch_large_whitened(DeviceStream stream, Index p, const double* z, double* w, double* column_sums) {
  return launch(large_whitened, {p}, kThreads, 0, stream, p, z, w, column_sums);
}

LaunchStatus launch_large_evaluation(DeviceStream stream, Index p, const int* info, const double* l, const double* z,
                                     const double* w, const double* column_sums, GaussianEvaluation* evaluation) {
  return launch(large_evaluation, {1}, kThreads, 0, stream, p, info, l, z, w, column_sums, evaluation);
}

LaunchStatus launch_large_score_start(DeviceStream stream, Index p, const double* w, double* a) {
  return launch(large_score_start, {p}, kThreads, 0, stream, p, w, a);
}

LaunchStatus launch_large_score_close(DeviceStream stream, Index p, CovarianceScore convention, double* a,
                                      double* column_sums) {
  return launch(large_score_close, {p}, kThreads, 0, stream, p, convention, a, column_sums);
}

LaunchStatus launch_large_slope(DeviceStream stream, Index p, const double* column_sums, const double* score_mean,
                                double* slope) {
  return launch(large_slope, {1}, kThreads, 0, stream, p, column_sums, score_mean, slope);
}

LaunchStatus launch_large_target(DeviceStream stream, Index p, const ActiveProblems& active,
                                 const std::uint8_t* mean_only, const DeviceGaussianData& data,
                                 const DeviceGaussianPoint& point, const DeviceGaussianDirection& direction) {
  return launch(large_target, {active.count, p}, kThreads, 0, stream, p, active, mean_only, data, point, direction);
}

LaunchStatus launch_large_move(DeviceStream stream, Index p, const ActiveProblems& active, const double* keep,
                               const double* step, const DeviceGaussianPoint& from,
                               const DeviceGaussianDirection& direction, const DeviceGaussianPoint& to,
                               double* column_sums, GaussianMove* moves) {
  const LaunchStatus status = launch(large_move, {active.count, p + 1}, kThreads, 0, stream, p, active, keep, step,
                                     from, direction, to, column_sums);
  if (!status.ok()) return status;
  return launch(large_move_sums, {active.count}, kThreads, 0, stream, p, column_sums, moves);
}

}  // namespace sigmahat
