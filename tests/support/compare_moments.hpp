// Comparison of moments that should be the same.
#pragma once

#include "sigmahat/moments.hpp"
#include "support/compare.hpp"

namespace sigmahat::test {

/// Counts are equal; the sums have the same bits, or agree within rounding where the bits are not promised. Without weight
/// all is as defined: canonical NaN, and zeros.
inline void expect_same(const Moments& a, const Moments& b, bool promised) {
  const bool bits = promised || b.weight == 0;
  EXPECT_EQ(a.rows, b.rows);
  EXPECT_EQ(a.dropped, b.dropped);
  const double bound = 2 * Tolerances<double>::scatter(a.rows);
  EXPECT_TRUE(same(bits, std::vector{a.weight}, std::vector{b.weight}, bound));
  EXPECT_TRUE(same(bits, a.mean, b.mean, bound));
  // A residual is rounding itself: without promised bits there is nothing to compare.
  if (bits) {
    EXPECT_TRUE(same_bits(a.mean_residual, b.mean_residual));
  }
  EXPECT_TRUE(same(bits, entries(a.scatter), entries(b.scatter), bound));
}

}  // namespace sigmahat::test
