#include <type_traits>

#include "derivatives/checks/rules.hpp"
#include "sigmahat/derivatives/vectors.hpp"

namespace sigmahat::derivatives {
namespace {

struct ProductOfForms {
  static constexpr DerivativeEntry kText{
      .name = "product-of-forms",
      .group = "vectors",
      .formula = "∂(aᵀx xᵀb)/∂x = a bᵀx + b aᵀx",
      .sizes = "x, a, b: n × 1; result n × 1.",
      .layout = "scalar by vector: denominator; numerator on request.",
      .function = "`product_of_forms::value`, `product_of_forms::gradient`",
      .bound =
          "(u_T + (2n + 8)·2⁻⁵³)·Σ|terms|: (1) with one rounding to the storage type and the two chains over n of aᵀx "
          "and bᵀx; the terms are |aᵢ||xᵢ||xⱼ||bⱼ|.",
      .source = "The case A = abᵀ of quadratic-form: Magnus and Neudecker, *Matrix Differential Calculus*, chapter 9.",
      .proof = "docs/math/matrix_calculus.md, section product-of-forms",
  };

  template <class T>
  static void check(Trial<T>& trial) {
    const Index n = trial.sizes.n;
    check_gradient(
        trial, trial.operands({{n, 1}, {n, 1}, {n, 1}}), 2 * n + 8,
        [](const auto& in) -> std::decay_t<decltype(in[0](0))> { return inner(in[1], in[0]) * inner(in[0], in[2]); },
        [&](const auto& in) { return product_of_forms::value(trial.context, in[0], in[1], in[2]); },
        [&](const auto& in) { return product_of_forms::gradient(trial.context, in[0], in[1], in[2]); });
  }
};

}  // namespace

CheckedEntry product_of_forms_entry() { return entry_of<ProductOfForms>(); }

}  // namespace sigmahat::derivatives
