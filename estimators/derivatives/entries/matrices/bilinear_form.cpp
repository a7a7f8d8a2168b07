#include "derivatives/checks/rules.hpp"
#include "sigmahat/derivatives/matrices.hpp"

namespace sigmahat::derivatives {
namespace {

struct BilinearForm {
  static constexpr DerivativeEntry kText{
      .name = "bilinear-form",
      .group = "matrices",
      .formula = "∂(aᵀXb)/∂X = abᵀ",
      .sizes = "X: m × n; a: m × 1; b: n × 1; result m × n.",
      .layout = "scalar by matrix: denominator; numerator on request.",
      .function = "`bilinear_form::value`, `bilinear_form::gradient`",
      .bound =
          "(u_T + (m + n + 3)·2⁻⁵³)·Σ|terms|: (1) with one rounding to the storage type, and for the value chains over "
          "n "
          "and m; the terms are |aᵢ||xᵢⱼ||bⱼ|, of the derivative |aᵢ||bⱼ|.",
      .source = "Petersen and Pedersen, *The Matrix Cookbook*, section 2.4.",
      .proof = "docs/math/matrix_calculus.md, section bilinear-form",
  };

  template <class T>
  static void check(Trial<T>& trial) {
    const Index m = trial.sizes.m, n = trial.sizes.n;
    check_gradient(
        trial, trial.operands({{m, n}, {m, 1}, {n, 1}}), m + n + 3,
        [](const auto& in) { return inner(in[1], in[0] * in[2]); },
        [&](const auto& in) { return bilinear_form::value(trial.context, in[0], in[1], in[2]); },
        [&](const auto& in) { return bilinear_form::gradient(trial.context, in[0], in[1], in[2]); });
  }
};

}  // namespace

CheckedEntry bilinear_form_entry() { return entry_of<BilinearForm>(); }

}  // namespace sigmahat::derivatives
