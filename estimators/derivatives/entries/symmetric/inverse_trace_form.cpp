#include "derivatives/checks/free_elements.hpp"
#include "sigmahat/derivatives/determinants.hpp"

namespace sigmahat::derivatives {
namespace {

struct InverseTraceGradient {
  static constexpr DerivativeEntry kText{
      .name = "inverse-trace-form",
      .group = "symmetric",
      .formula = "∂tr(X⁻¹M)/∂X = −(X⁻¹MX⁻¹)ᵀ = A; for a symmetric X: A + Aᵀ − A∘I",
      .sizes = "X: n × n, regular; M: n × n; result n × n.",
      .layout = "scalar by matrix: denominator; numerator on request. The symmetric result has one layout.",
      .function = "`inverse_trace_form::value`, `inverse_trace_form::gradient` with `ArgumentStructure`",
      .bound =
          "c·(u_T + n·2⁻⁵³·κ(X))·(sizes of the factors): 2‖X⁻¹‖²‖M‖ times 5u_T for the inverse, which enters "
          "twice, a product, the result and its transpose or symmetric form, and κ(X) times some n·2⁻⁵³ for "
          "the backward error of LU.",
      .source =
          "Petersen and Pedersen, *The Matrix Cookbook*, sections 2.5 and 2.8; Magnus and Neudecker, *Matrix "
          "Differential Calculus*, chapter 9.",
      .proof = "docs/math/matrix_calculus.md, section inverse-trace-form",
  };

  template <class T>
  static void check(Trial<T>& trial) {
    const Index n = trial.sizes.n;
    for (const auto structure : {ArgumentStructure::general, ArgumentStructure::symmetric}) {
      const bool symmetric = structure == ArgumentStructure::symmetric;
      Operands<T> in;
      trial.put(in, trial.regulars(n, symmetric));
      trial.put(in, {trial.matrix(n, n)});
      const auto size = [&](const auto& args) {
        const Sizing x(args[0]);
        return 2 * x.inverse_norm * x.inverse_norm * infinity_norm(args[1]) *
               (5 * kStorageUnit<T> + Real(2 * lu_chain(n)) * kUnit * x.condition);
      };
      check_entries(trial, in, inverse_trace_form::gradient(trial.context, in.batch[0], in.batch[1], structure),
                    kInverseTrace, symmetric ? Free::symmetric : Free::all, size);
      trial.compare(
          in, inverse_trace_form::value(trial.context, in.batch[0], in.batch[1]),
          [](const auto& args) { return scalar<Real>(kInverseTrace(args)); },
          [&](const auto& args) { return scalar<Real>(static_cast<Real>(n) * size(args)); });
    }
  }
};

}  // namespace

CheckedEntry inverse_trace_form_entry() { return entry_of<InverseTraceGradient>(); }

}  // namespace sigmahat::derivatives
