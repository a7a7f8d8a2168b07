// Checks of the entries of group "trace": both sides of each rule against the exact value, and the link between a
// differential and a derivative.
#include "rules.hpp"
#include "sigmahat/derivatives/differentials.hpp"
#include "sigmahat/derivatives/matrices.hpp"
#include "sigmahat/derivatives/trace_form.hpp"

namespace sigmahat::derivatives {
namespace {

inline constexpr const char* kSidesBound = "(3u_T + c·2⁻⁵³)·Σ|terms| on each side: the products on the way are stored";

template <class T, class Value>
void check_sides(Trial<T>& trial, const Operands<T>& in, Index chain, const Value& value, const Sides<T>& sides) {
  const auto exact = [&](const auto& args) { return scalar<Real>(value(args)); };
  const auto bound = [&](const auto& args) { return rounding_bound<T>(3, chain, scalar<Real>(value(absolute(args)))); };
  trial.compare(in, sides.left, exact, bound);
  trial.compare(in, sides.right, exact, bound);
}

struct TraceOfTranspose {
  static constexpr DerivativeEntry text{"trace-of-transpose", "trace", "tr(Aᵀ) = tr(A)", kSidesBound};
  template <class T>
  static void check(Trial<T>& trial) {
    const Index n = trial.sizes.n;
    const Operands<T> in = trial.operands({{n, n}});
    check_sides(
        trial, in, n + 2, [](const auto& x) { return trace_of(x[0]); }, trace_of_transpose(trial.context, in.batch[0]));
  }
};

struct TraceOfCombination {
  static constexpr DerivativeEntry text{"trace-of-combination", "trace", "tr(αA + βB) = α tr(A) + β tr(B)",
                                        kSidesBound};
  template <class T>
  static void check(Trial<T>& trial) {
    const Index n = trial.sizes.n;
    const Operands<T> in = trial.operands({{n, n}, {n, n}});
    check_sides(
        trial, in, n + 4, [](const auto& x) { return 1.5L * trace_of(x[0]) + 0.75L * trace_of(x[1]); },
        trace_of_combination(trial.context, 1.5, in.batch[0], 0.75, in.batch[1]));
  }
};

struct TraceOfProduct {
  static constexpr DerivativeEntry text{"trace-of-product", "trace", "tr(AB) = tr(BA)", kSidesBound};
  template <class T>
  static void check(Trial<T>& trial) {
    const auto [m, n, k] = trial.sizes;
    const Operands<T> in = trial.operands({{m, n}, {n, m}});
    check_sides(
        trial, in, m + n + 2, [](const auto& x) { return trace_of(x[0] * x[1]); },
        trace_of_product(trial.context, in.batch[0], in.batch[1]));
  }
};

struct TraceOfHadamard {
  static constexpr DerivativeEntry text{"trace-of-hadamard", "trace", "tr(Aᵀ(B∘C)) = tr((A∘B)ᵀC)", kSidesBound};
  template <class T>
  static void check(Trial<T>& trial) {
    const auto [m, n, k] = trial.sizes;
    const Operands<T> in = trial.operands({{m, n}, {m, n}, {m, n}});
    check_sides(
        trial, in, m + n + 4,
        [](const auto& x) {
          return inner(x[0], entrywise(x[1], x[2], [](const Real& b, const Real& c) { return b * c; }));
        },
        trace_of_hadamard(trial.context, in.batch[0], in.batch[1], in.batch[2]));
  }
};

struct DerivativeOfTraceForm {
  static constexpr DerivativeEntry text{"derivative-of-trace-form", "link", "df = tr(A dX)  ⇒  ∂f/∂X = Aᵀ", kCopyBound};
  template <class T>
  static void check(Trial<T>& trial) {
    // f = tr(AX) = Σ a_ij x_ji, whose differential has this form.
    const auto [m, n, k] = trial.sizes;
    const auto value = [](const auto& x) { return inner(transposed_dense(x[1]), x[0]); };
    const Operands<T> in = trial.operands({{m, n}, {n, m}});
    trial.compare(
        in, derivative_of_trace_form(trial.context, in.batch[1]),
        [&](const auto& args) { return gradient_by_duals(value, args); },
        [&](const auto&) { return constant(m, n, 0); });
    trial.compare(
        in, derivative_of_trace_form(trial.context, in.batch[1], DerivativeLayout::numerator),
        [&](const auto& args) { return transposed_dense(gradient_by_duals(value, args)); },
        [&](const auto&) { return constant(n, m, 0); });
  }
};

struct DerivativeOfDifferential {
  static constexpr DerivativeEntry text{
      "derivative-of-differential", "link",
      "(∂f/∂X)_ij = df in the direction E_ij; here f = aᵀXXᵀb, df by the rules of products",
      "(6u_T + c·2⁻⁵³)·Σ|terms|: the products of the rules are stored one after the other"};
  template <class T>
  static void check(Trial<T>& trial) {
    const auto [m, n, k] = trial.sizes;
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
        return Differential<T>{MatrixBatch<T>(trial.context, 1, x.rows(), x.columns(), x.values()),
                               MatrixBatch<T>(trial.context, 1, x.rows(), x.columns(),
                                              std::vector<T>(static_cast<std::size_t>(x.entries()), T(0)))};
      };
      Differential<T> x = fixed(in.batch[0]);
      x.d = MatrixBatch<T>(trial.context, directions.items(), m, n, directions.values());
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

std::vector<CheckedEntry> trace_entries() {
  return {entry_of<TraceOfTranspose>(), entry_of<TraceOfCombination>(),    entry_of<TraceOfProduct>(),
          entry_of<TraceOfHadamard>(),  entry_of<DerivativeOfTraceForm>(), entry_of<DerivativeOfDifferential>()};
}

}  // namespace sigmahat::derivatives
