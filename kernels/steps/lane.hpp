// A lane: one problem's number. Steps that are templates over a lane type T work on one problem (T is double) or on as
// many problems as a vector has lanes (host/backends/cpu). A lane type has + − × ÷ and the functions below; comparisons give
// masks, for double a bool. All of them are exact or rounded once, so that every lane type gives the same bits.
#pragma once

#include <cmath>
#include <cstdint>

#include "team.hpp"

namespace sigmahat::steps {

SIGMAHAT_STEP double select(bool mask, double yes, double no) { return mask ? yes : no; }
SIGMAHAT_STEP bool both(bool a, bool b) { return a && b; }
SIGMAHAT_STEP bool either(bool a, bool b) { return a || b; }
SIGMAHAT_STEP double magnitude(double a) { return fabs(a); }

/// The power of two s with 1 ≤ s²|a| < 4, for a normal number; finite and positive whatever a is.
SIGMAHAT_STEP double balancing_scale(double a) {
  // Not std::bit_cast, a host function to nvcc.
  const auto exponent = static_cast<std::int64_t>(__builtin_bit_cast(std::uint64_t, a) << 1 >> 53) - 1023;
  return __builtin_bit_cast(double, static_cast<std::uint64_t>(1023 - (exponent >> 1)) << 52);
}

}  // namespace sigmahat::steps
