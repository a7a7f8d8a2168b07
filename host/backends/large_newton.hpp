// The Newton step of one Gaussian problem by LAPACK: the CPU backend's for p > 64, and the GPU's, which brings such a
// problem to the host.
#pragma once

#include "gaussian_newton.hpp"

namespace sigmahat::backends {

/// As steps::newton_target, host memory in and out. Eigenvalues by dsyevd, products by dgemm and dtrmm: about 20p³ flops
/// on the threads that the caller allows, 5p² numbers of scratch. D1.
GaussianNewton large_newton(Index p, const steps::NewtonProblem& at, double* mean, double* covariance);

}  // namespace sigmahat::backends
