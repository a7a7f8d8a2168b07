// How the kinds of rules are checked. Private to the library.
//
// A value is a function of Arguments<S> for any scalar S, an operation one of operands on a backend. Where all terms of a
// derivative are products, its value at |operands| is the sum of their absolute values, which bounds what rounding does.
#pragma once

#include "duals.hpp"
#include "registry.hpp"
#include "trial.hpp"

namespace sigmahat::derivatives {

template <class S>
Dense<S> scalar(const S& value) {
  Dense<S> result(1, 1);
  result(0) = value;
  return result;
}

/// A scalar function and its gradient with respect to operand 0.
template <class T, class Value, class ValueOperation, class Gradient>
void check_gradient(Trial<T>& trial, const Operands<T>& in, Index chain, const Value& value,
                    const ValueOperation& value_operation, const Gradient& gradient) {
  trial.compare(
      in, value_operation(in.batch), [&](const auto& args) { return scalar<Real>(value(args)); },
      [&](const auto& args) { return rounding_bound<T>(1, chain, scalar<Real>(value(absolute(args)))); });
  trial.compare(
      in, gradient(in.batch), [&](const auto& args) { return gradient_by_duals(value, args); },
      [&](const auto& args) { return rounding_bound<T>(1, chain, gradient_by_duals(value, absolute(args))); });
}

/// A vector function and its Jacobian.
template <class T, class Value, class ValueOperation, class Jacobian>
void check_jacobian(Trial<T>& trial, const Operands<T>& in, Index chain, const Value& value,
                    const ValueOperation& value_operation, const Jacobian& jacobian) {
  trial.compare(in, value_operation(in.batch), value,
                [&](const auto& args) { return rounding_bound<T>(1, chain, value(absolute(args))); });
  trial.compare(
      in, jacobian(in.batch), [&](const auto& args) { return jacobian_by_duals(value, args); },
      [&](const auto& args) { return rounding_bound<T>(1, chain, jacobian_by_duals(value, absolute(args))); });
}

}  // namespace sigmahat::derivatives
