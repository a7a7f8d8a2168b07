// Least squares by thread blocks: problems of one canonical block from rows to coefficients, nodes of larger ones, and
// their roots. Header: sigmahat/kernels/least_squares_launch.hpp.
#include "sigmahat/kernels/least_squares_launch.hpp"

#include "device/gram.cuh"
#include "device/least_squares.cuh"

namespace sigmahat {
namespace {

using namespace device;

constexpr int kLargestBlock = 96;  // 91 tiles of 5 at q = 65
constexpr int kRootThreads = 64;

/// One thread for each tile, one for each column, and the weigher.
template <int Tile>
int block_threads(Index q) {
  const int needed = tile_count<Tile>(q) > q + 1 ? tile_count<Tile>(q) : static_cast<int>(q + 1);
  return (needed + kWarp - 1) / kWarp * kWarp;
}

/// Reads one canonical block, centred or about zero: sums and means in shared memory, this thread's tile in `sum`.
template <class T, int Tile, bool Weighted>
SIGMAHAT_DEVICE MomentCounts read_block(const RegressionRows& rows, Index first, int count,
                                        const LeastSquaresTask& task, const GramSpace& s, int i0, int j0,
                                        double (&sum)[Tile][Tile]) {
  const int q = static_cast<int>(task.columns) + 1;
  if (!task.intercept) return multiply_block<T, Tile, Weighted>(rows, first, count, q, task.drop, s, i0, j0, sum);
  const MomentCounts counts = sum_block<T>(rows, first, count, q, task.drop, s);
  if (*s.total != 0) centre_block<T, Tile, Weighted>(rows, first, count, q, s, i0, j0, sum);
  return counts;
}

/// Calls f(i, j, entry) for this thread's entries of G, once the block has been read.
template <int Tile, class F>
SIGMAHAT_DEVICE void for_each_of_gram(int q, bool centred, const GramSpace& s, int i0, int j0,
                                      const double (&sum)[Tile][Tile], F&& f) {
  const double n = *s.total;
  for_each_of_tile(q, i0, j0, sum, [=](int i, int j, double entry) {
    f(i, j, n == 0 ? 0.0 : centred ? fma(-(n * s.residual[i]), s.residual[j], entry) : entry);
  });
}

template <class T, int Tile, bool Weighted>
SIGMAHAT_KERNEL(kLargestBlock)
least_squares_problem(RegressionRows rows, ProblemList problems, LeastSquaresTask task, LeastSquaresArrays results,
                      GramArrays grams) {
  SIGMAHAT_SHARED(Index, s_counts, 2);
  const Index k = task.columns;
  const int q = static_cast<int>(k) + 1;
  SharedCarver carver;
  const GramSpace s = carve_gram_space<Tile>(carver, q, steps::packed(k, 0));
  // V takes the place of the staged rows.
  const steps::GramWork<double> work = gram_work(k, carver.take<double>(gram_work_numbers(k)), s.rows);
  const ProblemRows own = rows_of_item(problems, block_x());

  int tile_row, tile_column;
  place_of_tile(thread_index(), tile_row, tile_column);
  const int i0 = tile_row * Tile, j0 = tile_column * Tile;
  double sum[Tile][Tile] = {};
  const MomentCounts counts = read_block<T, Tile, Weighted>(rows, own.first, own.count, task, s, i0, j0, sum);
  if (is_weigher()) {
    s_counts[0] = counts.rows;
    s_counts[1] = counts.dropped;
  }
  double* const s_gram = work.gram;
  for_each_of_gram(q, task.intercept, s, i0, j0, sum,
                   [=](int i, int j, double entry) { s_gram[steps::packed(i, j)] = entry; });
  if (task.intercept && *s.total == 0) {
    for (int j = thread_index(); j < q; j += thread_count()) s.mean[j] = s.residual[j] = 0;
  }
  block_barrier();
  const ProblemMoments moments{*s.total, s_counts[0], s_counts[1], task.intercept ? s.mean : nullptr, s.residual};
  finish_problem(BlockTeam{}, task, own.problem, block_x(), moments, work, results, grams);
}

template <class T, int Tile, bool Weighted>
SIGMAHAT_KERNEL(kLargestBlock)
least_squares_block(RegressionRows rows, BlockList list, const Index* first_rows, LeastSquaresTask task,
                    MomentNodes nodes) {
  const int q = static_cast<int>(task.columns) + 1, thread = thread_index();
  SharedCarver carver;
  const GramSpace s = carve_gram_space<Tile>(carver, q);
  const Index block = block_x(), segment = list.block_segment[block];
  const Index done = kCanonicalBlock * (block - list.segment_blocks[segment]);
  const Index left = list.segment_rows[segment + 1] - list.segment_rows[segment] - done;
  const int count = static_cast<int>(left < kCanonicalBlock ? left : kCanonicalBlock);

  int tile_row, tile_column;
  place_of_tile(thread, tile_row, tile_column);
  const int i0 = tile_row * Tile, j0 = tile_column * Tile;
  double sum[Tile][Tile] = {};
  const MomentCounts counts =
      read_block<T, Tile, Weighted>(rows, first_rows[segment] + done, count, task, s, i0, j0, sum);
  if (is_weigher()) {
    nodes.weight[block] = *s.total;
    nodes.counts[block] = counts;
  }
  if (*s.total == 0) return;
  if (task.intercept && thread < q) {
    nodes.mean[block * q + thread] = s.mean[thread];
    nodes.residual[block * q + thread] = s.residual[thread];
  }
  double* const g_scatter = nodes.scatter + block * q * q;
  for_each_of_gram(q, task.intercept, s, i0, j0, sum, [=](int i, int j, double entry) {
    g_scatter[i + j * q] = entry;
    g_scatter[j + i * q] = entry;
  });
}

SIGMAHAT_KERNEL(kRootThreads)
least_squares_roots(const Index* order, const Index* problems, MomentNodes nodes, LeastSquaresTask task,
                    LeastSquaresArrays results, GramArrays grams) {
  const Index k = task.columns, q = k + 1;
  const Index node = order == nullptr ? block_x() : order[block_x()];
  SharedCarver carver;
  double* const s_inverse_factor = carver.take<double>(steps::packed(k, 0));
  const steps::GramWork<double> work = gram_work(k, carver.take<double>(gram_work_numbers(k)), s_inverse_factor);
  double* const s_mean = carver.take<double>(q);
  double* const s_residual = carver.take<double>(q);
  const double weight = nodes.weight[node];
  const BlockTeam team;
  team.for_each(q, [=](Index i) {
    for (Index j = 0; j <= i; ++j) {
      work.gram[steps::packed(i, j)] = weight == 0 ? 0.0 : nodes.scatter[node * q * q + i + j * q];
    }
    if (!task.intercept) return;
    s_mean[i] = weight == 0 ? 0.0 : nodes.mean[node * q + i];
    s_residual[i] = weight == 0 ? 0.0 : nodes.residual[node * q + i];
  });
  team.barrier();
  const ProblemMoments moments{weight, nodes.counts[node].rows, nodes.counts[node].dropped,
                               task.intercept ? s_mean : nullptr, s_residual};
  finish_problem(team, task, problems[node], block_x(), moments, work, results, grams);
}

Index root_bytes(Index k) {
  return shared_bytes<double>(steps::packed(k, 0)) + shared_bytes<double>(gram_work_numbers(k)) +
         2 * shared_bytes<double>(k + 1);
}

template <class T, int Tile>
LaunchStatus launch_problems(DeviceStream stream, const RegressionRows& rows, const ProblemList& problems,
                             const LeastSquaresTask& task, const LeastSquaresArrays& results, const GramArrays& grams) {
  const Index k = task.columns, q = k + 1;
  const Index bytes = gram_space_bytes<Tile>(q, steps::packed(k, 0)) + shared_bytes<double>(gram_work_numbers(k));
  const auto kernel =
      rows.x.weights != nullptr ? least_squares_problem<T, Tile, true> : least_squares_problem<T, Tile, false>;
  return launch(kernel, {problems.count}, block_threads<Tile>(q), bytes, stream, rows, problems, task, results, grams);
}

template <class T>
LaunchStatus launch_typed(DeviceStream stream, const RegressionRows& rows, const ProblemList& problems,
                          const LeastSquaresTask& task, const LeastSquaresArrays& results, const GramArrays& grams) {
  return task.columns <= 20 ? launch_problems<T, 3>(stream, rows, problems, task, results, grams)
                            : launch_problems<T, 5>(stream, rows, problems, task, results, grams);
}

template <class T, int Tile>
LaunchStatus launch_tiled_blocks(DeviceStream stream, const RegressionRows& rows, const BlockList& list,
                                 const Index* first_rows, const LeastSquaresTask& task, const MomentNodes& nodes) {
  const Index q = task.columns + 1;
  const auto kernel =
      rows.x.weights != nullptr ? least_squares_block<T, Tile, true> : least_squares_block<T, Tile, false>;
  return launch(kernel, {list.blocks}, block_threads<Tile>(q), gram_space_bytes<Tile>(q), stream, rows, list,
                first_rows, task, nodes);
}

template <class T>
LaunchStatus launch_typed_blocks(DeviceStream stream, const RegressionRows& rows, const BlockList& list,
                                 const Index* first_rows, const LeastSquaresTask& task, const MomentNodes& nodes) {
  if (task.columns <= 6) return launch_tiled_blocks<T, 1>(stream, rows, list, first_rows, task, nodes);
  if (task.columns <= 20) return launch_tiled_blocks<T, 3>(stream, rows, list, first_rows, task, nodes);
  return launch_tiled_blocks<T, 5>(stream, rows, list, first_rows, task, nodes);
}

}  // namespace

LaunchStatus launch_least_squares(DeviceStream stream, const RegressionRows& rows, const ProblemList& problems,
                                  const LeastSquaresTask& task, const LeastSquaresArrays& results,
                                  const GramArrays& grams) {
  if (task.columns <= kLargestLaneColumns) {
    return launch_least_squares_lanes(stream, rows, problems, task, results, grams);
  }
  return rows.x.is_float ? launch_typed<float>(stream, rows, problems, task, results, grams)
                         : launch_typed<double>(stream, rows, problems, task, results, grams);
}

LaunchStatus launch_least_squares_blocks(DeviceStream stream, const RegressionRows& rows, const BlockList& list,
                                         const Index* first_rows, const LeastSquaresTask& task,
                                         const MomentNodes& nodes) {
  return rows.x.is_float ? launch_typed_blocks<float>(stream, rows, list, first_rows, task, nodes)
                         : launch_typed_blocks<double>(stream, rows, list, first_rows, task, nodes);
}

LaunchStatus launch_least_squares_roots(DeviceStream stream, Index count, const Index* order, const Index* problems,
                                        const MomentNodes& nodes, const LeastSquaresTask& task,
                                        const LeastSquaresArrays& results, const GramArrays& grams) {
  return launch(least_squares_roots, {count}, kRootThreads, root_bytes(task.columns), stream, order, problems, nodes,
                task, results, grams);
}

}  // namespace sigmahat
