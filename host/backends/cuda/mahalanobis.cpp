// Mahalanobis distances of rows, a chunk at a time; each chunk waits once, for its results.
#include <algorithm>

#include "operations.hpp"
#include "rows_buffer.hpp"
#include "sigmahat/kernels/panel_launch.hpp"
#include "sigmahat/kernels/row_density_launch.hpp"

namespace sigmahat::backends::cuda {
namespace {

constexpr Index kLeastChunk = 64;
constexpr Index kLargestChunk = Index{1} << 20;

}  // namespace

void CudaOperations::mahalanobis_squared(const RowsView& rows, const double* mean, const double* factor,
                                         double* result) {
  const GpuOperation operation = gpu_.begin();
  const Index p = rows.columns;
  const bool small = p <= kSmallDimension;
  RowsView unweighted = rows;
  unweighted.weights = nullptr;
  const Index bytes = row_bytes(unweighted) + static_cast<Index>(sizeof(double)) * (small ? 1 : p + 1);
  const Index chunk = std::clamp(gpu_.chunk_bytes() / bytes, kLeastChunk, kLargestChunk);
  const Index largest = std::min(chunk, rows.rows);

  const auto device_mean = gpu_.array<double>(p), device_factor = gpu_.array<double>(p * p);
  gpu_.upload(mean, device_mean.get(), static_cast<std::size_t>(p) * sizeof(double));
  gpu_.upload(factor, device_factor.get(), static_cast<std::size_t>(p * p) * sizeof(double));
  const auto distances = gpu_.array<double>(largest);
  const auto panel = gpu_.array<double>(small ? 0 : largest * p);
  RowsBuffer buffer;
  for (Index first = 0; first < rows.rows; first += chunk) {
    const Index count = std::min(chunk, rows.rows - first);
    const DeviceRows device_rows = buffer.upload(gpu_, unweighted.slice(first, count));
    if (small) {
      check(launch_row_distances(gpu_.stream(), device_rows, count, p, device_mean.get(), device_factor.get(),
                                 distances.get()),
            "row_distances kernel");
    } else {
      check(launch_panel_deviations(gpu_.stream(), device_rows, count, p, device_mean.get(), panel.get()),
            "panel_deviations kernel");
      solve_factor(gpu_, CUBLAS_OP_N, p, count, device_factor.get(), panel.get());
      check(launch_panel_norms(gpu_.stream(), count, p, panel.get(), distances.get()), "panel_norms kernel");
    }
    gpu_.download(distances.get(), result + first, static_cast<std::size_t>(count) * sizeof(double));
  }
}

}  // namespace sigmahat::backends::cuda
