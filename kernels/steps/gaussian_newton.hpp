// The Newton step of one Gaussian problem: where it leads. Derivation: docs/math/gaussian.md, section 9. Symbols as in
// kernels/gaussian.hpp and kernels/steps/gaussian.hpp, and T = L⁻¹SL⁻ᵀ = QΛQᵀ, y = Qᵀz. Level D3.
#pragma once

#include "cholesky.hpp"
#include "sigmahat/kernels/gaussian.hpp"
#include "symmetric_eigen.hpp"

namespace sigmahat::steps {

/// Up to this largest eigenvalue of T the target is written as S and a correction of second order, above it as Σ and the
/// step: S is the larger of the two there, and its rounding would spoil what it is to be corrected to.
constexpr double kNewtonNear = 2;

/// One problem at an evaluated point.
struct NewtonProblem {
  const double *mean, *residual, *s;  ///< x̄ = mean + residual, S
  const double *mu, *sigma, *l, *z;
};

/// Whether μ is x̄ to the last digit, μ = m. What is left of d = x̄ − μ is c then, which μ cannot take up, so that the
/// step is that of Σ alone: S + ccᵀ takes the place of S, and 0 that of z.
SIGMAHAT_STEP bool newton_settled(Index p, const NewtonProblem& at) {
  for (Index i = 0; i < p; ++i) {
    if (at.mu[i] != at.mean[i]) return false;
  }
  return true;
}

/// Entry (i, j) of what T is made of: S, or S + ccᵀ.
SIGMAHAT_STEP double newton_scatter(Index p, const NewtonProblem& at, bool settled, Index i, Index j) {
  const double entry = at.s[i + j * p];
  return settled ? fma(at.residual[i], at.residual[j], entry) : entry;
}

/// Scratch: two matrices and five vectors.
struct NewtonWork {
  double *a, *v;    ///< [p, p]
  double* vectors;  ///< [5p], for p = 1 six numbers
};
SIGMAHAT_STEP Index newton_vectors_size(Index p) { return 5 * p + 1; }

/// Whether the negative Hessian is positive definite by the margin, from the eigenvalues; NaN is not.
SIGMAHAT_STEP bool newton_definite(Index p, const double* lambda, Index stride) {
  for (Index i = 0; i < p; ++i) {
    if (!(lambda[i * stride] > kNewtonLeastEigenvalue)) return false;
  }
  return true;
}

/// Whether the target is S + LRLᵀ, not Σ + LELᵀ.
SIGMAHAT_STEP bool newton_near(Index p, const double* lambda) {
  for (Index i = 0; i < p; ++i) {
    if (!(lambda[i] <= kNewtonNear)) return false;
  }
  return true;
}

/// Entry i of QᵀEz and of the slope's sum: with r_i = Σ_j y_j²/(λ_i + λ_j − 1),
///   (QᵀEz)_i = y_i[(λ_i − 1)/(2λ_i − 1) − r_i]
///   slope = Σ_i y_i²[λ_i/(2λ_i − 1) + ½r_i] + ½(λ_i − 1)²/(2λ_i − 1), whose terms are all positive.
SIGMAHAT_STEP void newton_coordinate(Index p, Index i, const double* lambda, const double* y, double* turned,
                                     double* term) {
  double r = 0;
  for (Index j = 0; j < p; ++j) r = fma(y[j], y[j] / (lambda[i] + lambda[j] - 1), r);
  const double excess = lambda[i] - 1, curvature = 2 * lambda[i] - 1;
  *turned = y[i] * (excess / curvature - r);
  *term = fma(y[i] * y[i], fma(0.5, r, lambda[i] / curvature), 0.5 * (excess * (excess / curvature)));
}

/// Entry (i, j) of QᵀRQ (near) or QᵀEQ: [−2(λ_i − 1)²δ_ij − y_i y_j]/(λ_i + λ_j − 1), or with (λ_i − 1)δ_ij in front.
SIGMAHAT_STEP double newton_entry(Index i, Index j, bool near, const double* lambda, const double* y) {
  const double excess = lambda[i] - 1;
  const double diagonal = i != j ? 0 : near ? -2 * (excess * excess) : excess;
  return fma(-y[i], y[j], diagonal) / (lambda[i] + lambda[j] - 1);
}

/// ‖step‖ by the metric of the negative Hessian, squared: the sum of the terms, in order. Not finite where they overflow.
SIGMAHAT_STEP double newton_slope(Index p, const double* terms) {
  double slope = 0;
  for (Index i = 0; i < p; ++i) slope += terms[i];
  return slope;
}
SIGMAHAT_STEP bool newton_finite(double slope) { return slope <= 0x1.fffffffffffffp1023; }

/// c = a·b, entry by entry one chain over k; b is read as b[k·row + j·column]. c is none of the others.
template <class Team>
SIGMAHAT_STEP void multiply(const Team& team, Index p, const double* a, const double* b, Index row, Index column,
                            double* c) {
  for_each_entry(team, p, p, [=](Index i, Index j) {
    double sum = 0;
    for (Index k = 0; k < p; ++k) sum = fma(a[i + k * p], b[k * row + j * column], sum);
    c[i + j * p] = sum;
  });
  team.barrier();
}
/// The same chains, side by side.
SIGMAHAT_STEP void multiply(const SerialTeam&, Index p, const double* a, const double* b, Index row, Index column,
                            double* c) {
  for (Index j = 0; j < p; ++j) {
    for (Index i = 0; i < p; ++i) c[i + j * p] = 0;
    for (Index k = 0; k < p; ++k) {
      const double factor = b[k * row + j * column];
      for (Index i = 0; i < p; ++i) c[i + j * p] = fma(a[i + k * p], factor, c[i + j * p]);
    }
  }
}

/// t ← T, both triangles; l = L. 2p³ flops. T comes from S, not from W − zzᵀ, which cancels where z is long.
template <class Team>
SIGMAHAT_STEP void whitened_scatter(const Team& team, Index p, const NewtonProblem& at, bool settled, const double* l,
                                    double* t) {
  team.for_each(p, [=](Index c) {
    for (Index i = 0; i < p; ++i) t[i + c * p] = newton_scatter(p, at, settled, i, c);
    forward_substitute(p, l, t + c * p, 1);
  });
  team.barrier();
  team.for_each(p, [=](Index r) { forward_substitute(p, l, t + r, p); });
  team.barrier();
  mirror_lower(team, p, t);
}

/// mean ← x̄ − LEz, where it is settled m, from `turned` = QᵀEz and v = Q; `rotated` is scratch for Ez.
template <class Team>
SIGMAHAT_STEP void newton_mean(const Team& team, Index p, const NewtonProblem& at, bool settled, const double* v,
                               const double* turned, double* rotated, double* mean) {
  team.for_each(p, [=](Index i) {
    double sum = 0;
    for (Index k = 0; k < p; ++k) sum = fma(v[i + k * p], turned[k], sum);
    rotated[i] = sum;
  });
  team.barrier();
  team.for_each(p, [=](Index i) {
    double sum = at.residual[i];
    for (Index k = 0; k <= i; ++k) sum = fma(-at.l[i + k * p], rotated[k], sum);
    mean[i] = settled ? at.mean[i] : at.mean[i] + sum;
  });
}

/// covariance ← S + LQ·a·QᵀLᵀ (near) or Σ + LQ·a·QᵀLᵀ, v = Q; a and v are spent.
template <class Team>
SIGMAHAT_STEP void newton_covariance(const Team& team, Index p, const NewtonProblem& at, bool settled, bool near,
                                     double* a, double* v, double* covariance) {
  multiply(team, p, v, a, 1, p, covariance);
  multiply(team, p, covariance, v, p, 1, a);
  multiply(team, p, at.l, a, 1, p, v);
  for_each_lower(team, p, [=](Index i, Index j) {
    double sum = 0;
    for (Index k = 0; k <= j; ++k) sum = fma(v[i + k * p], at.l[j + k * p], sum);
    const double base = near ? newton_scatter(p, at, settled, i, j) : at.sigma[i + j * p];
    covariance[i + j * p] = covariance[j + i * p] = base + sum;
  });
  team.barrier();
}

/// mean, covariance ← μ + Lδ, Σ + LELᵀ of the Newton step (δ, E). Where the status is not ok they are not written. About
/// 2p³ flops for T, 9p³ a sweep of symmetric_eigen, 7p³ for the target. All threads return the same.
template <class Team>
SIGMAHAT_STEP GaussianNewton newton_target(const Team& team, Index p, const NewtonProblem& at, const NewtonWork& work,
                                           double* mean, double* covariance) {
  double *const lambda = work.vectors, *const y = lambda + p, *const turned = y + p, *const terms = turned + p;
  double *const a = work.a, *const v = work.v;
  const bool settled = newton_settled(p, at);
  for_each_entry(team, p, p, [=](Index i, Index j) { v[i + j * p] = at.l[i + j * p]; });
  team.barrier();
  whitened_scatter(team, p, at, settled, v, a);
  // An eigenvalue is not above any entry of the diagonal.
  if (!newton_definite(p, a, p + 1) || !symmetric_eigen(team, p, a, v, turned)) return {};
  team.for_each(p, [=](Index i) {
    lambda[i] = a[i + i * p];
    double sum = 0;
    for (Index k = 0; k < p; ++k) sum = fma(v[k + i * p], at.z[k], sum);
    y[i] = settled ? 0 : sum;
  });
  team.barrier();
  if (!newton_definite(p, lambda, 1)) return {};
  team.for_each(p, [=](Index i) { newton_coordinate(p, i, lambda, y, turned + i, terms + i); });
  team.barrier();
  const double slope = newton_slope(p, terms);
  if (!newton_finite(slope)) return {};
  const bool near = newton_near(p, lambda);
  for_each_lower(team, p, [=](Index i, Index j) { a[i + j * p] = a[j + i * p] = newton_entry(i, j, near, lambda, y); });
  newton_mean(team, p, at, settled, v, turned, terms + p, mean);
  team.barrier();
  newton_covariance(team, p, at, settled, near, a, v, covariance);
  return {slope, ProblemStatus::ok};
}

}  // namespace sigmahat::steps
