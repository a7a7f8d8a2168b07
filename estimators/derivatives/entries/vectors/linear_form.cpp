#include "derivatives/checks/rules.hpp"
#include "sigmahat/derivatives/vectors.hpp"

namespace sigmahat::derivatives {
namespace {

struct LinearForm {
  static constexpr DerivativeEntry kText{
      .name = "linear-form",
      .group = "vectors",
      .formula = "∂(xᵀa)/∂x = ∂(aᵀx)/∂x = a",
      .sizes = "x, a: n × 1; result n × 1.",
      .layout = "scalar by vector: denominator; numerator on request.",
      .function = "`linear_form::value`, `linear_form::gradient`",
      .bound =
          "(u_T + (n + 3)·2⁻⁵³)·Σ|terms|: (1) with one rounding to the storage type and a chain over the n products "
          "of the value. The gradient is a copy.",
      .source =
          "Petersen and Pedersen, *The Matrix Cookbook*, section 2.4; Magnus and Neudecker, *Matrix "
          "Differential Calculus*, chapter 9.",
      .proof = "docs/math/matrix_calculus.md, section linear-form",
  };

  template <class T>
  static void check(Trial<T>& trial) {
    const Index n = trial.sizes.n;
    check_gradient(
        trial, trial.operands({{n, 1}, {n, 1}}), n + 3, [](const auto& in) { return inner(in[0], in[1]); },
        [&](const auto& in) { return linear_form::value(trial.context, in[0], in[1]); },
        [&](const auto& in) { return linear_form::gradient(trial.context, in[0], in[1]); });
  }
};

}  // namespace

CheckedEntry linear_form_entry() { return entry_of<LinearForm>(); }

}  // namespace sigmahat::derivatives
