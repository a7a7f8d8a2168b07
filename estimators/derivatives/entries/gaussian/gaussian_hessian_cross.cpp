#include "derivatives/checks/gaussian_case.hpp"

namespace sigmahat::derivatives {
namespace {

struct CrossHessian {
  static constexpr DerivativeEntry kText{
      .name = "gaussian-hessian-cross",
      .group = "gaussian",
      .formula = "∂²ℓ/∂μ∂(vech Σ)ᵀ = −n((x̄ − μ)ᵀΣ⁻¹ ⊗ Σ⁻¹)D",
      .sizes =
          "μ, x̄: p × 1; Σ: p × p; D: p² × s, s = p(p + 1)/2; result p × s, its transpose is the block of Σ by "
          "μ.",
      .layout = "rows belong to μ, columns to vech Σ: the Jacobian of ∂ℓ/∂μ.",
      .function = "`GaussianDerivatives::cross_hessian`",
      .bound =
          "64p·2⁻⁵³·κ(Σ)·4np‖Σ⁻¹‖²‖x̄ − μ‖: the score for μ and an inverse are multiplied, each with its error "
          "of κ(Σ)·p·2⁻⁵³.",
      .source = "Magnus and Neudecker, *Matrix Differential Calculus*, chapters 9 and 15.",
      .proof = "docs/math/matrix_calculus.md, section gaussian-hessian-cross",
  };

  static void check(Trial<double>& trial) {
    const GaussianCase the(trial);
    check_hessian(trial, the.in, the.derivatives(trial.context).cross_hessian(), vector_moves, covariance_moves,
                  kLogLikelihood, [](const auto& args) {
                    const Norms norms(args);
                    const Index p = args[kMean].rows;
                    return constant(p, p * (p + 1) / 2,
                                    4 * norms.unit() * norms.inverse * norms.inverse * norms.distance * norms.p);
                  });
  }
};

}  // namespace

CheckedEntry gaussian_hessian_cross_entry() { return float64_entry<CrossHessian>(); }

}  // namespace sigmahat::derivatives
