// Checks of arguments that several estimators share. Private to the library.
#pragma once

#include <cmath>
#include <cstddef>
#include <span>
#include <string>

#include "sigmahat/host/matrix.hpp"

namespace sigmahat::detail {

/// The shortest digits that read back to the same double.
std::string format_number(double value);

/// `value`, or the canonical NaN: every NaN that leaves the library has the same bits.
inline double canonical(double value) { return std::isnan(value) ? kCanonicalNaN : value; }
void make_nan_canonical(std::span<double> values);

/// Throws InvalidArgument unless size = p.
void require_size(const std::string& argument, std::size_t size, Index p);
/// Throws InvalidArgument unless the matrix is p × p.
void require_shape(const std::string& argument, const Matrix& matrix, Index p);
/// Throws InvalidArgument for an entry that is not finite.
void require_finite(const std::string& argument, std::span<const double> values);
/// Throws InvalidArgument unless the p × p matrix is finite and symmetric within rounding:
/// |a_ij − a_ji| ≤ 64 · 2⁻⁵² · max(|a_ij|, |a_ji|, √(a_ii a_jj)).
void require_symmetric(const std::string& argument, const Matrix& matrix, Index p);

}  // namespace sigmahat::detail
