// The Gaussian log-likelihood of one problem in whitened coordinates: what a kernel returns per problem.
//
// Σ = LLᵀ, z = L⁻¹(x̄ − μ), W = L⁻¹(M(μ)/n)L⁻ᵀ = L⁻¹SL⁻ᵀ + zzᵀ. Per observation (divided by n):
//   value  ℓ/n = −½[p ln 2π + ln|Σ| + tr W]
//   scores ∂/∂μ = L⁻ᵀz,  A = ½L⁻ᵀ(W − I)L⁻¹ (Σ unrestricted),  G = A + Aᵀ − A∘I (Σ symmetric)
//   score norm √(‖z‖² + ½‖W − I‖²_F), free of units
#pragma once

#include "sigmahat/kernels/common.hpp"

namespace sigmahat {

/// Scalars of one problem at one point (μ, Σ); all NaN where Σ is not positive definite.
struct GaussianEvaluation {
  double log_determinant = kCanonicalNaN;    ///< ln|Σ|
  double trace = kCanonicalNaN;              ///< tr W = tr(Σ⁻¹M(μ))/n
  double distance_squared = kCanonicalNaN;   ///< ‖z‖² = (x̄−μ)ᵀΣ⁻¹(x̄−μ)
  double deviation_squared = kCanonicalNaN;  ///< ½‖W − I‖²_F
  ProblemStatus status = ProblemStatus::not_positive_definite;
};

/// The convention of the derivative with respect to Σ.
enum class CovarianceScore : std::int32_t {
  unrestricted = 0,  ///< A: the p² elements of Σ are taken as free
  symmetric = 1,     ///< G = A + Aᵀ − A∘I: the elements σ_ij, i ≤ j, are free
};

/// The Newton step needs a positive definite negative Hessian: all eigenvalues of T = L⁻¹SL⁻ᵀ above ½. Below this one, a
/// little above, the direction would be many times as long as the way to the top (docs/math/gaussian.md).
inline constexpr double kNewtonLeastEigenvalue = 0.5 + 0x1p-7;

/// What became of one problem's Newton step.
struct GaussianNewton {
  double slope = kCanonicalNaN;  ///< derivative of ℓ/n along the step; twice the gain of the quadratic model
  /// not_positive_definite: the negative Hessian is not, by the margin, or the slope overflows; the step is not formed.
  ProblemStatus status = ProblemStatus::not_positive_definite;
};

/// How far a move went: squared norms of the change and of the new point, for mean and covariance.
struct GaussianMove {
  double mean_change_squared = 0;
  double mean_norm_squared = 0;
  double covariance_change_squared = 0;
  double covariance_norm_squared = 0;
};

}  // namespace sigmahat
