#include "large_newton.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include "lapack.hpp"

namespace sigmahat::backends {
namespace {

using Vector = std::vector<double>;

/// t ← the lower triangle of T = L⁻¹SL⁻ᵀ.
void whitened_scatter(Index p, const steps::NewtonProblem& at, bool settled, double* t) {
  const int n = lapack::size(p), type = 1;
  int info = 0;
  for (Index j = 0; j < p; ++j) {
    for (Index i = j; i < p; ++i) t[i + j * p] = steps::newton_scatter(p, at, settled, i, j);
  }
  dsygst_(&type, "L", &n, t, &n, at.l, &n, &info, 1);
  lapack::require_valid("dsygst", info);
}

/// v ← Q and λ of v = QΛQᵀ (lower triangle read); false where LAPACK did not get there, or would get numbers that are
/// not finite, with which it need not end.
bool eigen(Index p, double* v, double* lambda) {
  for (Index j = 0; j < p; ++j) {
    if (!std::all_of(v + j * p + j, v + j * p + p, [](double entry) { return std::isfinite(entry); })) return false;
  }
  const int n = lapack::size(p), work_size = lapack::size(1 + 6 * p + 2 * p * p),
            integer_size = lapack::size(3 + 5 * p);
  int info = 0;
  Vector work(static_cast<std::size_t>(work_size));
  std::vector<int> integers(static_cast<std::size_t>(integer_size));
  dsyevd_("V", "L", &n, v, &n, lambda, work.data(), &work_size, integers.data(), &integer_size, &info, 1, 1);
  lapack::require_valid("dsyevd", info);
  return info == 0;
}

/// covariance ← S + LQ·a·QᵀLᵀ (near) or Σ + LQ·a·QᵀLᵀ, v = Q; both triangles. `a` and `product` are spent.
void form_covariance(Index p, const steps::NewtonProblem& at, bool settled, bool near, const double* v, double* a,
                     double* product, double* covariance) {
  const int n = lapack::size(p);
  const double one = 1, zero = 0;
  dgemm_("N", "N", &n, &n, &n, &one, v, &n, a, &n, &zero, product, &n, 1, 1);
  dgemm_("N", "T", &n, &n, &n, &one, product, &n, v, &n, &zero, a, &n, 1, 1);
  dtrmm_("L", "L", "N", "N", &n, &n, &one, at.l, &n, a, &n, 1, 1, 1, 1);
  dtrmm_("R", "L", "T", "N", &n, &n, &one, at.l, &n, a, &n, 1, 1, 1, 1);
  for (Index j = 0; j < p; ++j) {
    for (Index i = j; i < p; ++i) {
      const double base = near ? steps::newton_scatter(p, at, settled, i, j) : at.sigma[i + j * p];
      covariance[i + j * p] = covariance[j + i * p] = base + a[i + j * p];
    }
  }
}

}  // namespace

GaussianNewton large_newton(Index p, const steps::NewtonProblem& at, double* mean, double* covariance) {
  constexpr steps::SerialTeam team;
  Vector v(static_cast<std::size_t>(p * p)), vectors(static_cast<std::size_t>(5 * p));
  double *const lambda = vectors.data(), *const y = lambda + p, *const turned = y + p, *const terms = turned + p;
  const bool settled = steps::newton_settled(p, at);
  whitened_scatter(p, at, settled, v.data());
  if (!steps::newton_definite(p, v.data(), p + 1) || !eigen(p, v.data(), lambda)) return {};
  if (!steps::newton_definite(p, lambda, 1)) return {};
  for (Index i = 0; i < p && !settled; ++i) {
    for (Index k = 0; k < p; ++k) y[i] += v[k + i * p] * at.z[k];
  }
  for (Index i = 0; i < p; ++i) steps::newton_coordinate(p, i, lambda, y, turned + i, terms + i);
  const double slope = steps::newton_slope(p, terms);
  if (!steps::newton_finite(slope)) return {};
  const bool near = steps::newton_near(p, lambda);
  steps::newton_mean(team, p, at, settled, v.data(), turned, terms + p, mean);
  Vector a(v.size()), product(v.size());
  for (Index j = 0; j < p; ++j) {
    for (Index i = 0; i < p; ++i) a[i + j * p] = steps::newton_entry(i, j, near, lambda, y);
  }
  form_covariance(p, at, settled, near, v.data(), a.data(), product.data(), covariance);
  return {slope, ProblemStatus::ok};
}

}  // namespace sigmahat::backends
