// Covariance of β̂, classical or heteroscedasticity-consistent, from a root B of the inverse.
#pragma once

#include <vector>

#include "problem.hpp"
#include "problem_rows.hpp"
#include "solution.hpp"

namespace sigmahat::backends {

/// Trace of the hat matrix without the intercept's 1: the rank, and under a ridge tr(BᵀXᵀWX B).
double hat_trace(const LeastSquaresSpec& spec, const ProblemGram& gram, const Solution& solution);

/// [K, K] covariance of the coefficients (α first where there is an intercept), row-major and symmetric; scale [K]: entry
/// (i, j) is to be multiplied by scale_i·scale_j, powers of two that are kept apart because the product may overflow.
/// With x_c the centred row, u = Bᵀx_c, v = Bu (with an intercept the coordinate v_0 = 1/N − x̄ᵀv in front), e the residual:
///   classical  σ̂²BBᵀ; under a ridge σ̂²B(BᵀXᵀWX B)Bᵀ
///   hc0        Σ g gᵀ with g = (we)v, White (1980): sums of squares, so that no variance is negative
///   hc1        hc0 · n/residual_dof
///   hc2, hc3   g divided by √(1 − h), by 1 − h; h = w(‖u‖² + 1/N) the leverage; MacKinnon and White (1985). NaN where
///              1 − h is nothing but rounding: at most 32·K·2⁻⁵²·κ (κ² by Cholesky)
/// Aliased coefficients have NaN. Cost 2·m·k² flops for hc, k³ for the rest. D2.
std::vector<double> coefficient_covariance(const LeastSquaresSpec& spec, const RowSteps& steps, const ProblemGram& gram,
                                           const Solution& solution, double sigma_squared, double residual_dof,
                                           ProblemRows& rows, std::vector<double>& scale);

}  // namespace sigmahat::backends
