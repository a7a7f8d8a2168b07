#include "derivatives/checks/rules.hpp"
#include "sigmahat/derivatives/matrices.hpp"

namespace sigmahat::derivatives {
namespace {

struct ColumnGramForm {
  static constexpr DerivativeEntry kText{
      .name = "column-gram-form",
      .group = "matrices",
      .formula = "∂(aᵀXᵀXb)/∂X = Xabᵀ + Xbaᵀ",
      .sizes = "X: m × n, square or not; a, b: n × 1; result m × n.",
      .layout = "scalar by matrix: denominator; numerator on request.",
      .function = "`column_gram_form::value`, `column_gram_form::gradient`",
      .bound =
          "(u_T + (2n + m + 8)·2⁻⁵³)·Σ|terms|: (1) with one rounding to the storage type and the chains over n of Xa "
          "and "
          "Xb, for the value one over m, too; the terms are the formula at absolute values.",
      .source = "Petersen and Pedersen, *The Matrix Cookbook*, section 2.4.",
      .proof = "docs/math/matrix_calculus.md, section column-gram-form",
  };

  template <class T>
  static void check(Trial<T>& trial) {
    const Index m = trial.sizes.m, n = trial.sizes.n;
    check_gradient(
        trial, trial.operands({{m, n}, {n, 1}, {n, 1}}), 2 * n + m + 8,
        [](const auto& in) { return inner(in[0] * in[1], in[0] * in[2]); },
        [&](const auto& in) { return column_gram_form::value(trial.context, in[0], in[1], in[2]); },
        [&](const auto& in) { return column_gram_form::gradient(trial.context, in[0], in[1], in[2]); });
  }
};

}  // namespace

CheckedEntry column_gram_form_entry() { return entry_of<ColumnGramForm>(); }

}  // namespace sigmahat::derivatives
