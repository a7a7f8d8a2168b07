// Checks of the entries of groups "differentials" and "curves": pairs (X, dX) against the derivative of the value along
// X + t·dX.
#include <type_traits>

#include "rules.hpp"
#include "sigmahat/derivatives/differentials.hpp"

namespace sigmahat::derivatives {
namespace {

/// Pairs on the backend: operands 0, 2, ... are values, 1, 3, ... their differentials.
template <class T>
Differential<T> pair_of(const Trial<T>& trial, const Operands<T>& in, std::size_t k) {
  const auto copy = [&](const MatrixBatch<T>& x) {
    return MatrixBatch<T>(trial.context, x.items(), x.rows(), x.columns(), x.values());
  };
  return {copy(in.batch[2 * k]), copy(in.batch[2 * k + 1])};
}

/// Values and directions of an item apart.
inline Arguments<Real> part_of(const Arguments<Real>& in, std::size_t first) {
  Arguments<Real> result;
  for (std::size_t k = first; k < in.size(); k += 2) result.push_back(in[k]);
  return result;
}

/// value: the function of the operands' values; the bounds are of the pair.
template <class T, class Value, class ValueBound, class Bound>
void check_pair(Trial<T>& trial, const Operands<T>& in, const Value& value, const Differential<T>& computed,
                const ValueBound& value_bound, const Bound& bound) {
  trial.compare(
      in, computed.value, [&](const auto& args) { return value(part_of(args, 0)); }, value_bound);
  trial.compare(
      in, computed.d, [&](const auto& args) { return directional_by_duals(value, part_of(args, 0), part_of(args, 1)); },
      bound);
}

/// The same where all terms are products: bounds from absolute values, `stored` roundings to T on the way.
template <class T, class Value>
void check_products(Trial<T>& trial, const Operands<T>& in, Index stored, Index chain, const Value& value,
                    const Differential<T>& computed) {
  check_pair(
      trial, in, value, computed,
      [&](const auto& args) { return rounding_bound<T>(stored, chain, value(part_of(absolute(args), 0))); },
      [&](const auto& args) {
        const Arguments<Real> sizes = absolute(args);
        return rounding_bound<T>(stored, chain, directional_by_duals(value, part_of(sizes, 0), part_of(sizes, 1)));
      });
}

struct Sum {
  static constexpr DerivativeEntry text{"sum", "differentials", "d(X + Y) = dX + dY", kProductsBound};
  template <class T>
  static void check(Trial<T>& trial) {
    const auto [m, n, k] = trial.sizes;
    const Operands<T> in = trial.operands({{m, n}, {m, n}, {m, n}, {m, n}});
    check_products(
        trial, in, 1, 2, [](const auto& x) { return x[0] + x[1]; },
        sum(trial.context, pair_of(trial, in, 0), pair_of(trial, in, 1)));
  }
};

struct Difference {
  static constexpr DerivativeEntry text{"difference", "differentials", "d(X − Y) = dX − dY",
                                        "(u_T + 2·2⁻⁵³)·(|X| + |Y|), and of the differentials: one operation"};
  template <class T>
  static void check(Trial<T>& trial) {
    const auto [m, n, k] = trial.sizes;
    const Operands<T> in = trial.operands({{m, n}, {m, n}, {m, n}, {m, n}});
    const auto bound = [](std::size_t first) {
      return [first](const Arguments<Real>& args) {
        return rounding_bound<T>(1, 2, absolute(args[first]) + absolute(args[first + 2]));
      };
    };
    check_pair(
        trial, in, [](const auto& x) { return x[0] - x[1]; },
        difference(trial.context, pair_of(trial, in, 0), pair_of(trial, in, 1)), bound(0), bound(1));
  }
};

struct Product {
  static constexpr DerivativeEntry text{"product", "differentials", "d(XY) = dX Y + X dY", kProductsBound};
  template <class T>
  static void check(Trial<T>& trial) {
    const auto [m, n, k] = trial.sizes;
    const Operands<T> in = trial.operands({{m, k}, {m, k}, {k, n}, {k, n}});
    check_products(
        trial, in, 2, k + 4, [](const auto& x) { return x[0] * x[1]; },
        product(trial.context, pair_of(trial, in, 0), pair_of(trial, in, 1)));
  }
};

struct Transpose {
  static constexpr DerivativeEntry text{"transpose", "differentials", "d(Xᵀ) = (dX)ᵀ", kCopyBound};
  template <class T>
  static void check(Trial<T>& trial) {
    const auto [m, n, k] = trial.sizes;
    const Operands<T> in = trial.operands({{m, n}, {m, n}});
    const auto zero = [&](const auto&) { return constant(n, m, 0); };
    check_pair(
        trial, in, [](const auto& x) { return transposed_dense(x[0]); },
        transpose(trial.context, pair_of(trial, in, 0)), zero, zero);
  }
};

struct Trace {
  static constexpr DerivativeEntry text{"trace", "differentials", "d tr X = tr dX", kProductsBound};
  template <class T>
  static void check(Trial<T>& trial) {
    const Index n = trial.sizes.n;
    const Operands<T> in = trial.operands({{n, n}, {n, n}});
    check_products(
        trial, in, 1, n, [](const auto& x) { return scalar(trace_of(x[0])); },
        trace(trial.context, pair_of(trial, in, 0)));
  }
};

struct Hadamard {
  static constexpr DerivativeEntry text{"hadamard", "differentials", "d(X∘Y) = dX∘Y + X∘dY", kProductsBound};
  template <class T>
  static void check(Trial<T>& trial) {
    const auto [m, n, k] = trial.sizes;
    const Operands<T> in = trial.operands({{m, n}, {m, n}, {m, n}, {m, n}});
    check_products(
        trial, in, 2, 4,
        [](const auto& x) {
          return entrywise(x[0], x[1], [](const auto& a, const auto& b) -> std::decay_t<decltype(a)> { return a * b; });
        },
        hadamard(trial.context, pair_of(trial, in, 0), pair_of(trial, in, 1)));
  }
};

inline constexpr const char* kElementBound =
    "(u_T + 12·2⁻⁵³)·|entry|: functions of the mathematical library, a few operations, and the storage";

/// σ of one number, for numbers and dual numbers.
template <class S>
S element_value(ElementFunction function, double exponent, const S& x) {
  using std::exp, std::log, std::pow, std::tanh;
  switch (function) {
    case ElementFunction::exp: return exp(x);
    case ElementFunction::log: return log(x);
    case ElementFunction::tanh: return tanh(x);
    case ElementFunction::logistic: return 1 / (1 + exp(-x));
    case ElementFunction::power: return pow(x, Real(exponent));
  }
  return x;
}

/// Operands of σ: between −2 and 2, for log and power between 1/2 and 5/2.
template <class T>
Operands<T> element_operands(Trial<T>& trial, ElementFunction function, Index m, Index n) {
  const bool positive = function == ElementFunction::log || function == ElementFunction::power;
  Operands<T> in;
  std::vector<Dense<Real>> values, directions;
  for (Index b = 0; b < kTrialItems; ++b) {
    values.push_back(entrywise(trial.matrix(m, n), [=](Real x) {
      return static_cast<Real>(static_cast<T>(positive ? Real(1.5) + x : 2 * x));
    }));
    directions.push_back(trial.matrix(m, n));
  }
  trial.put(in, values);
  trial.put(in, directions);
  return in;
}

template <ElementFunction kFunction>
struct Element {
  static constexpr double kExponent = 2.5;
  static constexpr DerivativeEntry describe() {
    switch (kFunction) {
      case ElementFunction::exp: return {"element-exp", "differentials", "d exp(X) = exp(X)∘dX", kElementBound};
      case ElementFunction::log: return {"element-log", "differentials", "d ln(X) = (1/X)∘dX", kElementBound};
      case ElementFunction::tanh:
        return {"element-tanh", "differentials", "d tanh(X) = (1 − tanh²X)∘dX", kElementBound};
      case ElementFunction::logistic:
        return {"element-logistic", "differentials", "d s(X) = s(X)∘(1 − s(X))∘dX, s(x) = 1/(1 + e⁻ˣ)", kElementBound};
      default: return {"element-power", "differentials", "d X^α = αX^(α−1)∘dX, entry by entry", kElementBound};
    }
  }
  static constexpr DerivativeEntry text = describe();
  template <class T>
  static void check(Trial<T>& trial) {
    const auto [m, n, k] = trial.sizes;
    const auto value = [](const auto& x) {
      return entrywise(
          x[0], [](const auto& y) -> std::decay_t<decltype(y)> { return element_value(kFunction, kExponent, y); });
    };
    const Operands<T> in = element_operands(trial, kFunction, m, n);
    const auto sized = [](Dense<Real> exact) { return rounding_bound<T>(1, 12, absolute(exact)); };
    check_pair(
        trial, in, value, element_function(trial.context, kFunction, pair_of(trial, in, 0), kExponent),
        [&](const auto& args) { return sized(value(part_of(args, 0))); },
        [&](const auto& args) { return sized(directional_by_duals(value, part_of(args, 0), part_of(args, 1))); });
  }
};

struct ScaledMatrix {
  static constexpr DerivativeEntry text{"scaled-matrix-by-scalar", "curves", "d(Aσ(t))/dt = Aσ′(t); here σ = tanh",
                                        "(2u_T + 14·2⁻⁵³)·|entry|: σ′ is stored, then multiplied"};
  template <class T>
  static void check(Trial<T>& trial) {
    const auto [m, n, k] = trial.sizes;
    Operands<T> in = element_operands(trial, ElementFunction::tanh, 1, 1);
    trial.put(in, {trial.matrix(m, n)});  // A, one for all items
    trial.put(in, {constant(m, n, 0)});   // does not move
    const auto value = [](const auto& x) {
      const auto factor = element_value(ElementFunction::tanh, 1, x[0](0));
      return entrywise(x[1], [&](const auto& a) -> std::decay_t<decltype(a)> { return a * factor; });
    };
    const auto sized = [](Dense<Real> exact) { return rounding_bound<T>(2, 14, absolute(exact)); };
    check_pair(
        trial, in, value, scaled_matrix(trial.context, ElementFunction::tanh, in.batch[2], pair_of(trial, in, 0)),
        [&](const auto& args) { return sized(value(part_of(args, 0))); },
        [&](const auto& args) { return sized(directional_by_duals(value, part_of(args, 0), part_of(args, 1))); });
  }
};

struct ProductByScalar {
  static constexpr DerivativeEntry text{
      "product-by-scalar", "curves", "d(X(t)Y(t))/dt = X′Y + XY′; here X = Ae^t, Y = B tanh t",
      "(6u_T + c·2⁻⁵³)·Σ|terms|: factors, curves and one product are stored on the way"};
  template <class T>
  static void check(Trial<T>& trial) {
    const auto [m, n, k] = trial.sizes;
    Operands<T> in = element_operands(trial, ElementFunction::log, 1, 1);  // t > 0
    for (const Dense<Real>& factor : {trial.matrix(m, k), trial.matrix(k, n)}) {
      trial.put(in, {factor});
      trial.put(in, {constant(factor.rows, factor.columns, 0)});
    }
    const auto value = [](const auto& x) {
      const auto scaled = [&](std::size_t operand, ElementFunction function) {
        const auto factor = element_value(function, 1, x[0](0));
        return entrywise(x[operand], [&](const auto& a) -> std::decay_t<decltype(a)> { return a * factor; });
      };
      return scaled(1, ElementFunction::exp) * scaled(2, ElementFunction::tanh);
    };
    const auto x = scaled_matrix(trial.context, ElementFunction::exp, in.batch[2], pair_of(trial, in, 0));
    const auto y = scaled_matrix(trial.context, ElementFunction::tanh, in.batch[4], pair_of(trial, in, 0));
    check_products(trial, in, 6, k + 32, value, product(trial.context, x, y));
  }
};

}  // namespace

std::vector<CheckedEntry> differential_entries() {
  return {entry_of<Sum>(),
          entry_of<Difference>(),
          entry_of<Product>(),
          entry_of<Transpose>(),
          entry_of<Trace>(),
          entry_of<Hadamard>(),
          entry_of<Element<ElementFunction::exp>>(),
          entry_of<Element<ElementFunction::log>>(),
          entry_of<Element<ElementFunction::tanh>>(),
          entry_of<Element<ElementFunction::logistic>>(),
          entry_of<Element<ElementFunction::power>>(),
          entry_of<ScaledMatrix>(),
          entry_of<ProductByScalar>()};
}

}  // namespace sigmahat::derivatives
