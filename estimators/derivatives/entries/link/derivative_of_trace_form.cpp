#include "derivatives/checks/rules.hpp"
#include "sigmahat/derivatives/trace_form.hpp"

namespace sigmahat::derivatives {
namespace {

struct DerivativeOfTraceForm {
  static constexpr DerivativeEntry kText{
      .name = "derivative-of-trace-form",
      .group = "link",
      .formula = "df = tr(A dX)  ⇒  ∂f/∂X = Aᵀ",
      .sizes = "X, dX: m × n; A: n × m; result m × n.",
      .layout = "scalar by matrix: denominator; in the numerator layout the result is A itself.",
      .function = "`derivative_of_trace_form`",
      .bound = "0: the numbers are copied.",
      .source = "Magnus and Neudecker, *Matrix Differential Calculus*, chapters 5 and 9 (the identification theorem).",
      .proof = "docs/math/matrix_calculus.md, section derivative-of-trace-form",
  };

  template <class T>
  static void check(Trial<T>& trial) {
    // f = tr(AX) = Σ a_ij x_ji, whose differential has this form.
    const Index m = trial.sizes.m, n = trial.sizes.n;
    const auto value = [](const auto& x) { return inner(transposed_dense(x[1]), x[0]); };
    const Operands<T> in = trial.operands({{m, n}, {n, m}});
    trial.compare(
        in, derivative_of_trace_form(trial.context, in.batch[1]),
        [&](const auto& args) { return gradient_by_duals(value, args); },
        [&](const auto&) { return constant(m, n, 0); });
    trial.compare(
        in, derivative_of_trace_form(trial.context, in.batch[1], DerivativeLayout::numerator),
        [&](const auto& args) { return transposed_dense(gradient_by_duals(value, args)); },
        [&](const auto&) { return constant(n, m, 0); });
  }
};

}  // namespace

CheckedEntry derivative_of_trace_form_entry() { return entry_of<DerivativeOfTraceForm>(); }

}  // namespace sigmahat::derivatives
