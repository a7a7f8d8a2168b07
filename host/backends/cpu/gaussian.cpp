// The Gaussian operations: one problem per thread for p ≤ 64 (kernels/steps/), LAPACK with all threads above.
#include "gaussian.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include "../lapack.hpp"
#include "../large_newton.hpp"
#include "../parallel.hpp"
#include "cpu.hpp"
#include "problem_steps.hpp"

namespace sigmahat::backends {
namespace {

/// Pointers to problem `problem` of the batch arrays; unused arrays may be null.
OneGaussian one(Index p, Index problem, const GaussianData& data, const GaussianPoint& point,
                const GaussianDirection& direction) {
  const Index v = problem * p, m = v * p;
  const auto at = [](auto* base, Index offset) { return base == nullptr ? nullptr : base + offset; };
  return {.data_mean = at(data.mean, v),
          .data_residual = at(data.residual, v),
          .data_covariance = at(data.covariance, m),
          .mean = at(point.mean, v),
          .covariance = at(point.covariance, m),
          .factor = at(point.factor, m),
          .offset = at(point.offset, v),
          .whitened = at(point.whitened, m),
          .direction_mean = at(direction.mean, v),
          .direction_covariance = at(direction.covariance, m)};
}

/// Flops of a batch whose problems cost about 4p³ or 4p² each.
double batch_flops(Index count, Index p, bool cubic) {
  const double size = static_cast<double>(p);
  return static_cast<double>(count) * 4 * size * size * (cubic ? size : 1);
}

/// Small problems are handed out several at a time.
Index problems_at_a_time(Index p) { return p > 16 ? 1 : 16; }

void zero_upper(Index p, double* a) {
  for (Index j = 1; j < p; ++j) std::fill_n(a + j * p, j, 0.0);
}

/// Blocks of columns keep both the read and the write side of the transposition in cache.
void mirror_lower(Index p, double* a, int threads) {
  constexpr Index kTile = 32;
#pragma omp parallel for schedule(dynamic) num_threads(useful_threads(batch_flops(1, p, false), threads))
  for (Index first = 0; first < p; first += kTile) {
    for (Index row = first; row < p; row += kTile) {
      for (Index j = first; j < std::min(first + kTile, p); ++j) {
        for (Index i = std::max(row, j + 1); i < std::min(row + kTile, p); ++i) a[j + i * p] = a[i + j * p];
      }
    }
  }
}

/// LAPACK's reduction of a symmetric-definite problem: 1: a ← L⁻¹aL⁻ᵀ; 2: a ← Lᵀ a L. Lower triangles.
void congruence(int type, Index p, double* a, const double* l) {
  const int n = lapack::size(p);
  int info = 0;
  dsygst_(&type, "L", &n, a, &n, l, &n, &info, 1);
  lapack::require_valid("dsygst", info);
}

/// Sums over columns of f(j), each column by one thread, then in column order: D2.
template <class F>
double sum_columns(Index p, int threads, F&& f) {
  std::vector<double> sums(static_cast<std::size_t>(p));
#pragma omp parallel for schedule(static) num_threads(useful_threads(batch_flops(1, p, false), threads))
  for (Index j = 0; j < p; ++j) sums[j] = f(j);
  double sum = 0;
  for (const double s : sums) sum += s;
  return sum;
}

/// Squared Frobenius norm of the symmetric matrix whose lower triangle is a, less `shift` on the diagonal;
/// off-diagonal entries count `off_diagonal` times.
double lower_norm_squared(Index p, const double* a, double shift, double off_diagonal, int threads) {
  return sum_columns(p, threads, [=](Index j) {
    const double diagonal = a[j + j * p] - shift;
    double below = 0;
#pragma omp simd reduction(+ : below)
    for (Index i = j + 1; i < p; ++i) below += a[i + j * p] * a[i + j * p];
    return diagonal * diagonal + off_diagonal * below;
  });
}

GaussianEvaluation evaluate_large(Index p, const OneGaussian& g, int threads) {
  const ThreadLimit limit(threads);
  std::copy_n(g.covariance, p * p, g.factor);
  if (!lapack::potrf(p, g.factor)) return {};
  zero_upper(p, g.factor);
  for (Index i = 0; i < p; ++i) g.offset[i] = steps::mean_deviation(g.data_mean[i], g.data_residual[i], g.mean[i]);
  lapack::trsv('N', p, g.factor, g.offset);
  std::copy_n(g.data_covariance, p * p, g.whitened);
  congruence(1, p, g.whitened, g.factor);
  const int n = lapack::size(p), stride = 1;
  const double one_times = 1;
  dsyr_("L", &n, &one_times, g.offset, &stride, g.whitened, &n, 1);

  GaussianEvaluation result{0, 0, 0, 0, ProblemStatus::ok};
  for (Index i = 0; i < p; ++i) {
    result.log_determinant += 2 * std::log(g.factor[i + i * p]);
    result.trace += g.whitened[i + i * p];
    result.distance_squared += g.offset[i] * g.offset[i];
  }
  result.deviation_squared = 0.5 * lower_norm_squared(p, g.whitened, 1, 2, threads);
  mirror_lower(p, g.whitened, threads);
  return result;
}

/// A = ½L⁻ᵀ(W − I)L⁻¹ by inverting L (trtri, p³/3) and the congruence KᵀXK with K = L⁻¹ (sygst, p³): two thirds of the
/// flops of two triangular solves.
double score_large(Index p, CovarianceScore convention, const OneGaussian& g, int threads) {
  const ThreadLimit limit(threads);
  std::copy_n(g.offset, p, g.direction_mean);
  lapack::trsv('T', p, g.factor, g.direction_mean);
  std::vector<double> inverse(g.factor, g.factor + p * p);
  const int n = lapack::size(p);
  int info = 0;
  dtrtri_("L", "N", &n, inverse.data(), &n, &info, 1, 1);
  lapack::require_valid("dtrtri", info);
  double* const a = g.direction_covariance;
  std::copy_n(g.whitened, p * p, a);
  for (Index i = 0; i < p; ++i) a[i + i * p] -= 1;
  congruence(2, p, a, inverse.data());

  const bool symmetric = convention == CovarianceScore::symmetric;
  const double off_diagonal = symmetric ? 1.0 : 0.5;
#pragma omp parallel for schedule(static) num_threads(useful_threads(batch_flops(1, p, false), threads))
  for (Index j = 0; j < p; ++j) {
    a[j + j * p] *= 0.5;
    for (Index i = j + 1; i < p; ++i) a[i + j * p] *= off_diagonal;
  }
  double slope = lower_norm_squared(p, a, 0, symmetric ? 1 : 2, threads);
  for (Index i = 0; i < p; ++i) slope += g.direction_mean[i] * g.direction_mean[i];
  mirror_lower(p, a, threads);
  return slope;
}

}  // namespace

void CpuOperations::gaussian_evaluate(Index p, std::span<const Index> active, const GaussianData& data,
                                      const GaussianPoint& point, std::span<GaussianEvaluation> evaluations) {
  const Index count = static_cast<Index>(active.size());
  if (p > kSmallDimension) {
    for (Index k = 0; k < count; ++k) {
      evaluations[k] = evaluate_large(p, one(p, active[k], data, point, {}), threads_);
    }
    return;
  }
  const ProblemSteps steps = problem_steps();
#pragma omp parallel num_threads(useful_threads(batch_flops(count, p, true), threads_))
  {
    double scratch[kSmallDimension];
#pragma omp for schedule(dynamic, problems_at_a_time(p))
    for (Index k = 0; k < count; ++k) evaluations[k] = steps.evaluate(p, one(p, active[k], data, point, {}), scratch);
  }
}

void CpuOperations::gaussian_target(Index p, std::span<const Index> active, std::span<const std::uint8_t> mean_only,
                                    const GaussianData& data, const GaussianPoint& point,
                                    const GaussianDirection& direction) {
  const ProblemSteps steps = problem_steps();
  const Index count = static_cast<Index>(active.size());
  const int threads = useful_threads(batch_flops(count, p, false), threads_);
  std::vector<double> scratch(static_cast<std::size_t>(threads * p));
#pragma omp parallel for schedule(static) num_threads(threads)
  for (Index k = 0; k < count; ++k) {
    steps.target(p, mean_only[k] != 0, one(p, active[k], data, point, direction),
                 scratch.data() + omp_get_thread_num() * p);
  }
}

void CpuOperations::gaussian_newton(Index p, std::span<const Index> active, const GaussianData& data,
                                    const GaussianPoint& point, const GaussianDirection& direction,
                                    std::span<GaussianNewton> outcomes) {
  const Index count = static_cast<Index>(active.size());
  if (p > kSmallDimension) {
    // Reduction to tridiagonal form is p products with a vector, each of less work than a parallel region while p is small.
    const ThreadLimit limit(p < 256 ? 1 : threads_);
    for (Index k = 0; k < count; ++k) {
      const OneGaussian g = one(p, active[k], data, point, direction);
      outcomes[k] =
          large_newton(p, {g.data_mean, g.data_residual, g.data_covariance, g.mean, g.covariance, g.factor, g.offset},
                       g.direction_mean, g.direction_covariance);
    }
    return;
  }
  constexpr double kSweeps = 16;  // beside the other operations' 4p³ flops
  const ProblemSteps steps = problem_steps();
#pragma omp parallel num_threads(useful_threads(kSweeps* batch_flops(count, p, true), threads_))
  {
    std::vector<double> work(static_cast<std::size_t>(2 * p * p + steps::newton_vectors_size(p)));
#pragma omp for schedule(dynamic, problems_at_a_time(p))
    for (Index k = 0; k < count; ++k) {
      outcomes[k] = steps.newton(p, one(p, active[k], data, point, direction), work.data());
    }
  }
}

void CpuOperations::gaussian_score(Index p, CovarianceScore convention, std::span<const Index> active,
                                   const GaussianPoint& point, const GaussianDirection& direction,
                                   std::span<double> slopes) {
  const Index count = static_cast<Index>(active.size());
  if (p > kSmallDimension) {
    for (Index k = 0; k < count; ++k) {
      slopes[k] = score_large(p, convention, one(p, active[k], {}, point, direction), threads_);
    }
    return;
  }
  const ProblemSteps steps = problem_steps();
#pragma omp parallel for schedule(dynamic, problems_at_a_time(p)) \
    num_threads(useful_threads(batch_flops(count, p, true), threads_))
  for (Index k = 0; k < count; ++k) slopes[k] = steps.score(p, convention, one(p, active[k], {}, point, direction));
}

void CpuOperations::gaussian_move(Index p, std::span<const Index> active, std::span<const double> keep,
                                  std::span<const double> step, const GaussianPoint& from,
                                  const GaussianDirection& direction, const GaussianPoint& to,
                                  std::span<GaussianMove> moves) {
  const ProblemSteps steps = problem_steps();
  const Index count = static_cast<Index>(active.size());
#pragma omp parallel for schedule(static) num_threads(useful_threads(batch_flops(count, p, false), threads_))
  for (Index k = 0; k < count; ++k) {
    const Index v = active[k] * p, m = v * p;
    const auto mean = steps.move(p, keep[k], step[k], from.mean + v, direction.mean + v, to.mean + v);
    const auto covariance =
        steps.move(p * p, keep[k], step[k], from.covariance + m, direction.covariance + m, to.covariance + m);
    moves[k] = {mean.change_squared, mean.norm_squared, covariance.change_squared, covariance.norm_squared};
  }
}

ProblemStatus CpuOperations::cholesky(Index p, const double* a, double* l) {
  const ThreadLimit limit(threads_);
  std::copy_n(a, p * p, l);
  if (p > kSmallDimension ? lapack::potrf(p, l) : problem_steps().cholesky(p, l)) {
    zero_upper(p, l);
    return ProblemStatus::ok;
  }
  std::fill_n(l, p * p, kCanonicalNaN);
  return ProblemStatus::not_positive_definite;
}

}  // namespace sigmahat::backends
