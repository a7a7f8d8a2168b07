#include "derivatives/checks/hessian.hpp"
#include "sigmahat/derivatives/vectors.hpp"

namespace sigmahat::derivatives {
namespace {

struct QuadraticHessian {
  static constexpr DerivativeEntry kText{
      .name = "quadratic-form-hessian",
      .group = "second order",
      .formula = "∂²(xᵀAx)/∂x∂xᵀ = A + Aᵀ",
      .sizes = "A: n × n, not necessarily symmetric; result n × n, the same for every x.",
      .layout = "the result is symmetric, so both are the same.",
      .function = "`quadratic_form::hessian`",
      .bound = "(u_T + 2·2⁻⁵³)·Σ|terms|: (1) with one addition and one rounding to the storage type.",
      .source = "Magnus and Neudecker, *Matrix Differential Calculus*, chapter 10.",
      .proof = "docs/math/matrix_calculus.md, section quadratic-form-hessian",
  };

  template <class T>
  static void check(Trial<T>& trial) {
    const Index n = trial.sizes.n;
    const Operands<T> in = trial.operands({{n, 1}, {n, n}});
    check_hessian(
        trial, in, quadratic_form::hessian(trial.context, in.batch[1]), vector_moves, vector_moves,
        [](const auto& x) { return inner(x[0], x[1] * x[0]); },
        [](const auto& args) {
          return rounding_bound<T>(1, 2, absolute(args[1]) + transposed_dense(absolute(args[1])));
        });
  }
};

}  // namespace

CheckedEntry quadratic_form_hessian_entry() { return entry_of<QuadraticHessian>(); }

}  // namespace sigmahat::derivatives
