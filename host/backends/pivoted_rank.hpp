// Numerical rank of a covariance; the cold path that all backends share.
#pragma once

#include "sigmahat/kernels/common.hpp"

namespace sigmahat::backends {

/// Rank of the symmetric positive semidefinite p × p matrix a (lower triangle, column-major): Cholesky with diagonal
/// pivoting of D a D, D = diag(2^−e_i) with a_ii·4^−e_i ∈ [1, 4); a column of zero variance keeps D_ii = 1. A pivot counts
/// if it is > tolerance · the largest scaled diagonal entry. p³/3 flops. Returns 0 for p = 0 or where a is not finite.
/// Source: Higham, Accuracy and Stability of Numerical Algorithms, 2nd ed., 10.3.
Index pivoted_rank(Index p, const double* a, double tolerance);

}  // namespace sigmahat::backends
