// Mahalanobis distances of rows for p ≤ 64. Header: sigmahat/kernels/row_density_launch.hpp.
#include "sigmahat/kernels/row_density_launch.hpp"

#include "device/block.cuh"
#include "device/rows.cuh"
#include "steps/cholesky.hpp"

namespace sigmahat {
namespace {

using namespace device;

constexpr int kRows = 64;             // rows, and threads, of a block
constexpr int kStride = kRows + 1;    // between neighbouring columns of the staged rows: no bank conflicts
constexpr Index kLargestGrid = 4096;  // blocks walk on from there, so that L is read few times

template <class T>
SIGMAHAT_KERNEL(kRows)
row_distances(DeviceRows rows, Index count, Index p, const double* mean, const double* factor, double* result) {
  SharedCarver carver;
  double* const s_l = carver.take<double>(p * p);
  double* const s_mean = carver.take<double>(p);
  double* const s_v = carver.take<double>(p * kStride);
  block_copy(factor, s_l, p * p);
  block_copy(mean, s_mean, p);
  block_barrier();
  for (Index first = block_x() * kRows; first < count; first += grid_x() * kRows) {
    const int staged = static_cast<int>(count - first < kRows ? count - first : kRows);
    for_each_value<T>(rows, first, staged, static_cast<int>(p),
                      [=](int r, int j, double x) { s_v[j * kStride + r] = x - s_mean[j]; });
    block_barrier();
    if (thread_index() < staged) {
      double* const v = s_v + thread_index();
      steps::forward_substitute(p, s_l, v, kStride);
      double sum = 0;
      for (Index k = 0; k < p; ++k) sum = fma(v[k * kStride], v[k * kStride], sum);
      result[first + thread_index()] = isfinite(sum) ? sum : kCanonicalNaN;
    }
    block_barrier();
  }
}

}  // namespace

LaunchStatus launch_row_distances(DeviceStream stream, const DeviceRows& rows, Index count, Index p, const double* mean,
                                  const double* factor, double* result) {
  const Index groups = (count + kRows - 1) / kRows;
  const Index bytes = shared_bytes<double>(p * p) + shared_bytes<double>(p) + shared_bytes<double>(p * kStride);
  const auto kernel = rows.is_float ? row_distances<float> : row_distances<double>;
  return launch(kernel, {groups < kLargestGrid ? groups : kLargestGrid}, kRows, bytes, stream, rows, count, p, mean,
                factor, result);
}

}  // namespace sigmahat
