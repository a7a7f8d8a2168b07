// Least squares of problems of one canonical block with k ≤ 8, one thread a problem: a block of one warp has 32 problems.
// Rows of all of them come into shared memory in the background, a few at a time; each thread reads its own. Header:
// sigmahat/kernels/least_squares_launch.hpp.
#include "sigmahat/kernels/least_squares_launch.hpp"

#include "device/block.cuh"
#include "device/least_squares.cuh"

namespace sigmahat {
namespace {

using namespace device;

/// Rows of each problem in shared memory at a time.
template <int Q>
constexpr int kLaneRows = Q <= 5 ? 16 : 8;
/// Distances between the problems' arrays are odd, against bank conflicts.
template <int Q>
constexpr int kLaneValues = kLaneRows<Q>* Q | 1;
template <int Q>
constexpr int kLaneWeights = kLaneRows<Q> | 1;
/// Numbers of a thread's share of shared memory when it solves: Gram matrix and the rest, V, mean and residual.
template <int Q>
constexpr Index kLaneWork = (gram_work_numbers(Q - 1) + steps::packed(Q - 1, 0) + 2 * Q) | 1;
/// Staged rows and the threads' work lie in the same memory, one after the other in time.
template <class T, int Q>
constexpr Index kLaneMemory = kLaneWork<Q> * 8 > kLaneValues<Q>* static_cast<Index>(sizeof(T))
                                  ? kWarp* kLaneWork<Q>
                                  : (kWarp* kLaneValues<Q>* static_cast<Index>(sizeof(T)) + 7) / 8;

/// Shared memory of a warp, and whose rows each thread has.
template <class T>
struct LaneSpace {
  double* memory;
  T* values;        // [32, kLaneValues] row r of a thread's problem at r·Q
  double* weights;  // [32, kLaneWeights]
  Index* first;     // [32] the problems' first rows
  int* count;       // [32] and their rows
  int longest;      // of all
};

/// Queues the copies of rows start … start + kLaneRows − 1 of every problem of the warp.
template <class T, int Q>
SIGMAHAT_DEVICE void stage_lanes(const RegressionRows& rows, const LaneSpace<T>& s, int start) {
  constexpr int kRows = kLaneRows<Q>, kColumns = Q - 1;
  const T* const g_x = static_cast<const T*>(rows.x.data);
  const T* const g_y = static_cast<const T*>(rows.y.data);
  const bool by_row = rows.x.column_stride == 1;
  for (int place = thread_index(); place < kWarp * kRows * kColumns; place += kWarp) {
    const int lane = place / (kRows * kColumns), within = place % (kRows * kColumns);
    const int r = by_row ? within / kColumns : within % kRows, j = by_row ? within % kColumns : within / kRows;
    if (start + r >= s.count[lane]) continue;
    copy_async(s.values + lane * kLaneValues<Q> + r * Q + j,
               g_x + (s.first[lane] + start + r) * rows.x.row_stride + j * rows.x.column_stride);
  }
  for (int place = thread_index(); place < kWarp * kRows; place += kWarp) {
    const int lane = place / kRows, r = place % kRows;
    if (start + r >= s.count[lane]) continue;
    const Index row = s.first[lane] + start + r;
    copy_async(s.values + lane * kLaneValues<Q> + r * Q + kColumns, g_y + row * rows.y.row_stride);
    if (rows.x.weights != nullptr) copy_async(s.weights + lane * kLaneWeights<Q> + r, rows.x.weights + row);
  }
  commit_copies();
  wait_for_copies<0>();
  block_barrier();
}

/// Calls f(weight, z) for every row of this thread's problem that is not dropped, in order; returns the number of those
/// that are.
template <class T, int Q, class F>
SIGMAHAT_DEVICE int for_each_row(const RegressionRows& rows, bool drop, const LaneSpace<T>& s, F&& f) {
  const int lane = thread_index(), count = s.count[lane];
  int dropped = 0;
  for (int start = 0; start < s.longest; start += kLaneRows<Q>) {
    stage_lanes<T, Q>(rows, s, start);
    for (int r = 0; r < kLaneRows<Q> && start + r < count; ++r) {
      const T* const s_row = s.values + lane * kLaneValues<Q> + r * Q;
      const double weight = rows.x.weights == nullptr ? 1.0 : s.weights[lane * kLaneWeights<Q> + r];
      double z[Q];
      bool finite = isfinite(weight);
      for (int j = 0; j < Q; ++j) {
        z[j] = static_cast<double>(s_row[j]);
        finite = finite && isfinite(z[j]);
      }
      if (drop && !finite) {
        ++dropped;
      } else {
        f(weight, z);
      }
    }
    block_barrier();
  }
  return dropped;
}

/// A thread's problem after its rows have been read.
template <int Q>
struct LaneGram {
  double weight = 0;
  Index rows = 0, dropped = 0;
  double mean[Q] = {}, residual[Q] = {};
  double gram[Q * (Q + 1) / 2] = {};
};

template <int Q>
SIGMAHAT_DEVICE void accumulate_lane(double weight, const double (&z)[Q], double (&gram)[Q * (Q + 1) / 2]) {
  for (int i = 0; i < Q; ++i) {
    const double left = weight * z[i];
    for (int j = 0; j <= i; ++j) gram[i * (i + 1) / 2 + j] = fma(left, z[j], gram[i * (i + 1) / 2 + j]);
  }
}

template <class T, int Q>
SIGMAHAT_DEVICE void read_raw(const RegressionRows& rows, bool drop, const LaneSpace<T>& s, LaneGram<Q>& own) {
  own.dropped = for_each_row<T, Q>(rows, drop, s, [&own](double weight, const double(&z)[Q]) {
    own.weight += weight;
    own.rows += weight > 0 ? 1 : 0;
    accumulate_lane<Q>(weight, z, own.gram);
  });
}

template <class T, int Q>
SIGMAHAT_DEVICE void read_centred(const RegressionRows& rows, bool drop, const LaneSpace<T>& s, LaneGram<Q>& own) {
  own.dropped = for_each_row<T, Q>(rows, drop, s, [&own](double weight, const double(&z)[Q]) {
    own.weight += weight;
    own.rows += weight > 0 ? 1 : 0;
    for (int j = 0; j < Q; ++j) own.mean[j] = fma(weight, z[j], own.mean[j]);
  });
  for (int j = 0; j < Q; ++j) own.mean[j] = own.mean[j] / own.weight;
  for_each_row<T, Q>(rows, drop, s, [&own](double weight, const double(&z)[Q]) {
    double r[Q];
    for (int j = 0; j < Q; ++j) {
      r[j] = z[j] - own.mean[j];
      own.residual[j] = fma(weight, r[j], own.residual[j]);
    }
    accumulate_lane<Q>(weight, r, own.gram);
  });
  for (int j = 0; j < Q; ++j) own.residual[j] = own.residual[j] / own.weight;
  for (int i = 0; i < Q; ++i) {
    const double left = -(own.weight * own.residual[i]);
    for (int j = 0; j <= i; ++j) {
      own.gram[i * (i + 1) / 2 + j] = fma(left, own.residual[j], own.gram[i * (i + 1) / 2 + j]);
    }
  }
}

template <class T, int Q>
SIGMAHAT_KERNEL(kWarp)
least_squares_lanes(RegressionRows rows, ProblemList problems, LeastSquaresTask task, LeastSquaresArrays results,
                    GramArrays grams) {
  SIGMAHAT_SHARED(Index, s_first, kWarp);
  SIGMAHAT_SHARED(int, s_count, kWarp);
  SharedCarver carver;
  LaneSpace<T> s;
  s.memory = carver.take<double>(kLaneMemory<T, Q>);
  s.values = reinterpret_cast<T*>(s.memory);
  s.weights = rows.x.weights == nullptr ? nullptr : carver.take<double>(kWarp * kLaneWeights<Q>);
  s.first = s_first;
  s.count = s_count;
  const int lane = thread_index();
  const Index item = block_x() * kWarp + lane;
  const bool there = item < problems.count;
  const device::ProblemRows rows_of_own = there ? rows_of_item(problems, item) : device::ProblemRows{};
  s_first[lane] = rows_of_own.first;
  s_count[lane] = rows_of_own.count;
  block_barrier();
  s.longest = 0;
  for (int other = 0; other < kWarp; ++other) s.longest = s.longest < s_count[other] ? s_count[other] : s.longest;

  LaneGram<Q> own;
  if (task.intercept) {
    read_centred<T, Q>(rows, task.drop, s, own);
  } else {
    read_raw<T, Q>(rows, task.drop, s, own);
  }
  if (!there) return;  // no barrier comes any more
  constexpr Index k = Q - 1;
  double* const s_own = s.memory + lane * kLaneWork<Q>;
  double* const s_inverse_factor = s_own + gram_work_numbers(k);
  double* const s_mean = s_inverse_factor + steps::packed(k, 0);
  double* const s_residual = s_mean + Q;
  const bool empty = own.weight == 0;
  for (int place = 0; place < Q * (Q + 1) / 2; ++place) s_own[place] = empty ? 0.0 : own.gram[place];
  for (int j = 0; j < Q; ++j) {
    s_mean[j] = empty ? 0.0 : own.mean[j];
    s_residual[j] = empty ? 0.0 : own.residual[j];
  }
  const ProblemMoments moments{own.weight, own.rows, own.dropped, task.intercept ? s_mean : nullptr, s_residual};
  finish_problem(ThreadTeam{}, task, rows_of_own.problem, item, moments,
                 gram_work(task.columns, s_own, s_inverse_factor), results, grams);
}

template <class T, int Q>
LaunchStatus launch_lanes(DeviceStream stream, const RegressionRows& rows, const ProblemList& problems,
                          const LeastSquaresTask& task, const LeastSquaresArrays& results, const GramArrays& grams) {
  const Index bytes = shared_bytes<double>(kLaneMemory<T, Q>) +
                      (rows.x.weights == nullptr ? 0 : shared_bytes<double>(kWarp * kLaneWeights<Q>));
  return launch(least_squares_lanes<T, Q>, {(problems.count + kWarp - 1) / kWarp}, kWarp, bytes, stream, rows, problems,
                task, results, grams);
}

template <class T>
LaunchStatus launch_typed(DeviceStream stream, const RegressionRows& rows, const ProblemList& problems,
                          const LeastSquaresTask& task, const LeastSquaresArrays& results, const GramArrays& grams) {
  static_assert(kLargestLaneColumns == 8);
  switch (task.columns) {
    case 1: return launch_lanes<T, 2>(stream, rows, problems, task, results, grams);
    case 2: return launch_lanes<T, 3>(stream, rows, problems, task, results, grams);
    case 3: return launch_lanes<T, 4>(stream, rows, problems, task, results, grams);
    case 4: return launch_lanes<T, 5>(stream, rows, problems, task, results, grams);
    case 5: return launch_lanes<T, 6>(stream, rows, problems, task, results, grams);
    case 6: return launch_lanes<T, 7>(stream, rows, problems, task, results, grams);
    case 7: return launch_lanes<T, 8>(stream, rows, problems, task, results, grams);
    default: return launch_lanes<T, 9>(stream, rows, problems, task, results, grams);
  }
}

}  // namespace

LaunchStatus launch_least_squares_lanes(DeviceStream stream, const RegressionRows& rows, const ProblemList& problems,
                                        const LeastSquaresTask& task, const LeastSquaresArrays& results,
                                        const GramArrays& grams) {
  return rows.x.is_float ? launch_typed<float>(stream, rows, problems, task, results, grams)
                         : launch_typed<double>(stream, rows, problems, task, results, grams);
}

}  // namespace sigmahat
