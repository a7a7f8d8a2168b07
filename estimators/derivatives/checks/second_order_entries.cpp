// Checks of the Hessians of the quadratic form and of least squares.
#include "hessian.hpp"
#include "sigmahat/derivatives/matrices.hpp"
#include "sigmahat/derivatives/vectors.hpp"

namespace sigmahat::derivatives {
namespace {

/// Moves of operand 0 alone, a vector of n entries, among `operands` of these shapes.
std::vector<Arguments<Real>> vector_moves(const Dense<Real>& directions, const Arguments<Real>& like) {
  std::vector<Arguments<Real>> moves;
  for (Index c = 0; c < directions.columns; ++c) {
    Arguments<Real> move;
    for (const Dense<Real>& operand : like) move.push_back(constant(operand.rows, operand.columns, 0));
    for (Index i = 0; i < directions.rows; ++i) move[0](i) = directions(i, c);
    moves.push_back(move);
  }
  return moves;
}

struct QuadraticHessian {
  static constexpr DerivativeEntry text{"quadratic-form-hessian", "second order", "∂²(xᵀAx)/∂x∂xᵀ = A + Aᵀ",
                                        kProductsBound};
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

struct LeastSquaresHessian {
  static constexpr DerivativeEntry text{"least-squares-hessian", "second order", "∂²‖y − Xβ‖²/∂β∂βᵀ = 2XᵀX",
                                        kProductsBound};
  template <class T>
  static void check(Trial<T>& trial) {
    const auto [m, n, k] = trial.sizes;
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

std::vector<CheckedEntry> second_order_entries() {
  return {entry_of<QuadraticHessian>(), entry_of<LeastSquaresHessian>()};
}

}  // namespace sigmahat::derivatives
