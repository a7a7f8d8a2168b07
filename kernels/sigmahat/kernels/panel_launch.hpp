// Launchers of kernels/panel.cu: what moments and Mahalanobis distances with p > 64 need around cuBLAS. A panel is a
// chunk of R rows in device memory.
//
// Per panel, with w the weights (0 where dropped):
//   n_b = Σ w,  m = Σ w x / n_b,  c = Σ w (x − m) / n_b          sums: slices of 512 rows, then the slices in order
//   P = √w (x − m), p × R, column-major, ld = p                  and cublasDsyrk adds PPᵀ to the lower triangle of C
//   with the running total (n_a, m_a, c_a), merged as in kernels/moments.hpp:
//   δ = (m − m_a) + (c − c_a),  f = n_a n_b / n,  C_ij += f δ_i δ_j − n_b c_i c_j   (i ≥ j)
//
// Failure: a mean that is not finite sets counts.not_finite.
// Cost beside cuBLAS: the rows are read three times (four with drop), P is written once, C read and written once:
// 32Rp + 16p² bytes. H100, p = 256, R = 32768, float64: 0.27 GB, 80 µs; the product's p(p+1)R = 2.2 GF take 32 µs at
// 67 TFLOP/s; the panel's transfer over PCIe 5 (about 55 GB/s) takes 1.2 ms and binds.
// Determinism: D1 (cuBLAS), with fixed orders in all that is ours.
// Limits: p ≤ 65535; R < 2²⁵.
#pragma once

#include "sigmahat/kernels/common.hpp"
#include "sigmahat/kernels/launch.hpp"
#include "sigmahat/kernels/moments_launch.hpp"
#include "sigmahat/kernels/rows_launch.hpp"

namespace sigmahat {

/// Rows per slice of a column sum.
inline constexpr Index kSliceRows = 512;

/// One panel and its scratch, in device memory.
struct MomentPanel {
  DeviceRows rows;
  Index count = 0;            ///< R
  Index columns = 0;          ///< p
  double* weight = nullptr;   ///< [R] out: the weight that counts
  double* dropped = nullptr;  ///< [R] out: 1 where the row is dropped, else 0
  double* centred = nullptr;  ///< [R, p] out: P
  double* slices = nullptr;   ///< [⌈R/512⌉, p] scratch
  double* delta = nullptr;    ///< [p] out: δ
  double* factor = nullptr;   ///< [1] out: f
};

/// Panel's n_b, m, c into `node` (whose scatter is not used), and P. Everything up to the product.
LaunchStatus launch_panel_centre(DeviceStream stream, const MomentPanel& panel, bool drop, const MomentNodes& node);

/// Merges the panel's node into the total: weight, mean pair, counts, and the update of C = total.scatter.
LaunchStatus launch_panel_merge(DeviceStream stream, const MomentPanel& panel, const MomentNodes& node,
                                const MomentNodes& total);

/// centred[R, p] ← x − mean, NaN for every value of x that is not finite.
/// 16Rp bytes: p = 256, R = 32768: 40 µs on an H100.
LaunchStatus launch_panel_deviations(DeviceStream stream, const DeviceRows& rows, Index count, Index p,
                                     const double* mean, double* centred);

/// result[r] ← Σ_k v_kr² for the columns of v (p × R, ld = p), the canonical NaN where that is not finite. 8Rp bytes.
LaunchStatus launch_panel_norms(DeviceStream stream, Index count, Index p, const double* v, double* result);

}  // namespace sigmahat
