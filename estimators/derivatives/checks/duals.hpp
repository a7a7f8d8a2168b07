// Derivatives by dual numbers (Boost.Math autodiff): of a value written over any scalar, with no formula for the
// derivative. Private to the library.
#pragma once

#include <boost/math/differentiation/autodiff.hpp>

#include "dense.hpp"

namespace sigmahat::derivatives {

using Dual = boost::math::differentiation::autodiff_fvar<Real, 1>;
using NestedDual = boost::math::differentiation::autodiff_fvar<Real, 1, 1>;  // two independent variables

/// x + ε
inline Dual seeded(Real x) { return boost::math::differentiation::make_fvar<Real, 1>(x); }
/// ε alone, to be multiplied by a direction.
inline Dual unit() { return seeded(0); }

/// Which elements of the variable move together: one at a time, or (i, j) with (j, i).
enum class Free { all, symmetric };

/// args, with element (i, j) of operand 0 moved by `step`.
template <class S>
Arguments<S> moved(const Arguments<Real>& args, Index i, Index j, const S& step, Free free) {
  Arguments<S> result(args.begin(), args.end());
  result[0](i, j) += step;
  if (free == Free::symmetric && i != j) result[0](j, i) += step;
  return result;
}

/// ∂f/∂(operand 0), shaped as it; `value` returns a scalar.
template <class Value>
Dense<Real> gradient_by_duals(const Value& value, const Arguments<Real>& args, Free free = Free::all) {
  Dense<Real> result(args[0].rows, args[0].columns);
  for (Index j = 0; j < result.columns; ++j) {
    for (Index i = 0; i < result.rows; ++i) {
      if (free == Free::symmetric && i < j) {
        result(i, j) = Real(0);
        continue;
      }
      result(i, j) = value(moved<Dual>(args, i, j, unit(), free)).derivative(1);
    }
  }
  if (free == Free::symmetric) {
    for (Index j = 0; j < result.columns; ++j) {
      for (Index i = 0; i < j; ++i) result(i, j) = result(j, i);
    }
  }
  return result;
}

/// ∂yᵢ/∂xⱼ of the vector y = value(x, ...), x operand 0.
template <class Value>
Dense<Real> jacobian_by_duals(const Value& value, const Arguments<Real>& args) {
  const Index n = args[0].rows;
  Dense<Real> result;
  for (Index j = 0; j < n; ++j) {
    const Dense<Dual> y = value(moved<Dual>(args, j, 0, unit(), Free::all));
    if (j == 0) result = Dense<Real>(y.rows, n);
    for (Index i = 0; i < y.rows; ++i) result(i, j) = y(i).derivative(1);
  }
  return result;
}

/// d/dt value(args + t·directions) at t = 0, shaped as the value.
template <class Value>
Dense<Real> directional_by_duals(const Value& value, const Arguments<Real>& args, const Arguments<Real>& directions) {
  Arguments<Dual> along(args.begin(), args.end());
  const Dual t = unit();
  for (std::size_t k = 0; k < args.size(); ++k) {
    for (std::size_t i = 0; i < args[k].values.size(); ++i) along[k].values[i] += directions[k].values[i] * t;
  }
  const Dense<Dual> y = value(along);
  Dense<Real> result(y.rows, y.columns);
  for (std::size_t i = 0; i < y.values.size(); ++i) result.values[i] = y.values[i].derivative(1);
  return result;
}

/// ∂²f/∂s∂t value(args + s·u + t·v) at s = t = 0: uᵀHv for directions u and v of all operands.
template <class Value>
Real second_by_duals(const Value& value, const Arguments<Real>& args, const Arguments<Real>& u,
                     const Arguments<Real>& v) {
  const auto variables = boost::math::differentiation::make_ftuple<Real, 1, 1>(Real(0), Real(0));
  const NestedDual s = std::get<0>(variables) + Real(0) * std::get<1>(variables);
  const NestedDual t = std::get<1>(variables) + Real(0) * std::get<0>(variables);
  Arguments<NestedDual> along(args.begin(), args.end());
  for (std::size_t k = 0; k < args.size(); ++k) {
    for (std::size_t i = 0; i < args[k].values.size(); ++i) {
      along[k].values[i] += u[k].values[i] * s + v[k].values[i] * t;
    }
  }
  return value(along).derivative(1, 1);
}

}  // namespace sigmahat::derivatives
