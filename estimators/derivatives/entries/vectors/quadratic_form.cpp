#include "derivatives/checks/rules.hpp"
#include "sigmahat/derivatives/vectors.hpp"

namespace sigmahat::derivatives {
namespace {

struct QuadraticForm {
  static constexpr DerivativeEntry kText{
      .name = "quadratic-form",
      .group = "vectors",
      .formula = "∂(xᵀAx)/∂x = Ax + Aᵀx",
      .sizes = "x: n × 1; A: n × n, not necessarily symmetric; result n × 1.",
      .layout = "scalar by vector: denominator; numerator on request.",
      .function = "`quadratic_form::value`, `quadratic_form::gradient`, `quadratic_form::hessian`",
      .bound =
          "(u_T + (2n + 4)·2⁻⁵³)·Σ|terms|: (1) with one rounding to the storage type and two chains over n, of Ax and "
          "of what follows; the terms are |xᵢ||aᵢⱼ||xⱼ|, or |aᵢⱼ||xⱼ| + |aⱼᵢ||xⱼ|.",
      .source =
          "Petersen and Pedersen, *The Matrix Cookbook*, section 2.4; Magnus and Neudecker, *Matrix "
          "Differential Calculus*, chapter 9.",
      .proof = "docs/math/matrix_calculus.md, section quadratic-form",
  };

  template <class T>
  static void check(Trial<T>& trial) {
    const Index n = trial.sizes.n;
    check_gradient(
        trial, trial.operands({{n, 1}, {n, n}}), 2 * n + 4, [](const auto& in) { return inner(in[0], in[1] * in[0]); },
        [&](const auto& in) { return quadratic_form::value(trial.context, in[0], in[1]); },
        [&](const auto& in) { return quadratic_form::gradient(trial.context, in[0], in[1]); });
  }
};

}  // namespace

CheckedEntry quadratic_form_entry() { return entry_of<QuadraticForm>(); }

}  // namespace sigmahat::derivatives
