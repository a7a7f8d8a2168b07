#include "derivatives/checks/hessian.hpp"
#include "sigmahat/derivatives/matrices.hpp"

namespace sigmahat::derivatives {
namespace {

struct LeastSquaresHessian {
  static constexpr DerivativeEntry kText{
      .name = "least-squares-hessian",
      .group = "second order",
      .formula = "∂²‖y − Xβ‖²/∂β∂βᵀ = 2XᵀX",
      .sizes = "X: m × n; result n × n, the same for every β and y.",
      .layout = "the result is symmetric, so both are the same.",
      .function = "`residual_form::hessian`",
      .bound =
          "(u_T + (m + 4)·2⁻⁵³)·Σ|terms|: (1) with one rounding to the storage type and a chain over the m products; "
          "the terms are 2|xₖᵢ||xₖⱼ|.",
      .source = "Magnus and Neudecker, *Matrix Differential Calculus*, chapters 10 and 13.",
      .proof = "docs/math/matrix_calculus.md, section least-squares-hessian",
  };

  template <class T>
  static void check(Trial<T>& trial) {
    const Index m = trial.sizes.m, n = trial.sizes.n;
    const Operands<T> in = trial.operands({{n, 1}, {m, n}, {m, 1}});
    check_hessian(
        trial, in, residual_form::hessian(trial.context, in.batch[1]), vector_moves, vector_moves,
        [](const auto& x) {
          const auto residuals = x[1] * x[0] - x[2];
          return inner(residuals, residuals);
        },
        [&](const auto& args) {
          return rounding_bound<T>(1, m + 4, times(2, transposed_dense(absolute(args[1])) * absolute(args[1])));
        });
  }
};

}  // namespace

CheckedEntry least_squares_hessian_entry() { return entry_of<LeastSquaresHessian>(); }

}  // namespace sigmahat::derivatives
