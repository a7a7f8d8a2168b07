#include "derivatives/checks/gaussian_case.hpp"

namespace sigmahat::derivatives {
namespace {

struct CovarianceHessian {
  static constexpr DerivativeEntry kText{
      .name = "gaussian-hessian-covariance",
      .group = "gaussian",
      .formula = "∂²ℓ/∂vech Σ∂(vech Σ)ᵀ = ½Dᵀ[nΣ⁻¹⊗Σ⁻¹ − P⊗Σ⁻¹ − Σ⁻¹⊗P]D, P = Σ⁻¹M(μ)Σ⁻¹",
      .sizes = "Σ, P: p × p; D: p² × s, s = p(p + 1)/2; result s × s.",
      .layout = "the result is symmetric, so both are the same.",
      .function = "`GaussianDerivatives::covariance_hessian`",
      .bound =
          "64p·2⁻⁵³·κ(Σ)·4n‖Σ⁻¹‖²(1 + 2‖Σ⁻¹‖‖M(μ)/n‖): two inverses or P and an inverse are multiplied, each "
          "with its error of κ(Σ)·p·2⁻⁵³; D adds elements twice from each side, hence the 4.",
      .source = "Magnus and Neudecker, *Matrix Differential Calculus*, chapters 3, 10 and 15.",
      .proof = "docs/math/matrix_calculus.md, section gaussian-hessian-covariance",
  };

  static void check(Trial<double>& trial) {
    const GaussianCase the(trial);
    check_hessian(trial, the.in, the.derivatives(trial.context).covariance_hessian(), covariance_moves,
                  covariance_moves, kLogLikelihood, covariance_bound);
  }
};

}  // namespace

CheckedEntry gaussian_hessian_covariance_entry() { return float64_entry<CovarianceHessian>(); }

}  // namespace sigmahat::derivatives
