#include "derivatives/checks/rules.hpp"
#include "sigmahat/derivatives/matrices.hpp"

namespace sigmahat::derivatives {
namespace {

struct TransposedBilinearForm {
  static constexpr DerivativeEntry kText{
      .name = "transposed-bilinear-form",
      .group = "matrices",
      .formula = "∂(aᵀXᵀb)/∂X = baᵀ",
      .sizes =
          "X: m × n; a: n × 1; b: m × 1; result m × n. So aᵀXᵀb is (1 × n)(n × m)(m × 1). Texts that give the "
          "sizes the other way round, a: m × 1 and b: n × 1, have them slipped: that product exists for m = n "
          "alone.",
      .layout = "scalar by matrix: denominator; numerator on request.",
      .function = "`transposed_bilinear_form::value`, `transposed_bilinear_form::gradient`",
      .bound =
          "(u_T + (m + n + 3)·2⁻⁵³)·Σ|terms|: (1) with one rounding to the storage type, and for the value chains over "
          "n "
          "and m; the terms are |bᵢ||xᵢⱼ||aⱼ|, of the derivative |bᵢ||aⱼ|.",
      .source = "Petersen and Pedersen, *The Matrix Cookbook*, section 2.4.",
      .proof = "docs/math/matrix_calculus.md, section transposed-bilinear-form",
  };

  template <class T>
  static void check(Trial<T>& trial) {
    const Index m = trial.sizes.m, n = trial.sizes.n;
    check_gradient(
        trial, trial.operands({{m, n}, {n, 1}, {m, 1}}), m + n + 3,
        [](const auto& in) { return inner(in[1], transposed_dense(in[0]) * in[2]); },
        [&](const auto& in) { return transposed_bilinear_form::value(trial.context, in[0], in[1], in[2]); },
        [&](const auto& in) { return transposed_bilinear_form::gradient(trial.context, in[0], in[1], in[2]); });
  }
};

}  // namespace

CheckedEntry transposed_bilinear_form_entry() { return entry_of<TransposedBilinearForm>(); }

}  // namespace sigmahat::derivatives
