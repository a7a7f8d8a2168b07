// Checks of the entries of group "vectors".
#include "rules.hpp"
#include "sigmahat/derivatives/vectors.hpp"

namespace sigmahat::derivatives {
namespace {

struct LinearForm {
  static constexpr DerivativeEntry text{"linear-form", "vectors", "∂(xᵀa)/∂x = ∂(aᵀx)/∂x = a", kProductsBound};
  template <class T>
  static void check(Trial<T>& trial) {
    const Index n = trial.sizes.n;
    check_gradient(
        trial, trial.operands({{n, 1}, {n, 1}}), n + 3, [](const auto& in) { return inner(in[0], in[1]); },
        [&](const auto& in) { return linear_form::value(trial.context, in[0], in[1]); },
        [&](const auto& in) { return linear_form::gradient(trial.context, in[0], in[1]); });
  }
};

struct SquaredNorm {
  static constexpr DerivativeEntry text{"squared-norm", "vectors", "∂(xᵀx)/∂x = 2x", kProductsBound};
  template <class T>
  static void check(Trial<T>& trial) {
    const Index n = trial.sizes.n;
    check_gradient(
        trial, trial.operands({{n, 1}}), n + 3, [](const auto& in) { return inner(in[0], in[0]); },
        [&](const auto& in) { return squared_norm::value(trial.context, in[0]); },
        [&](const auto& in) { return squared_norm::gradient(trial.context, in[0]); });
  }
};

struct QuadraticForm {
  static constexpr DerivativeEntry text{"quadratic-form", "vectors", "∂(xᵀAx)/∂x = Ax + Aᵀx", kProductsBound};
  template <class T>
  static void check(Trial<T>& trial) {
    const Index n = trial.sizes.n;
    check_gradient(
        trial, trial.operands({{n, 1}, {n, n}}), 2 * n + 4, [](const auto& in) { return inner(in[0], in[1] * in[0]); },
        [&](const auto& in) { return quadratic_form::value(trial.context, in[0], in[1]); },
        [&](const auto& in) { return quadratic_form::gradient(trial.context, in[0], in[1]); });
  }
};

struct ProductOfForms {
  static constexpr DerivativeEntry text{"product-of-forms", "vectors", "∂(aᵀx xᵀb)/∂x = a bᵀx + b aᵀx", kProductsBound};
  template <class T>
  static void check(Trial<T>& trial) {
    const Index n = trial.sizes.n;
    check_gradient(
        trial, trial.operands({{n, 1}, {n, 1}, {n, 1}}), 2 * n + 8,
        [](const auto& in) -> std::decay_t<decltype(in[0](0))> { return inner(in[1], in[0]) * inner(in[0], in[2]); },
        [&](const auto& in) { return product_of_forms::value(trial.context, in[0], in[1], in[2]); },
        [&](const auto& in) { return product_of_forms::gradient(trial.context, in[0], in[1], in[2]); });
  }
};

struct LinearMap {
  static constexpr DerivativeEntry text{"linear-map", "layouts", "∂(Ax)/∂x = A (numerator), Aᵀ (denominator)",
                                        kProductsBound};
  template <class T>
  static void check(Trial<T>& trial) {
    const auto [m, n, k] = trial.sizes;
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

struct ElementMap {
  static constexpr DerivativeEntry text{"element-map", "layouts", "∂exp(x)/∂x = diag(exp(x)), exp entry by entry",
                                        "(u_T + 4·2⁻⁵³)·|entry|: exp of the mathematical library, and its storage"};
  template <class T>
  static void check(Trial<T>& trial) {
    const auto value = [](const auto& in) {
      return entrywise(in[0], [](const auto& x) -> std::decay_t<decltype(x)> {
        using std::exp;
        return exp(x);
      });
    };
    const Operands<T> in = trial.operands({{trial.sizes.n, 1}});
    trial.compare(in, element_map::value(trial.context, ElementFunction::exp, in.batch[0]), value,
                  [&](const auto& args) { return rounding_bound<T>(1, 4, value(args)); });
    trial.compare(
        in, element_map::jacobian(trial.context, ElementFunction::exp, in.batch[0]),
        [&](const auto& args) { return jacobian_by_duals(value, args); },
        [&](const auto& args) { return rounding_bound<T>(2, 4, jacobian_by_duals(value, args)); });
  }
};

}  // namespace

std::vector<CheckedEntry> vector_entries() {
  return {entry_of<LinearForm>(),     entry_of<SquaredNorm>(), entry_of<QuadraticForm>(),
          entry_of<ProductOfForms>(), entry_of<LinearMap>(),   entry_of<ElementMap>()};
}

}  // namespace sigmahat::derivatives
