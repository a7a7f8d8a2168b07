#include "derivatives/checks/rules.hpp"
#include "sigmahat/derivatives/vectors.hpp"

namespace sigmahat::derivatives {
namespace {

struct SquaredNorm {
  static constexpr DerivativeEntry kText{
      .name = "squared-norm",
      .group = "vectors",
      .formula = "∂(xᵀx)/∂x = 2x",
      .sizes = "x: n × 1; result n × 1.",
      .layout = "scalar by vector: denominator; numerator on request.",
      .function = "`squared_norm::value`, `squared_norm::gradient`",
      .bound =
          "(u_T + (n + 3)·2⁻⁵³)·Σ|terms|: (1) with one rounding to the storage type and a chain over the n squares "
          "of the value. The gradient is exact, as it doubles.",
      .source = "Magnus and Neudecker, *Matrix Differential Calculus*, chapter 9; the case A = I of quadratic-form.",
      .proof = "docs/math/matrix_calculus.md, section squared-norm",
  };

  template <class T>
  static void check(Trial<T>& trial) {
    const Index n = trial.sizes.n;
    check_gradient(
        trial, trial.operands({{n, 1}}), n + 3, [](const auto& in) { return inner(in[0], in[0]); },
        [&](const auto& in) { return squared_norm::value(trial.context, in[0]); },
        [&](const auto& in) { return squared_norm::gradient(trial.context, in[0]); });
  }
};

}  // namespace

CheckedEntry squared_norm_entry() { return entry_of<SquaredNorm>(); }

}  // namespace sigmahat::derivatives
