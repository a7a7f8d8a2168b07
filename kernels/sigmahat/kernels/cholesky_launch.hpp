// Launcher of kernels/cholesky.cu: Cholesky factors of many small matrices, one thread block each.
//
// a_b = L_b L_bᵀ; formula: kernels/steps/cholesky.hpp. Matrices [B, p, p], column-major, ld = p, lower triangle read.
// Failure: not_positive_definite, and the whole matrix becomes NaN; the neighbours are not touched.
// Cost: p³/3 flops and 16p² bytes per matrix. H100: p = 64, B = 10⁵: 8.7 GF, 0.26 ms by arithmetic; 6.6 GB, 2.0 ms by
// memory. The p steps of a matrix follow one another with three barriers each, so a single matrix is bound by latency.
// Determinism: D3. Limits: 1 ≤ p ≤ 64; B < 2³¹.
#pragma once

#include "sigmahat/kernels/common.hpp"
#include "sigmahat/kernels/launch.hpp"

namespace sigmahat {

/// a ← L for `count` matrices in device memory, zeros above the diagonal; status[b] = ok or not_positive_definite.
LaunchStatus launch_cholesky(DeviceStream stream, Index p, Index count, double* a, ProblemStatus* status);

}  // namespace sigmahat
