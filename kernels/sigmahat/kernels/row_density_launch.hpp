// Launcher of kernels/row_density.cu: squared Mahalanobis distances of rows for p ≤ 64, one thread per row.
//
//   v = L⁻¹(x − μ) by forward substitution (kernels/steps/cholesky.hpp),  d² = Σ_k fma(v_k, v_k, ·)
//
// Shapes: rows as DeviceRows describes, mean [p], factor [p, p] column-major, result [n]; all in device memory.
// Failure: the canonical NaN for a row whose distance is not finite (a NaN or infinity in it, or overflow).
// Cost: p² + 3p flops and 8p + 8 bytes per row: n = 10⁶, p = 32 on an H100: 79 µs by memory, 33 µs by arithmetic;
// p = 64: 155 µs, 126 µs. L and the rows are in shared memory, where a chain is a load and an fma one after the other, so
// the kernel reaches a fraction of this; the rows' transfer (n = 10⁶, p = 64: 9.3 ms over PCIe 5) binds.
// Determinism: D3. Limits: 1 ≤ p ≤ 64; weights are ignored.
#pragma once

#include "sigmahat/kernels/common.hpp"
#include "sigmahat/kernels/launch.hpp"
#include "sigmahat/kernels/rows_launch.hpp"

namespace sigmahat {

LaunchStatus launch_row_distances(DeviceStream stream, const DeviceRows& rows, Index count, Index p, const double* mean,
                                  const double* factor, double* result);

}  // namespace sigmahat
