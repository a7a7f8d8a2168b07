#include "derivatives/checks/gaussian_case.hpp"

namespace sigmahat::derivatives {
namespace {

struct MeanHessian {
  static constexpr DerivativeEntry kText{
      .name = "gaussian-hessian-mean",
      .group = "gaussian",
      .formula = "∂²ℓ/∂μ∂μᵀ = −nΣ⁻¹",
      .sizes = "Σ: p × p; result p × p, the same for every μ.",
      .layout = "the result is symmetric, so both are the same.",
      .function = "`GaussianDerivatives::mean_hessian`",
      .bound = "64p·2⁻⁵³·κ(Σ)·n‖Σ⁻¹‖: the error of the inverse of Σ, as in the entry inverse.",
      .source = "Magnus and Neudecker, *Matrix Differential Calculus*, chapter 15.",
      .proof = "docs/math/matrix_calculus.md, section gaussian-hessian-mean",
  };

  static void check(Trial<double>& trial) {
    const GaussianCase the(trial);
    check_hessian(trial, the.in, the.derivatives(trial.context).mean_hessian(), vector_moves, vector_moves,
                  kLogLikelihood, [](const auto& args) {
                    const Norms norms(args);
                    return constant(args[kMean].rows, args[kMean].rows, norms.unit() * norms.inverse);
                  });
  }
};

}  // namespace

CheckedEntry gaussian_hessian_mean_entry() { return float64_entry<MeanHessian>(); }

}  // namespace sigmahat::derivatives
