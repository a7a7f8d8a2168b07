// Checks of the entries of group "matrices".
#include <type_traits>

#include "rules.hpp"
#include "sigmahat/derivatives/matrices.hpp"
#include "sigmahat/derivatives/trace_form.hpp"

namespace sigmahat::derivatives {
namespace {

struct BilinearForm {
  static constexpr DerivativeEntry text{"bilinear-form", "matrices", "∂(aᵀXb)/∂X = abᵀ", kProductsBound};
  template <class T>
  static void check(Trial<T>& trial) {
    const auto [m, n, k] = trial.sizes;
    check_gradient(
        trial, trial.operands({{m, n}, {m, 1}, {n, 1}}), m + n + 3,
        [](const auto& in) { return inner(in[1], in[0] * in[2]); },
        [&](const auto& in) { return bilinear_form::value(trial.context, in[0], in[1], in[2]); },
        [&](const auto& in) { return bilinear_form::gradient(trial.context, in[0], in[1], in[2]); });
  }
};

struct TransposedBilinearForm {
  static constexpr DerivativeEntry text{"transposed-bilinear-form", "matrices", "∂(aᵀXᵀb)/∂X = baᵀ", kProductsBound};
  template <class T>
  static void check(Trial<T>& trial) {
    const auto [m, n, k] = trial.sizes;
    check_gradient(
        trial, trial.operands({{m, n}, {n, 1}, {m, 1}}), m + n + 3,
        [](const auto& in) { return inner(in[1], transposed_dense(in[0]) * in[2]); },
        [&](const auto& in) { return transposed_bilinear_form::value(trial.context, in[0], in[1], in[2]); },
        [&](const auto& in) { return transposed_bilinear_form::gradient(trial.context, in[0], in[1], in[2]); });
  }
};

struct RowGramForm {
  static constexpr DerivativeEntry text{"row-gram-form", "matrices", "∂(aᵀXXᵀb)/∂X = abᵀX + baᵀX", kProductsBound};
  template <class T>
  static void check(Trial<T>& trial) {
    const auto [m, n, k] = trial.sizes;
    check_gradient(
        trial, trial.operands({{m, n}, {m, 1}, {m, 1}}), 2 * m + n + 8,
        [](const auto& in) {
          const auto transpose = transposed_dense(in[0]);
          return inner(transpose * in[1], transpose * in[2]);
        },
        [&](const auto& in) { return row_gram_form::value(trial.context, in[0], in[1], in[2]); },
        [&](const auto& in) { return row_gram_form::gradient(trial.context, in[0], in[1], in[2]); });
  }
};

struct ColumnGramForm {
  static constexpr DerivativeEntry text{"column-gram-form", "matrices", "∂(aᵀXᵀXb)/∂X = Xabᵀ + Xbaᵀ", kProductsBound};
  template <class T>
  static void check(Trial<T>& trial) {
    const auto [m, n, k] = trial.sizes;
    check_gradient(
        trial, trial.operands({{m, n}, {n, 1}, {n, 1}}), 2 * n + m + 8,
        [](const auto& in) { return inner(in[0] * in[1], in[0] * in[2]); },
        [&](const auto& in) { return column_gram_form::value(trial.context, in[0], in[1], in[2]); },
        [&](const auto& in) { return column_gram_form::gradient(trial.context, in[0], in[1], in[2]); });
  }
};

struct ExponentialForm {
  static constexpr DerivativeEntry text{
      "exponential-form", "matrices", "∂(aᵀexp(Xb))/∂X = (a ∘ exp(Xb)) bᵀ, exp entry by entry",
      "(u_T + c·2⁻⁵³)·Σ|aᵢ|e^tᵢ(1 + τᵢ)|bⱼ|, t = Xb, τ = |X||b|: the rounding of tᵢ is an error of its exponential"};
  template <class T>
  static void check(Trial<T>& trial) {
    const auto [m, n, k] = trial.sizes;
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

struct ResidualForm {
  static constexpr DerivativeEntry text{"residual-sum-of-squares", "matrices",
                                        "∂‖y − Xβ‖²/∂β = 2Xᵀ(Xβ − y), zero at the least-squares coefficients",
                                        "(u_T + c·2⁻⁵³)·2|X|ᵀ(|X||β| + |y|); at the zero 2u_T, which is the rounding of the coefficients"};
  template <class T>
  static void check(Trial<T>& trial) {
    const auto [m, n, k] = trial.sizes;
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

std::vector<CheckedEntry> matrix_entries() {
  return {entry_of<BilinearForm>(),   entry_of<TransposedBilinearForm>(), entry_of<RowGramForm>(),
          entry_of<ColumnGramForm>(), entry_of<ExponentialForm>(),        entry_of<ResidualForm>()};
}

}  // namespace sigmahat::derivatives
