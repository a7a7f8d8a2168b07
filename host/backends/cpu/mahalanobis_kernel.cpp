#include "mahalanobis.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "backends/cpu/mahalanobis_kernel.cpp"  // relative to host/, an include folder
#include <hwy/foreach_target.h>
//
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace sigmahat::backends::mahalanobis_vectors {
namespace HWY_NAMESPACE {

// Plain loops over the rows of the block: the compiler turns them into vectors of this target, fma included.
void square(Index p, const double* HWY_RESTRICT z, double* HWY_RESTRICT result) {
  for (Index r = 0; r < kDistanceBlock; ++r) result[r] = 0;
  for (Index i = 0; i < p; ++i) {
    const double* const row = z + i * kDistanceBlock;
    for (Index r = 0; r < kDistanceBlock; ++r) result[r] = __builtin_fma(row[r], row[r], result[r]);
  }
}

void solve_and_square(Index p, const double* HWY_RESTRICT factor, double* HWY_RESTRICT z, double* HWY_RESTRICT result) {
  alignas(64) double sum[kDistanceBlock];
  for (Index i = 0; i < p; ++i) {
    double* const out = z + i * kDistanceBlock;
    for (Index r = 0; r < kDistanceBlock; ++r) sum[r] = out[r];
    for (Index k = 0; k < i; ++k) {
      const double l = -factor[i + k * p];
      const double* const row = z + k * kDistanceBlock;
      for (Index r = 0; r < kDistanceBlock; ++r) sum[r] = __builtin_fma(l, row[r], sum[r]);
    }
    const double diagonal = factor[i + i * p];
    for (Index r = 0; r < kDistanceBlock; ++r) out[r] = sum[r] / diagonal;
  }
  square(p, z, result);
}

MahalanobisKernel table() { return {&solve_and_square, &square}; }

}  // namespace HWY_NAMESPACE
}  // namespace sigmahat::backends::mahalanobis_vectors
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace sigmahat::backends::mahalanobis_vectors {
HWY_EXPORT(table);
}  // namespace sigmahat::backends::mahalanobis_vectors

namespace sigmahat::backends {

MahalanobisKernel mahalanobis_kernel() { return HWY_DYNAMIC_DISPATCH(mahalanobis_vectors::table)(); }

}  // namespace sigmahat::backends
#endif
