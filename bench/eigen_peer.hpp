// The same regressions with Eigen, its number of columns fixed at compile time: a peer to measure against.
#pragma once

#include <string>

#include "sigmahat/kernels/common.hpp"

namespace sigmahat::bench {

/// The version and how it was compiled; empty where the benchmarks were built without Eigen.
std::string eigen_version();

/// B problems of X [B, m, k] and y [B, m]: Gram matrix, LLᵀ, solve; coefficients [B, k]. Threads divide the problems.
/// Returns false where there is no instantiation for k (there is one for 4, 8, 16, 32 and 64) or no Eigen.
bool eigen_least_squares(Index problems, Index rows, Index columns, const double* x, const double* y,
                         double* coefficients, int threads);

}  // namespace sigmahat::bench
