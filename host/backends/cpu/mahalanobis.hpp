// Squared Mahalanobis distances of a block of rows, vectors along the rows; compiled for each instruction set.
#pragma once

#include "sigmahat/kernels/common.hpp"

namespace sigmahat::backends {

/// Rows per call.
inline constexpr Index kDistanceBlock = 64;

struct MahalanobisKernel {
  /// z holds deviations, column i of kDistanceBlock rows at z + i·kDistanceBlock; it is replaced by L⁻¹ times them and
  /// result[r] = Σ_i z_i², chains in the order of i: z_i = (d_i − Σ_{k<i} l_ik z_k)/l_ii. p² flops a row.
  void (*solve_and_square)(Index p, const double* factor, double* z, double* result);
  /// result[r] = Σ_i z_i² alone.
  void (*square)(Index p, const double* z, double* result);
};

MahalanobisKernel mahalanobis_kernel();

}  // namespace sigmahat::backends
