// Pairs (X, dX) against the derivative of the value along X + t·dX. Private to the library.
#pragma once

#include "rules.hpp"
#include "sigmahat/derivatives/differentials.hpp"

namespace sigmahat::derivatives {

/// Pairs on the backend: operands 0, 2, ... are values, 1, 3, ... their differentials.
template <class T>
Differential<T> pair_of(const Trial<T>& trial, const Operands<T>& in, std::size_t k) {
  return {in.batch[2 * k].copy(trial.context), in.batch[2 * k + 1].copy(trial.context)};
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

}  // namespace sigmahat::derivatives
