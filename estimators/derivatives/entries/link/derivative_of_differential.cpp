#include "derivatives/checks/rules.hpp"
#include "sigmahat/derivatives/differentials.hpp"
#include "sigmahat/derivatives/trace_form.hpp"

namespace sigmahat::derivatives {
namespace {

struct DerivativeOfDifferential {
  static constexpr DerivativeEntry kText{
      .name = "derivative-of-differential",
      .group = "link",
      .formula = "(∂f/∂X)_ij = df in the direction E_ij; here f = aᵀXXᵀb, df by the rules of products",
      .sizes = "X: m × n; the differential maps a batch of m × n directions to one scalar each; result m × n.",
      .layout = "scalar by matrix: denominator; numerator on request.",
      .function = "`derivative_of_differential`",
      .bound =
          "(6u_T + (2m + n + 8)·2⁻⁵³)·Σ|terms|: (1), with chains over m and n; the rules product and transpose store "
          "each "
          "of their results, of which up to six lie between the operands and df. Probing itself adds nothing: "
          "the directions are exact.",
      .source = "Magnus and Neudecker, *Matrix Differential Calculus*, chapter 5.",
      .proof = "docs/math/matrix_calculus.md, section derivative-of-differential",
  };

  template <class T>
  static void check(Trial<T>& trial) {
    const Index m = trial.sizes.m, n = trial.sizes.n;
    const auto value = [](const auto& x) {
      const auto transpose = transposed_dense(x[0]);
      return inner(transpose * x[1], transpose * x[2]);
    };
    Operands<T> in;  // one item: a differential at one X
    trial.put(in, {trial.matrix(m, n)});
    trial.put(in, {trial.matrix(m, 1)});
    trial.put(in, {trial.matrix(m, 1)});
    // The differential by its own rules: d(aᵀXXᵀb) = tr(aᵀ dX Xᵀb) + tr(aᵀX dXᵀ b).
    const DifferentialMap<T> differential = [&](const MatrixBatch<T>& directions) {
      const auto fixed = [&](const MatrixBatch<T>& x) {
        return Differential<T>{x.copy(trial.context),
                               MatrixBatch<T>(trial.context, 1, x.rows(), x.columns(),
                                              std::vector<T>(static_cast<std::size_t>(x.entries()), T(0)))};
      };
      Differential<T> x = fixed(in.batch[0]);
      x.d = directions.copy(trial.context);
      const Differential<T> left = product(trial.context, transpose(trial.context, fixed(in.batch[1])), x);
      const Differential<T> right = product(trial.context, transpose(trial.context, x), fixed(in.batch[2]));
      return product(trial.context, left, right).d;
    };
    const MatrixBatch<T> read = derivative_of_differential<T>(trial.context, m, n, differential);
    trial.compare(
        in, read, [&](const auto& args) { return gradient_by_duals(value, args); },
        [&](const auto& args) {
          return rounding_bound<T>(6, 2 * m + n + 8, gradient_by_duals(value, absolute(args)));
        });
  }
};

}  // namespace

CheckedEntry derivative_of_differential_entry() { return entry_of<DerivativeOfDifferential>(); }

}  // namespace sigmahat::derivatives
