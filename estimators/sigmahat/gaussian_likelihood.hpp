// The Gaussian log-likelihood on moments: value, scores in both conventions, and the objective for gradient_ascent.
// Derivation: docs/math/gaussian.md.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "sigmahat/gradient_ascent.hpp"
#include "sigmahat/host/context.hpp"
#include "sigmahat/moments.hpp"

namespace sigmahat {

/// ℓ(μ, Σ) and its derivatives.
struct GaussianScore {
  double value = kCanonicalNaN;  ///< ℓ = −½[n p ln 2π + n ln|Σ| + tr(Σ⁻¹M(μ))]
  std::vector<double> mean;      ///< [p] ∂ℓ/∂μ = nΣ⁻¹(x̄ − μ)
  Matrix covariance;  ///< [p, p] A = ½(Σ⁻¹M(μ)Σ⁻¹ − nΣ⁻¹), or A + Aᵀ − A∘I for the symmetric convention
  double score_norm = kCanonicalNaN;  ///< √(d²(x̄, μ) + ½‖L⁻¹(M(μ)/n)L⁻ᵀ − I‖²_F), per observation, free of units
};

/// Value alone: one Cholesky factor and one whitening, no inverse. 4p³/3 (p > 64) to 7p³/3 flops.
/// Throws NumericalError where `covariance` is not positive definite or the moments are not finite (their sums
/// overflowed), InvalidArgument for a wrong shape or moments without rows. NaN where the value overflows.
double gaussian_log_likelihood(const Context& context, const Moments& moments, std::span<const double> mean,
                               const Matrix& covariance);

/// Value and scores. 8p³/3 to 13p³/3 flops. Errors as gaussian_log_likelihood.
GaussianScore gaussian_score(const Context& context, const Moments& moments, std::span<const double> mean,
                             const Matrix& covariance, CovarianceScore convention);

/// The metric in which the ascent direction is steepest.
enum class Metric {
  fisher,  ///< μ-step x̄ − μ, Σ-step M(μ)/n − Σ = (2/n)ΣAΣ; needs no inverse; from afar the μ-step goes first
  frobenius,  ///< the scores with Σ unrestricted: A; slope ‖∂/∂μ‖² + ‖A‖²_F
  vech,       ///< the scores with Σ symmetric: A + Aᵀ − A∘I; slope ‖∂/∂μ‖² + Σ_{i≤j} g²_ij
  newton,     ///< the negative Hessian in (μ, Σ); scoring (fisher) where it is not positive definite, and from afar
};
const char* to_string(Metric metric);

/// ℓ_b/n_b for B data sets as an ascent objective; parameters and factors stay in device memory.
class GaussianLikelihood final : public AscentObjective {
 public:
  GaussianLikelihood(const Context& context, const MomentsBatch& moments, Metric metric);
  ~GaussianLikelihood() override;

  /// Start of all problems: means [B, p] and covariances [B, p, p]. The default is μ = 0, Σ = I.
  void set_start(std::span<const double> means, std::span<const double> covariances);
  /// Current means [B, p] and covariances [B, p, p], copied from the device.
  void current(std::span<double> means, std::span<double> covariances) const;
  /// Accepted steps of a problem since its start that were those of Fisher scoring: with `newton` where it fell back.
  Index scoring_iterations(Index problem) const;

  Index problems() const override;
  double maximum_step() const override;
  void evaluate(std::span<const Index> active, std::span<Evaluation> evaluations) override;
  void accept(std::span<const Index> active) override;
  void direction(std::span<const Index> active, std::span<Direction> directions) override;
  void move(std::span<const Index> active, std::span<const double> steps, std::span<double> relative_changes) override;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace sigmahat
