#include "derivatives/checks/rules.hpp"
#include "sigmahat/derivatives/vectors.hpp"

namespace sigmahat::derivatives {
namespace {

struct LinearMap {
  static constexpr DerivativeEntry kText{
      .name = "linear-map",
      .group = "layouts",
      .formula = "∂(Ax)/∂x = A (numerator), Aᵀ (denominator)",
      .sizes = "A: m × n; x: n × 1; value m × 1; Jacobian m × n, gradient matrix n × m.",
      .layout = "vector by vector: numerator, the Jacobian; denominator on request, the gradient matrix.",
      .function = "`linear_map::value`, `linear_map::jacobian`",
      .bound =
          "(u_T + n·2⁻⁵³)·Σ|terms|: (1) with one rounding to the storage type and a chain over the n products "
          "of each element of Ax. The Jacobian is a copy.",
      .source = "Magnus and Neudecker, *Matrix Differential Calculus*, chapter 9.",
      .proof = "docs/math/matrix_calculus.md, section linear-map",
  };

  template <class T>
  static void check(Trial<T>& trial) {
    const Index m = trial.sizes.m, n = trial.sizes.n;
    const auto value = [](const auto& in) { return in[1] * in[0]; };
    const Operands<T> in = trial.operands({{n, 1}, {m, n}});
    check_jacobian(
        trial, in, n, value, [&](const auto& x) { return linear_map::value(trial.context, x[0], x[1]); },
        [&](const auto& x) { return linear_map::jacobian(trial.context, x[0], x[1]); });
    trial.compare(
        in, linear_map::jacobian(trial.context, in.batch[0], in.batch[1], DerivativeLayout::denominator),
        [&](const auto& args) { return transposed_dense(jacobian_by_duals(value, args)); },
        [&](const auto&) { return constant(n, m, 0); });
  }
};

}  // namespace

CheckedEntry linear_map_entry() { return entry_of<LinearMap>(); }

}  // namespace sigmahat::derivatives
