// Where the numbers of a derivative stand: the conventions of the catalogue, stated once.
#pragma once

#include "sigmahat/kernels/common.hpp"

namespace sigmahat::derivatives {

/// numerator: the result is shaped as what is differentiated (its rows) by the transpose of the variable; denominator: the
/// transpose of that, shaped as the variable. ∂f/∂x of a scalar f is a row in the first and a column in the second.
enum class DerivativeLayout { numerator, denominator };

/// The defaults, by what is differentiated and by what. Where both layouts make a matrix, functions take the other one as
/// an argument; derivatives along a curve are pairs of differentials, which transpose() turns.
inline constexpr DerivativeLayout kVectorByScalar = DerivativeLayout::numerator;    ///< dy/dt: shaped as y
inline constexpr DerivativeLayout kMatrixByScalar = DerivativeLayout::numerator;    ///< dY/dt: shaped as Y
inline constexpr DerivativeLayout kScalarByVector = DerivativeLayout::denominator;  ///< ∂f/∂x: shaped as x
inline constexpr DerivativeLayout kScalarByMatrix = DerivativeLayout::denominator;  ///< ∂f/∂X: shaped as X
inline constexpr DerivativeLayout kVectorByVector = DerivativeLayout::numerator;  ///< ∂y/∂x: the Jacobian ∂yᵢ/∂xⱼ

}  // namespace sigmahat::derivatives
