#include <type_traits>

#include "derivatives/checks/gaussian_case.hpp"

namespace sigmahat::derivatives {
namespace {

struct Information {
  static constexpr DerivativeEntry kText{
      .name = "gaussian-information",
      .group = "gaussian",
      .formula = "−E ∂²ℓ/∂vech Σ∂(vech Σ)ᵀ = (n/2)Dᵀ(Σ⁻¹⊗Σ⁻¹)D, minus the Hessian at Σ = M(μ)/n",
      .sizes = "Σ: p × p; D: p² × s, s = p(p + 1)/2; result s × s.",
      .layout = "the result is symmetric, so both are the same.",
      .function = "`GaussianDerivatives::covariance_information`",
      .bound =
          "as gaussian-hessian-covariance, with P = nΣ⁻¹: two inverses are multiplied, each with its error of "
          "κ(Σ)·p·2⁻⁵³.",
      .source = "Magnus and Neudecker, *Matrix Differential Calculus*, chapter 15.",
      .proof = "docs/math/matrix_calculus.md, section gaussian-information",
  };

  static void check(Trial<double>& trial) {
    const GaussianCase the(trial, true);
    const auto minus = [](const auto& args) {
      using S = std::decay_t<decltype(args[0](0))>;
      return S(-kLogLikelihood(args));
    };
    check_hessian(trial, the.in, the.derivatives(trial.context).covariance_information(), covariance_moves,
                  covariance_moves, minus, covariance_bound);
  }
};

}  // namespace

CheckedEntry gaussian_information_entry() { return float64_entry<Information>(); }

}  // namespace sigmahat::derivatives
