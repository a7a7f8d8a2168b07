#include "derivatives/checks/rules.hpp"
#include "sigmahat/derivatives/determinants.hpp"

namespace sigmahat::derivatives {
namespace {

struct SymmetricBilinear {
  static constexpr DerivativeEntry kText{
      .name = "symmetric-bilinear-form",
      .group = "symmetric",
      .formula = "∂(aᵀXb)/∂X for a symmetric X with free x_ij, i ≤ j: abᵀ + baᵀ − (abᵀ)∘I",
      .sizes = "X: n × n, symmetric; a, b: n × 1; result n × n.",
      .layout = "scalar by matrix: the result is symmetric, so both are the same.",
      .function = "`symmetric_bilinear_form::gradient`; the value is `bilinear_form::value`",
      .bound =
          "(2u_T + 4·2⁻⁵³)·Σ|terms|: (1) with a few operations; abᵀ is stored before its transpose is added, so "
          "its rounding to the storage type counts twice.",
      .source = "Petersen and Pedersen, *The Matrix Cookbook*, section 2.8.",
      .proof = "docs/math/matrix_calculus.md, section symmetric-bilinear-form",
  };

  template <class T>
  static void check(Trial<T>& trial) {
    const Index n = trial.sizes.n;
    const auto value = [](const auto& x) { return inner(x[1], x[0] * x[2]); };
    Operands<T> in;
    trial.put(in, trial.regulars(n, true));
    trial.put(in, {trial.matrix(n, 1)});
    trial.put(in, {trial.matrix(n, 1)});
    trial.compare(
        in, symmetric_bilinear_form::gradient(trial.context, in.batch[0], in.batch[1], in.batch[2]),
        [&](const auto& args) { return gradient_by_duals(value, args, Free::symmetric); },
        [&](const auto& args) {
          return rounding_bound<T>(2, 4, gradient_by_duals(value, absolute(args), Free::symmetric));
        });
  }
};

}  // namespace

CheckedEntry symmetric_bilinear_form_entry() { return entry_of<SymmetricBilinear>(); }

}  // namespace sigmahat::derivatives
