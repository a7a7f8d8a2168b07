// Sums and products in twice the precision: a number is an unevaluated pair hi + lo. Level D3.
// Source: Dekker (1971); Knuth's TwoSum; Ogita, Rump, Oishi (2005), SIAM J. Sci. Comput. 26, 1955–1988 (Dot2).
#pragma once

#include "moments.hpp"

namespace sigmahat::steps {

/// hi ← the rounded sum of hi and value, lo ← lo + what was lost. One step of a compensated sum.
SIGMAHAT_STEP void add_compensated(double value, double& hi, double& lo) {
  const Pair sum = two_sum(hi, value);
  hi = sum.sum;
  lo += sum.error;
}

/// (hi, lo) += a·b, the product with its rounding error.
SIGMAHAT_STEP void add_product(double a, double b, double& hi, double& lo) {
  const double product = a * b;
  const Pair sum = two_sum(hi, product);
  hi = sum.sum;
  lo += sum.error + fma(a, b, -product);
}

/// (hi, lo) += a·(b + b_lo).
SIGMAHAT_STEP void add_product(double a, double b, double b_lo, double& hi, double& lo) {
  add_product(a, b, hi, lo);
  lo = fma(a, b_lo, lo);
}

}  // namespace sigmahat::steps
