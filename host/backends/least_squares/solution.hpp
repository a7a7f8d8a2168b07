// What a route hands on: coefficients and a root of the inverse, from which everything else follows in the same way.
#pragma once

#include <vector>

#include "sigmahat/kernels/least_squares.hpp"

namespace sigmahat::backends {

/// One problem's solution, in the data's units.
struct Solution {
  ProblemStatus status = ProblemStatus::ok;
  RouteTaken route = RouteTaken::none;
  Index rank = 0;                    ///< of the k columns
  double condition = kCanonicalNaN;  ///< κ
  double accepted_condition = 1;     ///< κ of the columns that were not left out
  double intercept[2] = {0, 0};      ///< α as a sum of two
  std::vector<double> b;             ///< [k]; 0 for a column that was left out
  std::vector<bool> aliased;         ///< [k] left out: its coefficient is NaN
  std::vector<double> root;          ///< [k, rank] B with BBᵀ = (XᵀWX + λI)⁻¹, or the pseudo-inverse
  /// [k] The diagonal of BBᵀ is inverse·scale·scale, kept apart because the product may overflow where its root does not.
  std::vector<double> inverse, scale;
  double mean_leverage = 0;        ///< x̄ᵀBBᵀx̄
  bool constant_response = false;  ///< y does not vary
  bool keeps_rss = false;          ///< `minimum` is RSS with digits enough
  double minimum = kCanonicalNaN;
};

}  // namespace sigmahat::backends
