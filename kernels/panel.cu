// Panels of rows with p > 64: means, centring, merging, norms. Header: sigmahat/kernels/panel_launch.hpp.
#include "sigmahat/kernels/panel_launch.hpp"

#include <initializer_list>

#include "device/block.cuh"
#include "device/rows.cuh"
#include "steps/moments.hpp"

namespace sigmahat {
namespace {

using namespace device;

constexpr int kThreads = 256;
constexpr int kTile = 32;        // side of a transposed tile
constexpr int kSumColumns = 64;  // columns of a block that sums a slice
constexpr int kSumLanes = kThreads / kSumColumns;

/// One block per row: its weight and whether it is dropped.
template <class T>
SIGMAHAT_KERNEL(kTile)
panel_judge(MomentPanel panel, bool drop) {
  SIGMAHAT_SHARED(double, s_sums, kWarp);
  const Index row = block_x();
  const double weight = panel.rows.weights == nullptr ? 1.0 : panel.rows.weights[row];
  double faults = isfinite(weight) ? 0 : 1;
  for (Index j = thread_index(); drop && j < panel.columns; j += thread_count()) {
    faults += isfinite(value_at<T>(panel.rows, row, j)) ? 0 : 1;
  }
  const bool dropped = block_sum(faults, s_sums) > 0 && drop;
  if (thread_index() != 0) return;
  panel.weight[row] = dropped ? 0.0 : weight;
  panel.dropped[row] = dropped ? 1.0 : 0.0;
}

/// n_b and the counts.
SIGMAHAT_KERNEL(kThreads) panel_weigh(MomentPanel panel, MomentNodes node) {
  SIGMAHAT_SHARED(double, s_sums, kWarp);
  double weight = 0, rows = 0, dropped = 0;
  for (Index r = thread_index(); r < panel.count; r += thread_count()) {
    weight += panel.weight[r];
    rows += panel.weight[r] > 0 ? 1 : 0;
    dropped += panel.dropped[r];
  }
  weight = block_sum(weight, s_sums);
  rows = block_sum(rows, s_sums);
  dropped = block_sum(dropped, s_sums);
  if (thread_index() != 0) return;
  *node.weight = weight;
  *node.counts = {static_cast<Index>(rows), static_cast<Index>(dropped), 0};
}

/// slices[slice, j] ← Σ w x over the rows of a slice, or Σ w (x − m_j) where `mean` is given.
template <class T>
SIGMAHAT_KERNEL(kThreads)
panel_slice(MomentPanel panel, const double* mean) {
  SIGMAHAT_SHARED(double, s_sums, kThreads);
  const int lane = thread_index() / kSumColumns;
  const Index j = block_y() * kSumColumns + thread_index() % kSumColumns;
  const Index first = block_x() * kSliceRows;
  const Index last = first + kSliceRows < panel.count ? first + kSliceRows : panel.count;
  double sum = 0;
  if (j < panel.columns) {
    const double centre = mean == nullptr ? 0.0 : mean[j];
    for (Index r = first + lane; r < last; r += kSumLanes) {
      if (panel.dropped[r] == 0) sum = fma(panel.weight[r], value_at<T>(panel.rows, r, j) - centre, sum);
    }
  }
  s_sums[thread_index()] = sum;
  block_barrier();
  if (lane != 0 || j >= panel.columns) return;
  for (int other = 1; other < kSumLanes; ++other) sum += s_sums[thread_index() + other * kSumColumns];
  panel.slices[block_x() * panel.columns + j] = sum;
}

/// mean[j] ← the slices' sums in order, divided by n_b; 0 for a panel without weight.
SIGMAHAT_KERNEL(kThreads) panel_mean(MomentPanel panel, Index slices, const double* weight, double* mean) {
  const Index j = block_x() * kThreads + thread_index();
  if (j >= panel.columns) return;
  double sum = 0;
  for (Index slice = 0; slice < slices; ++slice) sum += panel.slices[slice * panel.columns + j];
  mean[j] = *weight == 0 ? 0.0 : sum / *weight;
}

/// One 32 × 32 tile: centred[j + r·p] ← f(r, x − mean_j), reading along the rows' layout and writing along P's.
template <class T, class F>
SIGMAHAT_DEVICE void centre_tile(const DeviceRows& rows, Index count, Index p, const double* mean, double* centred,
                                 double* s_tile, F&& f) {
  constexpr int kLength = kTile + 1;
  const int minor = thread_index() % kTile;
  const Index r0 = block_x() * kTile, j0 = block_y() * kTile;
  const bool by_row = rows.column_stride == 1;
  for (int major = thread_index() / kTile; major < kTile; major += kThreads / kTile) {
    const int r = by_row ? major : minor, j = by_row ? minor : major;
    if (r0 + r < count && j0 + j < p) {
      s_tile[r * kLength + j] = f(r0 + r, value_at<T>(rows, r0 + r, j0 + j), mean[j0 + j]);
    }
  }
  block_barrier();
  for (int r = thread_index() / kTile; r < kTile; r += kThreads / kTile) {
    if (r0 + r < count && j0 + minor < p) centred[j0 + minor + (r0 + r) * p] = s_tile[r * kLength + minor];
  }
}

template <class T>
SIGMAHAT_KERNEL(kThreads)
panel_centre(MomentPanel panel, const double* mean) {
  SIGMAHAT_SHARED(double, s_tile, kTile * (kTile + 1));
  centre_tile<T>(panel.rows, panel.count, panel.columns, mean, panel.centred, s_tile, [=](Index r, double x, double m) {
    return panel.dropped[r] != 0 ? 0.0 : sqrt(panel.weight[r]) * (x - m);
  });
}

template <class T>
SIGMAHAT_KERNEL(kThreads)
panel_deviations(DeviceRows rows, Index count, Index p, const double* mean, double* centred) {
  SIGMAHAT_SHARED(double, s_tile, kTile * (kTile + 1));
  centre_tile<T>(rows, count, p, mean, centred, s_tile,
                 [=](Index, double x, double m) { return isfinite(x) ? x - m : kCanonicalNaN; });
}

/// δ, f, and the merged weight, mean pair and counts: one block.
SIGMAHAT_KERNEL(kThreads) panel_merge_means(MomentPanel panel, MomentNodes node, MomentNodes total) {
  SIGMAHAT_SHARED(double, s_sums, kWarp);
  const double n_a = *total.weight, n_b = *node.weight, n = n_a + n_b;
  const double share = n_b == 0 ? 0.0 : n_b / n;
  double faults = 0;
  for (Index j = thread_index(); j < panel.columns; j += thread_count()) {
    const double m = node.mean[j], c = node.residual[j];
    if (!isfinite(m)) faults += 1;
    double delta = 0;
    if (n_b != 0 && n_a == 0) {
      total.mean[j] = m;
      total.residual[j] = c;
    } else if (n_b != 0) {
      delta = (m - total.mean[j]) + (c - total.residual[j]);
      const steps::Pair merged = steps::two_sum(total.mean[j], fma(delta, share, total.residual[j]));
      total.mean[j] = merged.sum;
      total.residual[j] = merged.error;
    }
    panel.delta[j] = delta;
  }
  faults = block_sum(faults, s_sums);  // its barriers also stand between the reading of n_a and the writing of n
  if (thread_index() != 0) return;
  *panel.factor = n_a * share;
  *total.weight = n;
  total.counts->rows += node.counts->rows;
  total.counts->dropped += node.counts->dropped;
  total.counts->not_finite |= faults > 0 ? 1 : 0;
}

/// C_ij ← C_ij + f δ_i δ_j − n_b c_i c_j, one block per column.
SIGMAHAT_KERNEL(kThreads) panel_merge_scatter(MomentPanel panel, MomentNodes node, MomentNodes total) {
  const Index p = panel.columns, j = block_x();
  const double n_b = *node.weight, f = *panel.factor;
  for (Index i = j + thread_index(); i < p; i += thread_count()) {
    const double corrected = fma(-(n_b * node.residual[i]), node.residual[j], total.scatter[i + j * p]);
    total.scatter[i + j * p] = fma(f * panel.delta[i], panel.delta[j], corrected);
  }
}

SIGMAHAT_KERNEL(kThreads) panel_norms(Index p, const double* v, double* result) {
  SIGMAHAT_SHARED(double, s_sums, kWarp);
  const double* const column = v + block_x() * p;
  double sum = 0;
  for (Index k = thread_index(); k < p; k += thread_count()) sum = fma(column[k], column[k], sum);
  sum = block_sum(sum, s_sums);
  if (thread_index() == 0) result[block_x()] = isfinite(sum) ? sum : kCanonicalNaN;
}

Index divided_up(Index count, Index by) { return (count + by - 1) / by; }

LaunchStatus first_failure(std::initializer_list<LaunchStatus> all) {
  for (const LaunchStatus status : all) {
    if (!status.ok()) return status;
  }
  return {};
}

template <class T>
LaunchStatus centre_typed(DeviceStream stream, const MomentPanel& panel, bool drop, const MomentNodes& node) {
  const Index p = panel.columns, slices = divided_up(panel.count, kSliceRows);
  const Grid sums{slices, divided_up(p, kSumColumns)}, columns{divided_up(p, kThreads)};
  const Grid tiles{divided_up(panel.count, kTile), divided_up(p, kTile)};
  const double* const no_mean = nullptr;
  return first_failure({
      launch(panel_judge<T>, {panel.count}, kTile, 0, stream, panel, drop),
      launch(panel_weigh, {1}, kThreads, 0, stream, panel, node),
      launch(panel_slice<T>, sums, kThreads, 0, stream, panel, no_mean),
      launch(panel_mean, columns, kThreads, 0, stream, panel, slices, node.weight, node.mean),
      launch(panel_slice<T>, sums, kThreads, 0, stream, panel, node.mean),
      launch(panel_mean, columns, kThreads, 0, stream, panel, slices, node.weight, node.residual),
      launch(panel_centre<T>, tiles, kThreads, 0, stream, panel, node.mean),
  });
}

}  // namespace

LaunchStatus launch_panel_centre(DeviceStream stream, const MomentPanel& panel, bool drop, const MomentNodes& node) {
  return panel.rows.is_float ? centre_typed<float>(stream, panel, drop, node)
                             : centre_typed<double>(stream, panel, drop, node);
}

LaunchStatus launch_panel_merge(DeviceStream stream, const MomentPanel& panel, const MomentNodes& node,
                                const MomentNodes& total) {
  return first_failure({launch(panel_merge_means, {1}, kThreads, 0, stream, panel, node, total),
                        launch(panel_merge_scatter, {panel.columns}, kThreads, 0, stream, panel, node, total)});
}

LaunchStatus launch_panel_deviations(DeviceStream stream, const DeviceRows& rows, Index count, Index p,
                                     const double* mean, double* centred) {
  const Grid tiles{divided_up(count, kTile), divided_up(p, kTile)};
  const auto kernel = rows.is_float ? panel_deviations<float> : panel_deviations<double>;
  return launch(kernel, tiles, kThreads, 0, stream, rows, count, p, mean, centred);
}

LaunchStatus launch_panel_norms(DeviceStream stream, Index count, Index p, const double* v, double* result) {
  return launch(panel_norms, {count}, kThreads, 0, stream, p, v, result);
}

}  // namespace sigmahat
