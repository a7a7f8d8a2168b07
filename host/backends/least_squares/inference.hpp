// Covariance of β̂, classical or heteroscedasticity-consistent, from a root B of the inverse.
#pragma once

#include <vector>

#include "problem.hpp"
#include "problem_rows.hpp"
#include "solution.hpp"

namespace sigmahat::backends {

/// [K, K] covariance of the coefficients (α first where there is an intercept), row-major and symmetric.
/// With x_c the centred row, u = Bᵀx_c, and with an intercept one more coordinate 1/√N in front:
///   classical  U = σ̂² I; under a ridge σ̂² (I − λBᵀB) for the coordinates of u
///   hc0        U = Σ (w e)² u uᵀ                  e residuals, White (1980)
///   hc1        hc0 · n/residual_dof
///   hc2, hc3   e² divided by 1 − h, (1 − h)²      h = w‖u‖² the leverage; MacKinnon and White (1985)
///   Cov = B U Bᵀ, then α = α' − x̄ᵀβ.
/// Aliased coefficients have NaN. Cost 2·m·k² flops for hc, k³ for the rest. D2.
std::vector<double> coefficient_covariance(const LeastSquaresSpec& spec, const RowSteps& steps, const ProblemGram& gram,
                                           const Solution& solution, double sigma_squared, double residual_dof,
                                           ProblemRows& rows);

}  // namespace sigmahat::backends
