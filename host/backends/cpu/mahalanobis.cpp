#include "mahalanobis.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include "../lapack.hpp"
#include "../parallel.hpp"
#include "cpu.hpp"

namespace sigmahat::backends {
namespace {

/// Deviations of rows first … first+count−1 from the mean, transposed; the rest of the block is zero.
void deviations(const RowsView& rows, Index first, Index count, const double* mean, double* z) {
  for (Index j = 0; j < rows.columns; ++j) {
    double* const out = z + j * kDistanceBlock;
    for (Index r = 0; r < count; ++r) out[r] = rows.at(first + r, j) - mean[j];
    std::fill(out + count, out + kDistanceBlock, 0.0);
  }
}

}  // namespace

void CpuOperations::mahalanobis_squared(const RowsView& rows, const double* mean, const double* factor,
                                        double* result) {
  const MahalanobisKernel kernel = mahalanobis_kernel();
  const Index p = rows.columns;
  const Index blocks = (rows.rows + kDistanceBlock - 1) / kDistanceBlock;
  const double flops = static_cast<double>(rows.rows) * static_cast<double>(p) * static_cast<double>(p + 2);
  const int threads = useful_threads(flops, threads_);
  std::vector<double> deviations_of_all(static_cast<std::size_t>(threads * p * kDistanceBlock));
#pragma omp parallel num_threads(threads)
  {
    const ThreadLimit serial(1);  // OpenBLAS would open regions of its own in a team of one
    double* const z = deviations_of_all.data() + omp_get_thread_num() * p * kDistanceBlock;
    double distance[kDistanceBlock];
#pragma omp for schedule(dynamic, 16)
    for (Index b = 0; b < blocks; ++b) {
      const Index first = b * kDistanceBlock, count = std::min(kDistanceBlock, rows.rows - first);
      deviations(rows, first, count, mean, z);
      if (p <= kSmallDimension) {
        kernel.solve_and_square(p, factor, z, distance);
      } else {
        // z is the transposed block, kDistanceBlock × p: zᵀ = L⁻¹dᵀ is z = d L⁻ᵀ.
        lapack::trsm('R', 'T', kDistanceBlock, p, factor, p, z);
        kernel.square(p, z, distance);
      }
      for (Index r = 0; r < count; ++r) result[first + r] = std::isfinite(distance[r]) ? distance[r] : kCanonicalNaN;
    }
  }
}

}  // namespace sigmahat::backends
