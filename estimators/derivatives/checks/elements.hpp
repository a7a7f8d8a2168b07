// Functions of single elements, and curves made of them. Private to the library.
#pragma once

#include <cmath>
#include <type_traits>

#include "pairs.hpp"

namespace sigmahat::derivatives {

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

/// dσ(X) = σ′(X)∘dX; the power is 2.5.
template <ElementFunction kFunction, class T>
void check_element(Trial<T>& trial) {
  constexpr double kExponent = 2.5;
  const Index m = trial.sizes.m, n = trial.sizes.n;
  const auto value = [](const auto& x) {
    return entrywise(x[0],
                     [](const auto& y) -> std::decay_t<decltype(y)> { return element_value(kFunction, kExponent, y); });
  };
  const Operands<T> in = element_operands(trial, kFunction, m, n);
  const auto sized = [](const Dense<Real>& exact) { return rounding_bound<T>(1, 12, absolute(exact)); };
  check_pair(
      trial, in, value, element_function(trial.context, kFunction, pair_of(trial, in, 0), kExponent),
      [&](const auto& args) { return sized(value(part_of(args, 0))); },
      [&](const auto& args) { return sized(directional_by_duals(value, part_of(args, 0), part_of(args, 1))); });
}

}  // namespace sigmahat::derivatives
