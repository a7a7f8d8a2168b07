// Rules whose two sides are both computed. Private to the library.
#pragma once

#include "rules.hpp"
#include "sigmahat/derivatives/trace_form.hpp"

namespace sigmahat::derivatives {

/// Sets both sides of a rule against its value; up to three numbers are stored on the way.
template <class T, class Value>
void check_sides(Trial<T>& trial, const Operands<T>& in, Index chain, const Value& value, const Sides<T>& sides) {
  const auto exact = [&](const auto& args) { return scalar<Real>(value(args)); };
  const auto bound = [&](const auto& args) { return rounding_bound<T>(3, chain, scalar<Real>(value(absolute(args)))); };
  trial.compare(in, sides.left, exact, bound);
  trial.compare(in, sides.right, exact, bound);
}

}  // namespace sigmahat::derivatives
