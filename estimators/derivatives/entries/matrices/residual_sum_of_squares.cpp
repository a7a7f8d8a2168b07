#include <span>
#include <vector>

#include "derivatives/checks/rules.hpp"
#include "sigmahat/derivatives/matrices.hpp"

namespace sigmahat::derivatives {
namespace {

struct ResidualForm {
  static constexpr DerivativeEntry kText{
      .name = "residual-sum-of-squares",
      .group = "matrices",
      .formula = "∂‖y − Xβ‖²/∂β = 2Xᵀ(Xβ − y), zero at the least-squares coefficients",
      .sizes = "β: n × 1; X: m × n; y: m × 1; result n × 1.",
      .layout = "scalar by vector: denominator; numerator on request.",
      .function =
          "`residual_form::value`, `residual_form::gradient`, `residual_form::minimiser`, "
          "`residual_form::hessian`",
      .bound =
          "(u_T + (2n + m + 8)·2⁻⁵³)·2|X|ᵀ(|X||β| + |y|): (1) with one rounding to the storage type, a chain over n "
          "for "
          "the residuals and one over m. At the computed zero the exact gradient is held against |X|ᵀ(|X||β| + "
          "|y|), of which it may be 2u_T and a few (n + m)·2⁻⁵³: an error of u_T in every coefficient, such as "
          "storing it, moves it as much.",
      .source =
          "Magnus and Neudecker, *Matrix Differential Calculus*, chapter 13; Petersen and Pedersen, *The "
          "Matrix Cookbook*, section 2.4.",
      .proof = "docs/math/matrix_calculus.md, section residual-sum-of-squares",
  };

  template <class T>
  static void check(Trial<T>& trial) {
    const Index m = trial.sizes.m, n = trial.sizes.n;
    const auto value = [](const auto& in) {
      const auto residuals = in[1] * in[0] - in[2];
      return inner(residuals, residuals);
    };
    // Absolute values must not cancel: −|y|.
    const auto sizes_of = [](Arguments<Real> in) {
      in = absolute(in);
      in[2] = times(-1, in[2]);
      return in;
    };
    const Operands<T> in = trial.operands({{n, 1}, {m, n}, {m, 1}});
    trial.compare(
        in, residual_form::value(trial.context, in.batch[0], in.batch[1], in.batch[2]),
        [&](const auto& args) { return scalar<Real>(value(args)); },
        [&](const auto& args) { return rounding_bound<T>(1, 2 * n + m + 8, scalar<Real>(value(sizes_of(args)))); });
    const auto bound = [&](const auto& args) {
      return rounding_bound<T>(1, n + m + 8, gradient_by_duals(value, sizes_of(args)));
    };
    trial.compare(
        in, residual_form::gradient(trial.context, in.batch[0], in.batch[1], in.batch[2]),
        [&](const auto& args) { return gradient_by_duals(value, args); }, bound);
    check_zero(trial, value);
  }

 private:
  /// The gradient by dual numbers vanishes at the minimiser, of a design with more rows than columns.
  template <class T, class Value>
  static void check_zero(Trial<T>& trial, const Value& value) {
    const Index n = trial.sizes.n, m = 4 * n + 1;
    const Operands<T> in = trial.operands({{m, 1}, {m, n}});
    const MatrixBatch<T> minimiser = residual_form::minimiser(trial.context, in.batch[1], in.batch[0]);
    const std::vector<T> coefficients = minimiser.values();
    for (Index b = 0; b < kTrialItems; ++b) {
      Arguments<Real> args{Dense<Real>(n, 1), in.items[b][1], in.items[b][0]};
      for (Index j = 0; j < n; ++j) args[0](j) = coefficients[b * n + j];
      const Dense<Real> gradient = gradient_by_duals(value, args);
      // Beside what its terms add up to: (1 + that) against 1. A relative error of u_T in every coefficient is as much.
      const Dense<Real> sizes =
          transposed_dense(absolute(args[1])) * (absolute(args[1]) * absolute(args[0]) + absolute(args[2]));
      const Dense<Real> seen = entrywise(gradient, sizes, [](Real slope, Real size) { return 1 + slope / size; });
      trial.comparison.add(std::span<const Real>(seen.values), constant(n, 1, 1),
                           rounding_bound<T>(2, 16 * (n + m), constant(n, 1, 1)));
    }
    trial.comparison.finish_operation();
  }
};

}  // namespace

CheckedEntry residual_sum_of_squares_entry() { return entry_of<ResidualForm>(); }

}  // namespace sigmahat::derivatives
