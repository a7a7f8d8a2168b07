// First and second derivatives of the Gaussian log-likelihood ℓ(μ, Σ) of B data sets, from their moments. Proofs:
// docs/math/matrix_calculus.md, section 8, and docs/math/gaussian.md. Scores are those of the estimator: the same calls of
// the same operations as GaussianLikelihood. What all functions of the catalogue promise: sigmahat/derivatives/vectors.hpp.
//
// vech Σ: the elements σ_ij, i ≥ j, column by column; s = p(p + 1)/2 of them. D: the duplication matrix, vec Σ = D vech Σ.
// ⊗: Kronecker product. P = Σ⁻¹M(μ)Σ⁻¹.
#pragma once

#include "sigmahat/matrix_batch.hpp"
#include "sigmahat/moments.hpp"

namespace sigmahat::derivatives {

/// B points: μ [B, p] and Σ [B, p, p]. A Σ that is not positive definite gives NaN in its item; one that is not symmetric
/// within rounding is refused. Second derivatives with respect to one variable are exactly symmetric. float64 alone, as
/// the estimator is.
class GaussianDerivatives {
 public:
  /// Evaluates the likelihood: a factor, a whitening and the scores of every item. Throws InvalidArgument for shapes that
  /// do not fit or moments without rows.
  GaussianDerivatives(const Context& context, const MomentsBatch& moments, const MatrixBatch<double>& mean,
                      const MatrixBatch<double>& covariance);

  /// ℓ, [B, 1, 1]
  MatrixBatch<double> value() const;
  /// ∂ℓ/∂μ = nΣ⁻¹(x̄ − μ), [B, p, 1]
  MatrixBatch<double> mean_score() const;
  /// ∂ℓ/∂Σ = A = ½(P − nΣ⁻¹), or A + Aᵀ − A∘I for the symmetric convention, [B, p, p]
  MatrixBatch<double> covariance_score(CovarianceScore convention) const;
  /// ∂²ℓ/∂μ∂μᵀ = −nΣ⁻¹, [B, p, p]
  MatrixBatch<double> mean_hessian() const;
  /// ∂²ℓ/∂vech Σ ∂(vech Σ)ᵀ = ½Dᵀ[nΣ⁻¹⊗Σ⁻¹ − P⊗Σ⁻¹ − Σ⁻¹⊗P]D, [B, s, s]
  MatrixBatch<double> covariance_hessian() const;
  /// ∂²ℓ/∂μ ∂(vech Σ)ᵀ = −n((x̄ − μ)ᵀΣ⁻¹ ⊗ Σ⁻¹)D, [B, p, s]
  MatrixBatch<double> cross_hessian() const;
  /// Fisher information of vech Σ: minus the expectation of its Hessian, (n/2)Dᵀ(Σ⁻¹⊗Σ⁻¹)D, [B, s, s]. At Σ = M(μ)/n it
  /// equals minus the Hessian.
  MatrixBatch<double> covariance_information() const;

 private:
  /// factor · n · Dᵀ(V ⊗ Σ⁻¹)D
  MatrixBatch<double> pairs(double factor, const MatrixBatch<double>& v) const;

  const Context* context_;
  Index problems_, p_;
  MatrixBatch<double> weight_;  // n
  MatrixBatch<double> value_;
  MatrixBatch<double> mean_score_, score_, symmetric_score_;  // per observation
  MatrixBatch<double> precision_;                             // Σ⁻¹
};

}  // namespace sigmahat::derivatives
