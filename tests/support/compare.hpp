// Comparisons for tests. Every one is written so that a NaN fails: !(error <= bound).
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "sigmahat/host/matrix.hpp"

namespace sigmahat::test {

/// Bounds on rounding errors, each with the formula it follows from. u = ε/2 is the unit roundoff; the factors leave
/// room for constants that the textbook bounds drop, not for a wrong algorithm.
template <class T>
struct Tolerances {
  static constexpr double kEpsilon = std::numeric_limits<T>::epsilon();

  /// A chain of `length` additions or fused multiply-adds: length·u relative to the sum of the absolute terms.
  static double chain(Index length) { return kEpsilon * static_cast<double>(length + 1); }
  /// A scatter entry relative to √(M_ii M_jj): a chain of at most 256 rows, then log₂ of the blocks, 4 operations each.
  static double scatter(Index rows) {
    const double blocks = std::ceil(static_cast<double>(rows) / 256) + 1;
    return kEpsilon * (static_cast<double>(std::min<Index>(rows, 256)) + 4 * std::log2(blocks) + 4);
  }
  /// Whitening by a Cholesky factor of condition √κ, relative to ‖W‖: backward error (p + 1)u of factor and solves,
  /// amplified by κ; three such operations.
  static double whitened(Index p, double condition) { return 3 * kEpsilon * static_cast<double>(p + 1) * condition; }
  /// Scores Σ⁻¹(…)Σ⁻¹ relative to ‖Σ⁻¹‖(‖W‖ + 1): whitening and two more solves.
  static double score(Index p, double condition) { return 2 * whitened(p, condition); }
};

inline double norm(std::span<const double> values) {
  double sum = 0;
  for (const double value : values) sum += value * value;
  return std::sqrt(sum);
}
inline std::span<const double> entries(const Matrix& matrix) {
  return {matrix.data(), static_cast<std::size_t>(matrix.rows() * matrix.columns())};
}
inline double norm(const Matrix& matrix) { return norm(entries(matrix)); }

/// ‖a − b‖/‖b‖, absolute where b = 0; NaN where the sizes differ.
inline double relative_error(std::span<const double> a, std::span<const double> b) {
  if (a.size() != b.size()) return std::numeric_limits<double>::quiet_NaN();
  std::vector<double> difference(a.size());
  for (std::size_t i = 0; i < a.size(); ++i) difference[i] = a[i] - b[i];
  const double scale = norm(b);
  return scale == 0 ? norm(difference) : norm(difference) / scale;
}
inline double relative_error(const Matrix& a, const Matrix& b) { return relative_error(entries(a), entries(b)); }

/// |actual − expected| ≤ bound; fails for a NaN anywhere.
inline ::testing::AssertionResult within(double actual, double expected, double bound) {
  const double error = std::abs(actual - expected);
  if (!(error <= bound)) {
    return ::testing::AssertionFailure() << actual << " differs from " << expected << " by " << error
                                         << ", more than the bound " << bound;
  }
  return ::testing::AssertionSuccess();
}
/// value ≤ bound; fails for a NaN.
inline ::testing::AssertionResult at_most(double value, double bound) {
  if (!(value <= bound)) return ::testing::AssertionFailure() << value << " exceeds the bound " << bound;
  return ::testing::AssertionSuccess();
}

/// The same number of values with the same bits, NaNs included.
inline ::testing::AssertionResult same_bits(std::span<const double> a, std::span<const double> b) {
  if (a.size() != b.size()) return ::testing::AssertionFailure() << a.size() << " numbers against " << b.size();
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (std::bit_cast<std::uint64_t>(a[i]) != std::bit_cast<std::uint64_t>(b[i])) {
      return ::testing::AssertionFailure()
             << "number " << i << ": " << a[i] << " against " << b[i] << ", difference " << a[i] - b[i];
    }
  }
  return ::testing::AssertionSuccess();
}
inline ::testing::AssertionResult same_bits(const Matrix& a, const Matrix& b) {
  return same_bits(entries(a), entries(b));
}

/// The same bits, or only within `bound` of each other (relative to the whole) where the bits are not promised.
inline ::testing::AssertionResult same(bool bits, std::span<const double> a, std::span<const double> b, double bound) {
  if (bits) return same_bits(a, b);
  const double error = relative_error(a, b);
  if (!(error <= bound)) return ::testing::AssertionFailure() << "relative error " << error << ", bound " << bound;
  return ::testing::AssertionSuccess();
}

/// Digits that two numbers share: −log₁₀ of the relative error, 17 where they are equal; NaN counts as none.
inline double log_relative_error(double actual, double expected) {
  if (actual == expected) return 17;
  const double digits = -std::log10(std::abs(actual - expected) / (expected == 0 ? 1 : std::abs(expected)));
  return std::isnan(digits) ? 0 : std::min(17.0, digits);
}

}  // namespace sigmahat::test
