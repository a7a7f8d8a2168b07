#include <cmath>
#include <type_traits>

#include "derivatives/checks/rules.hpp"
#include "sigmahat/derivatives/matrices.hpp"

namespace sigmahat::derivatives {
namespace {

struct ExponentialForm {
  static constexpr DerivativeEntry kText{
      .name = "exponential-form",
      .group = "matrices",
      .formula = "∂(aᵀexp(Xb))/∂X = (a ∘ exp(Xb)) bᵀ, exp entry by entry",
      .sizes = "X: m × n; a: m × 1; b: n × 1; result m × n.",
      .layout = "scalar by matrix: denominator; numerator on request.",
      .function = "`exponential_form::value`, `exponential_form::gradient`",
      .bound =
          "(u_T + (n + m + 8)·2⁻⁵³)·Σ|aᵢ|e^tᵢ(1 + τᵢ)|bⱼ|, t = Xb, τ = |X||b|: (1), but an error ε of tᵢ is an error "
          "e^tᵢ·ε of its exponential, and ε is up to (n + m + 8)·2⁻⁵³·τᵢ. In the value |bⱼ| does not stand.",
      .source = "Magnus and Neudecker, *Matrix Differential Calculus*, chapters 5 and 9, for the method.",
      .proof = "docs/math/matrix_calculus.md, section exponential-form",
  };

  template <class T>
  static void check(Trial<T>& trial) {
    const Index m = trial.sizes.m, n = trial.sizes.n;
    const auto value = [](const auto& in) {
      return inner(in[1], entrywise(in[0] * in[2], [](const auto& t) -> std::decay_t<decltype(t)> {
                     using std::exp;
                     return exp(t);
                   }));
    };
    /// |aᵢ|e^tᵢ(1 + τᵢ)
    const auto amplified = [](const Arguments<Real>& in) {
      const Dense<Real> t = in[0] * in[2], tau = absolute(in[0]) * absolute(in[2]);
      const Dense<Real> grown = entrywise(t, tau, [](Real x, Real size) { return std::exp(x) * (1 + size); });
      return entrywise(absolute(in[1]), grown, [](Real a, Real e) { return a * e; });
    };
    const Operands<T> in = trial.operands({{m, n}, {m, 1}, {n, 1}});
    trial.compare(
        in, exponential_form::value(trial.context, in.batch[0], in.batch[1], in.batch[2]),
        [&](const auto& args) { return scalar<Real>(value(args)); },
        [&](const auto& args) {
          return rounding_bound<T>(1, n + m + 8, scalar(inner(amplified(args), constant(m, 1, 1))));
        });
    trial.compare(
        in, exponential_form::gradient(trial.context, in.batch[0], in.batch[1], in.batch[2]),
        [&](const auto& args) { return gradient_by_duals(value, args); },
        [&](const auto& args) {
          return rounding_bound<T>(1, n + 8, amplified(args) * transposed_dense(absolute(args[2])));
        });
  }
};

}  // namespace

CheckedEntry exponential_form_entry() { return entry_of<ExponentialForm>(); }

}  // namespace sigmahat::derivatives
