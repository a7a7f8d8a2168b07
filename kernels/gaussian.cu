// Evaluation, directions and moves of many small Gaussian problems. Header: sigmahat/kernels/gaussian_launch.hpp.
#include "sigmahat/kernels/gaussian_launch.hpp"

#include "device/block.cuh"
#include "steps/gaussian.hpp"
#include "steps/gaussian_newton.hpp"

namespace sigmahat {
namespace {

using namespace device;

constexpr int kThreads = 128;
constexpr int block_threads(Index p) { return p <= 32 ? 64 : kThreads; }

/// Two matrices and two vectors: what evaluate and score keep in shared memory.
Index two_matrices_bytes(Index p) { return 2 * shared_bytes<double>(p * p) + 2 * shared_bytes<double>(p); }

SIGMAHAT_KERNEL(kThreads)
gaussian_evaluate(Index p, ActiveProblems active, DeviceGaussianData data, DeviceGaussianPoint point,
                  GaussianEvaluation* evaluations) {
  SharedCarver carver;
  double* const s_l = carver.take<double>(p * p);
  double* const s_w = carver.take<double>(p * p);
  double* const s_z = carver.take<double>(p);
  double* const s_sums = carver.take<double>(p);
  const Index vector = active.problems[block_x()] * p, matrix = vector * p;
  const BlockTeam team;

  block_copy(point.covariance + matrix, s_l, p * p);
  team.barrier();
  if (!steps::cholesky(team, p, s_l)) {
    if (thread_index() == 0) {
      evaluations[block_x()] = {kCanonicalNaN, kCanonicalNaN, kCanonicalNaN, kCanonicalNaN,
                                ProblemStatus::not_positive_definite};
    }
    return;
  }
  steps::whiten(team, p, data.mean + vector, data.residual + vector, data.covariance + matrix, point.mean + vector, s_l,
                s_z, s_w);
  const GaussianEvaluation result = steps::evaluate(team, p, s_l, s_z, s_w, s_sums);
  if (thread_index() == 0) evaluations[block_x()] = result;
  block_copy(s_l, point.factor + matrix, p * p);
  block_copy(s_z, point.offset + vector, p);
  block_copy(s_w, point.whitened + matrix, p * p);
}

SIGMAHAT_KERNEL(kThreads)
gaussian_target(Index p, ActiveProblems active, const std::uint8_t* mean_only, DeviceGaussianData data,
                DeviceGaussianPoint point, DeviceGaussianDirection direction) {
  SIGMAHAT_SHARED(double, s_d, kSmallDimension);
  const Index vector = active.problems[block_x()] * p, matrix = vector * p;
  steps::target(BlockTeam{}, p, mean_only[block_x()] != 0, data.mean + vector, data.residual + vector,
                data.covariance + matrix, point.mean + vector, point.covariance + matrix, s_d, direction.mean + vector,
                direction.covariance + matrix);
}

SIGMAHAT_KERNEL(kThreads)
gaussian_newton(Index p, ActiveProblems active, DeviceGaussianData data, DeviceGaussianPoint point,
                DeviceGaussianDirection direction, GaussianNewton* outcomes) {
  SharedCarver carver;
  double* const s_a = carver.take<double>(p * p);
  double* const s_v = carver.take<double>(p * p);
  double* const s_vectors = carver.take<double>(steps::newton_vectors_size(p));
  const Index vector = active.problems[block_x()] * p, matrix = vector * p;
  const steps::NewtonProblem at{data.mean + vector,   data.residual + vector,    data.covariance + matrix,
                                point.mean + vector,  point.covariance + matrix, point.factor + matrix,
                                point.offset + vector};
  const GaussianNewton outcome = steps::newton_target(BlockTeam{}, p, at, {s_a, s_v, s_vectors},
                                                      direction.mean + vector, direction.covariance + matrix);
  if (thread_index() == 0) outcomes[block_x()] = outcome;
}

SIGMAHAT_KERNEL(kThreads)
gaussian_score(Index p, CovarianceScore convention, ActiveProblems active, DeviceGaussianPoint point,
               DeviceGaussianDirection direction, double* slopes) {
  SharedCarver carver;
  double* const s_l = carver.take<double>(p * p);
  double* const s_score = carver.take<double>(p * p);
  double* const s_z = carver.take<double>(p);
  double* const s_score_mean = carver.take<double>(p);
  const Index vector = active.problems[block_x()] * p, matrix = vector * p;
  const BlockTeam team;

  block_copy(point.factor + matrix, s_l, p * p);
  block_copy(point.offset + vector, s_z, p);
  team.barrier();
  steps::score(team, p, convention, s_l, s_z, point.whitened + matrix, s_score_mean, s_score);
  if (thread_index() == 0) slopes[block_x()] = steps::slope(p, convention, s_score_mean, s_score);
  block_copy(s_score_mean, direction.mean + vector, p);
  block_copy(s_score, direction.covariance + matrix, p * p);
}

/// One column of `to`: entries in order, and the squared norms of its change and of itself.
SIGMAHAT_DEVICE void move_column(Index p, double keep, double step, const double* from, const double* direction,
                                 double* to, double* change_squared, double* norm_squared) {
  double change_sum = 0, norm_sum = 0;
  for (Index i = 0; i < p; ++i) {
    const double moved = steps::combine(keep, from[i], step, direction[i]);
    const double change = moved - from[i];
    change_sum = fma(change, change, change_sum);
    norm_sum = fma(moved, moved, norm_sum);
    to[i] = moved;
  }
  *change_squared = change_sum;
  *norm_squared = norm_sum;
}

SIGMAHAT_KERNEL(kThreads)
gaussian_move(Index p, ActiveProblems active, const double* keeps, const double* steps_along, DeviceGaussianPoint from,
              DeviceGaussianDirection direction, DeviceGaussianPoint to, GaussianMove* moves) {
  SIGMAHAT_SHARED(double, s_change, kSmallDimension + 1);
  SIGMAHAT_SHARED(double, s_norm, kSmallDimension + 1);
  const Index vector = active.problems[block_x()] * p, matrix = vector * p;
  const double keep = keeps[block_x()], step = steps_along[block_x()];
  const BlockTeam team;
  double *const change = s_change, *const norm = s_norm;

  team.for_each(p + 1, [=](Index j) {
    if (j == p) {
      move_column(p, keep, step, from.mean + vector, direction.mean + vector, to.mean + vector, change + p, norm + p);
    } else {
      const Index column = matrix + j * p;
      move_column(p, keep, step, from.covariance + column, direction.covariance + column, to.covariance + column,
                  change + j, norm + j);
    }
  });
  team.barrier();
  if (thread_index() != 0) return;
  GaussianMove move{s_change[p], s_norm[p], 0, 0};
  for (Index j = 0; j < p; ++j) {
    move.covariance_change_squared += s_change[j];
    move.covariance_norm_squared += s_norm[j];
  }
  moves[block_x()] = move;
}

/// One block per active problem and column; the first column's block takes the vectors along.
SIGMAHAT_KERNEL(kThreads)
gaussian_copy(Index p, ActiveProblems active, DeviceGaussianPoint from, DeviceGaussianPoint to) {
  const Index vector = active.problems[block_x()] * p, column = vector * p + block_y() * p;
  if (block_y() == 0) {
    block_copy(from.mean + vector, to.mean + vector, p);
    block_copy(from.offset + vector, to.offset + vector, p);
  }
  block_copy(from.covariance + column, to.covariance + column, p);
  block_copy(from.factor + column, to.factor + column, p);
  block_copy(from.whitened + column, to.whitened + column, p);
}

}  // namespace

LaunchStatus launch_gaussian_evaluate(DeviceStream stream, Index p, const ActiveProblems& active,
                                      const DeviceGaussianData& data, const DeviceGaussianPoint& point,
                                      GaussianEvaluation* evaluations) {
  return launch(gaussian_evaluate, {active.count}, block_threads(p), two_matrices_bytes(p), stream, p, active, data,
                point, evaluations);
}

LaunchStatus launch_gaussian_target(DeviceStream stream, Index p, const ActiveProblems& active,
                                    const std::uint8_t* mean_only, const DeviceGaussianData& data,
                                    const DeviceGaussianPoint& point, const DeviceGaussianDirection& direction) {
  return launch(gaussian_target, {active.count}, block_threads(p), 0, stream, p, active, mean_only, data, point,
                direction);
}

LaunchStatus launch_gaussian_newton(DeviceStream stream, Index p, const ActiveProblems& active,
                                    const DeviceGaussianData& data, const DeviceGaussianPoint& point,
                                    const DeviceGaussianDirection& direction, GaussianNewton* outcomes) {
  const Index bytes = 2 * shared_bytes<double>(p * p) + shared_bytes<double>(steps::newton_vectors_size(p));
  return launch(gaussian_newton, {active.count}, block_threads(p), bytes, stream, p, active, data, point, direction,
                outcomes);
}

LaunchStatus launch_gaussian_score(DeviceStream stream, Index p, CovarianceScore convention,
                                   const ActiveProblems& active, const DeviceGaussianPoint& point,
                                   const DeviceGaussianDirection& direction, double* slopes) {
  return launch(gaussian_score, {active.count}, block_threads(p), two_matrices_bytes(p), stream, p, convention, active,
                point, direction, slopes);
}

LaunchStatus launch_gaussian_move(DeviceStream stream, Index p, const ActiveProblems& active, const double* keep,
                                  const double* step, const DeviceGaussianPoint& from,
                                  const DeviceGaussianDirection& direction, const DeviceGaussianPoint& to,
                                  GaussianMove* moves) {
  return launch(gaussian_move, {active.count}, block_threads(p), 0, stream, p, active, keep, step, from, direction, to,
                moves);
}

LaunchStatus launch_gaussian_copy(DeviceStream stream, Index p, const ActiveProblems& active,
                                  const DeviceGaussianPoint& from, const DeviceGaussianPoint& to) {
  return launch(gaussian_copy, {active.count, p}, block_threads(p), 0, stream, p, active, from, to);
}

}  // namespace sigmahat
