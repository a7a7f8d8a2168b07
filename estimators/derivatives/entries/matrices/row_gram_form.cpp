#include "derivatives/checks/rules.hpp"
#include "sigmahat/derivatives/matrices.hpp"

namespace sigmahat::derivatives {
namespace {

struct RowGramForm {
  static constexpr DerivativeEntry kText{
      .name = "row-gram-form",
      .group = "matrices",
      .formula = "∂(aᵀXXᵀb)/∂X = abᵀX + baᵀX",
      .sizes = "X: m × n, square or not; a, b: m × 1; result m × n.",
      .layout = "scalar by matrix: denominator; numerator on request.",
      .function = "`row_gram_form::value`, `row_gram_form::gradient`",
      .bound =
          "(u_T + (2m + n + 8)·2⁻⁵³)·Σ|terms|: (1) with one rounding to the storage type and the chains over m of Xᵀa "
          "and "
          "Xᵀb, for the value one over n, too; the terms are the formula at absolute values.",
      .source = "Petersen and Pedersen, *The Matrix Cookbook*, section 2.4, for Xᵀ in the place of X.",
      .proof = "docs/math/matrix_calculus.md, section row-gram-form",
  };

  template <class T>
  static void check(Trial<T>& trial) {
    const Index m = trial.sizes.m, n = trial.sizes.n;
    check_gradient(
        trial, trial.operands({{m, n}, {m, 1}, {m, 1}}), 2 * m + n + 8,
        [](const auto& in) {
          const auto transpose = transposed_dense(in[0]);
          return inner(transpose * in[1], transpose * in[2]);
        },
        [&](const auto& in) { return row_gram_form::value(trial.context, in[0], in[1], in[2]); },
        [&](const auto& in) { return row_gram_form::gradient(trial.context, in[0], in[1], in[2]); });
  }
};

}  // namespace

CheckedEntry row_gram_form_entry() { return entry_of<RowGramForm>(); }

}  // namespace sigmahat::derivatives
