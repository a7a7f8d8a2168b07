// Whitening, evaluation and score of one small Gaussian problem (p ≤ 64). Symbols as in kernels/gaussian.hpp:
// l = L, w = W, z, and the moments x̄ = mean + residual, s = S. Matrices are p × p, column-major, ld = p.
// Levels: L, z, W, scores, traces and norms D3; the logarithm D2.
#pragma once

#include "cholesky.hpp"
#include "sigmahat/kernels/gaussian.hpp"

namespace sigmahat::steps {

/// d_i = (m_i − μ_i) + c_i, the deviation of the mean pair from μ.
SIGMAHAT_STEP double mean_deviation(double mean, double residual, double mu) { return (mean - mu) + residual; }

/// Fills w = W and z from l = L and the moments. 2p³ flops: two triangular solves with p vectors each.
template <class Team>
SIGMAHAT_STEP void whiten(const Team& team, Index p, const double* mean, const double* residual, const double* s,
                          const double* mu, const double* l, double* z, double* w) {
  team.for_each(p + 1, [=](Index c) {
    if (c == p) {
      for (Index i = 0; i < p; ++i) z[i] = mean_deviation(mean[i], residual[i], mu[i]);
      forward_substitute(p, l, z, 1);
    } else {
      for (Index i = 0; i < p; ++i) w[i + c * p] = s[i + c * p];
      forward_substitute(p, l, w + c * p, 1);
    }
  });
  team.barrier();
  team.for_each(p, [=](Index r) {
    forward_substitute(p, l, w + r, p);
    for (Index j = 0; j <= r; ++j) w[r + j * p] = fma(z[r], z[j], w[r + j * p]);
  });
  team.barrier();
  mirror_lower(team, p, w);
}

/// The scalars of the point from L, z, W. `column_sums` is scratch for p numbers. All threads return the same.
///   ‖W − I‖²_F is summed by columns in row order, then over columns.
template <class Team>
SIGMAHAT_STEP GaussianEvaluation evaluate(const Team& team, Index p, const double* l, const double* z, const double* w,
                                          double* column_sums) {
  team.for_each(p, [=](Index j) {
    double sum = 0;
    for (Index i = 0; i < p; ++i) {
      const double deviation = i == j ? w[i + j * p] - 1 : w[i + j * p];
      sum = fma(deviation, deviation, sum);
    }
    column_sums[j] = sum;
  });
  team.barrier();
  GaussianEvaluation result{0, 0, 0, 0, ProblemStatus::ok};
  for (Index j = 0; j < p; ++j) {
    result.log_determinant += log(l[j + j * p]);
    result.trace += w[j + j * p];
    result.distance_squared = fma(z[j], z[j], result.distance_squared);
    result.deviation_squared += column_sums[j];
  }
  result.log_determinant *= 2;
  result.deviation_squared *= 0.5;
  team.barrier();
  return result;
}

/// score_mean = L⁻ᵀz and score_covariance = A or G, per observation. 2p³ flops.
template <class Team>
SIGMAHAT_STEP void score(const Team& team, Index p, CovarianceScore convention, const double* l, const double* z,
                         const double* w, double* score_mean, double* score_covariance) {
  double* const a = score_covariance;
  team.for_each(p + 1, [=](Index c) {
    if (c == p) {
      for (Index i = 0; i < p; ++i) score_mean[i] = z[i];
      back_substitute(p, l, score_mean, 1);
    } else {
      for (Index i = 0; i < p; ++i) a[i + c * p] = i == c ? w[i + c * p] - 1 : w[i + c * p];
      back_substitute(p, l, a + c * p, 1);
    }
  });
  team.barrier();
  team.for_each(p, [=](Index r) { back_substitute(p, l, a + r, p); });
  team.barrier();
  const double off_diagonal = convention == CovarianceScore::symmetric ? 1.0 : 0.5;
  for_each_lower(team, p, [=](Index i, Index j) { a[i + j * p] *= i == j ? 0.5 : off_diagonal; });
  team.barrier();
  mirror_lower(team, p, a);
}

/// ‖score_mean‖² + Σ of the squared free elements: all p² of A, or g_ij with i ≤ j of G. One thread's chain.
SIGMAHAT_STEP double slope(Index p, CovarianceScore convention, const double* score_mean,
                           const double* score_covariance) {
  double sum = 0;
  for (Index j = 0; j < p; ++j) {
    for (Index i = 0; i < p; ++i) {
      if (convention == CovarianceScore::symmetric && i < j) continue;
      sum = fma(score_covariance[i + j * p], score_covariance[i + j * p], sum);
    }
  }
  for (Index i = 0; i < p; ++i) sum = fma(score_mean[i], score_mean[i], sum);
  return sum;
}

/// direction_mean = m, direction_covariance = M(μ)/n = S + ddᵀ with d from mean_deviation; where `mean_only` is set it is
/// sigma, the point's own covariance. `d` is scratch for p numbers.
template <class Team>
SIGMAHAT_STEP void target(const Team& team, Index p, bool mean_only, const double* mean, const double* residual,
                          const double* s, const double* mu, const double* sigma, double* d, double* direction_mean,
                          double* direction_covariance) {
  team.for_each(p, [=](Index i) {
    d[i] = mean_deviation(mean[i], residual[i], mu[i]);
    direction_mean[i] = mean[i];
  });
  team.barrier();
  for_each_lower(team, p, [=](Index i, Index j) {
    const double entry = mean_only ? sigma[i + j * p] : fma(d[i], d[j], s[i + j * p]);
    direction_covariance[i + j * p] = direction_covariance[j + i * p] = entry;
  });
  team.barrier();
}

/// One entry of to = keep·from + step·direction; exact where keep = 0, step = 1 or keep = 1, step = 0.
SIGMAHAT_STEP double combine(double keep, double from, double step, double direction) {
  return fma(step, direction, keep * from);
}

}  // namespace sigmahat::steps
