// Operands, values and bounds of the rules that rest on LU: inverse and determinants. Private to the library.
#pragma once

#include <cmath>
#include <type_traits>

#include "pairs.hpp"

namespace sigmahat::derivatives {

/// Roundings that LU of order n and the solves after it are allowed, per unit of the condition number.
constexpr Index lu_chain(Index n) { return 8 * n + 8; }

/// Sizes of a regular X that bounds are made of.
struct Sizing {
  explicit Sizing(const Dense<Real>& x)
      : inverse(inverse_of(x)), inverse_norm(infinity_norm(inverse)), condition(infinity_norm(x) * inverse_norm) {}
  Dense<Real> inverse;
  Real inverse_norm, condition;
};

/// X, regular, and a direction dX.
template <class T>
Operands<T> regular_pair(Trial<T>& trial) {
  Operands<T> in;
  trial.put(in, trial.regulars(trial.sizes.n));
  trial.put(in, {trial.matrix(trial.sizes.n, trial.sizes.n)});
  return in;
}

inline constexpr auto kInverse = [](const auto& x) { return inverse_of(x[0]); };
inline constexpr auto kDeterminant = [](const auto& x) { return determinant_of(x[0]); };
inline constexpr auto kLogDeterminant = [](const auto& x) -> std::decay_t<decltype(x[0](0))> {
  using std::log;
  return log(determinant_of(x[0]));
};
inline constexpr auto kInverseTrace = [](const auto& x) { return trace_of(solved(x[0], x[1])); };

/// d/dt of a scalar or matrix function of X along dX.
template <class Value>
auto along(const Value& value) {
  return [&value](const Arguments<Real>& args) {
    return directional_by_duals([&](const auto& x) { return value(x); }, {args[0]}, {args[1]});
  };
}
template <class Value>
auto scalar_along(const Value& value) {
  return [&value](const Arguments<Real>& args) {
    return directional_by_duals([&](const auto& x) { return scalar(value(x)); }, {args[0]}, {args[1]});
  };
}

/// Of −X⁻¹ dX X⁻¹, both inverses, one product and the result stored as T.
template <class T>
Dense<Real> inverse_bound(const Arguments<Real>& args) {
  const Index n = args[0].rows;
  const Sizing x(args[0]);
  const Real size = x.condition * x.inverse_norm * x.inverse_norm * infinity_norm(args[1]);
  return rounding_bound<T>(4, 0, absolute(x.inverse) * absolute(args[1]) * absolute(x.inverse)) +
         rounding_bound<T>(0, 2 * lu_chain(n), constant(n, n, size));
}

}  // namespace sigmahat::derivatives
