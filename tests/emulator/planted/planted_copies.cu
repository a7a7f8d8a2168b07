// Planted faults: asynchronous copies from global to shared memory.
#include "planted.hpp"

namespace sigmahat::test {
namespace {

using namespace device;

template <bool kPlanted>
SIGMAHAT_KERNEL(64)
no_wait(const double* numbers, double* result) {
  SIGMAHAT_SHARED(double, s_values, 64);
  const int t = thread_index();
  copy_async(&s_values[t], &numbers[t]);
  commit_copies();
  if (!kPlanted) wait_for_copies<0>();
  const double value = s_values[t];  // BUG no_wait
  wait_for_copies<0>();
  result[t] = value;
}

template <bool kPlanted>
SIGMAHAT_KERNEL(64)
wait_for_too_few(const double* numbers, double* result) {
  SIGMAHAT_SHARED(double, s_first, 64);
  SIGMAHAT_SHARED(double, s_second, 64);
  const int t = thread_index();
  copy_async(&s_first[t], &numbers[t]);
  commit_copies();
  copy_async(&s_second[t], &numbers[t]);
  commit_copies();
  wait_for_copies<1>();
  const double first = s_first[t];
  wait_for_copies<kPlanted ? 1 : 0>();
  const double second = s_second[t];  // BUG wait_for_too_few
  wait_for_copies<0>();
  result[t] = first + second;
}

template <bool kPlanted>
SIGMAHAT_KERNEL(64)
no_barrier_after_wait(const double* numbers, double* result) {
  SIGMAHAT_SHARED(double, s_values, 64);
  const int t = thread_index();
  s_values[t] = -1;
  block_barrier();
  copy_async(&s_values[t], &numbers[t]);  // BUG no_barrier_after_wait
  commit_copies();
  wait_for_copies<0>();
  if (!kPlanted) block_barrier();
  const double value = s_values[63 - t];  // BUG no_barrier_after_wait
  result[63 - t] = value;
}

template <bool kPlanted>
SIGMAHAT_KERNEL(64)
no_commit(const double* numbers, double* result) {
  SIGMAHAT_SHARED(double, s_values, 64);
  const int t = thread_index();
  copy_async(&s_values[t], &numbers[t]);
  if (!kPlanted) commit_copies();
  wait_for_copies<0>();
  result[t] = s_values[t];  // BUG no_commit
}

template <bool kPlanted>
SIGMAHAT_KERNEL(64)
ends_while_copying(const double* numbers, double* result) {
  SIGMAHAT_SHARED(double, s_values, 64);
  const int t = thread_index();
  copy_async(&s_values[t], &numbers[t]);  // BUG ends_while_copying
  commit_copies();
  if (!kPlanted) wait_for_copies<0>();
  result[t] = t;
}

/// The next tile is copied over the one that other threads still read.
template <bool kPlanted>
SIGMAHAT_KERNEL(64)
copy_over_readers(const double* numbers, double* result) {
  SIGMAHAT_SHARED(double, s_tile, 64);
  const int t = thread_index();
  double sum = 0;
  for (int tile = 0; tile < 2; ++tile) {
    copy_async(&s_tile[t], &numbers[64 * tile + t]);  // BUG copy_over_readers
    commit_copies();
    wait_for_copies<0>();
    block_barrier();
    sum += s_tile[63 - t];  // BUG copy_over_readers
    if (!kPlanted) block_barrier();
  }
  result[63 - t] = sum;
}

template <bool kPlanted>
SIGMAHAT_KERNEL(32)
misaligned_copy(const double* numbers, double* result) {
  struct alignas(16) Pair {
    double x, y;
  };
  SIGMAHAT_SHARED(Pair, s_pairs, 32);
  const int t = thread_index();
  const double* const from = numbers + 2 * t + (kPlanted ? 1 : 0);
  copy_async(&s_pairs[t], reinterpret_cast<const Pair*>(from));  // BUG misaligned_copy
  commit_copies();
  wait_for_copies<0>();
  result[t] = s_pairs[t].x;
}

template <bool kPlanted>
SIGMAHAT_KERNEL(32)
copy_from_local(const double* numbers, double* result) {
  SIGMAHAT_SHARED(double, s_values, 32);
  const int t = thread_index();
  const double local = numbers[t];
  copy_async(&s_values[t], kPlanted ? &local : &numbers[t]);  // BUG copy_from_local
  commit_copies();
  wait_for_copies<0>();
  result[t] = s_values[t];
}

template <bool kPlanted>
SIGMAHAT_KERNEL(32)
copy_beyond_the_end(const double* numbers, double* result) {
  SIGMAHAT_SHARED(double, s_values, 32);
  const int t = thread_index();
  const Index first = PlantedMemory::kNumbers - 32 + (kPlanted ? 1 : 0);
  copy_async(&s_values[t], &numbers[first + t]);  // BUG copy_beyond_the_end
  commit_copies();
  wait_for_copies<0>();
  result[t] = s_values[t];
}

template <bool kPlanted>
SIGMAHAT_KERNEL(32)
written_while_copying(const double* numbers, double* result) {
  SIGMAHAT_SHARED(double, s_values, 32);
  const int t = thread_index();
  copy_async(&s_values[t], &numbers[t]);  // BUG written_while_copying
  commit_copies();
  if (kPlanted) s_values[t] = 0;
  wait_for_copies<0>();
  result[t] = s_values[t];
}

template <bool kPlanted>
SIGMAHAT_KERNEL(32)
source_changed(double* result) {
  SIGMAHAT_SHARED(double, s_values, 32);
  const int t = thread_index();
  result[t] = t;
  block_barrier();
  copy_async(&s_values[t], const_cast<const double*>(&result[t]));  // BUG source_changed
  commit_copies();
  block_barrier();
  if (kPlanted) result[31 - t] = -1;
  block_barrier();
  wait_for_copies<0>();
  result[t] = s_values[t];
}

template <void (*kPlantedKernel)(const double*, double*), void (*kTwin)(const double*, double*), int kThreads = 64>
LaunchStatus launch_numbers(DeviceStream stream, const PlantedMemory& m, bool planted) {
  return launch(planted ? kPlantedKernel : kTwin, {1}, kThreads, 0, stream, m.numbers, m.result);
}

}  // namespace

std::vector<Planted> planted_copies() {
  using enum Evidence;
  constexpr const char* kWait = "a copy that was not waited for";
  return {
      {"no_wait", checker, kWait, {64, 0, 1}, launch_numbers<no_wait<true>, no_wait<false>>},
      {"wait_for_too_few", checker, kWait, {64, 0, 2}, launch_numbers<wait_for_too_few<true>, wait_for_too_few<false>>},
      {"no_barrier_after_wait",
       checker,
       "missing block_barrier()",
       {64, 0, 1},
       launch_numbers<no_barrier_after_wait<true>, no_barrier_after_wait<false>>},
      {"no_commit", checker, kWait, {64, 0, 1}, launch_numbers<no_commit<true>, no_commit<false>>},
      {"ends_while_copying",
       scheduler,
       "wait_for_copies",
       {64, 0, 1},
       launch_numbers<ends_while_copying<true>, ends_while_copying<false>>},
      {"copy_over_readers",
       checker,
       "missing block_barrier()",
       {64, 64, 2},
       launch_numbers<copy_over_readers<true>, copy_over_readers<false>>},
      {"misaligned_copy",
       checker,
       "no multiple",
       {32, 0, 2},
       launch_numbers<misaligned_copy<true>, misaligned_copy<false>, 32>},
      {"copy_from_local",
       scheduler,
       "from global to shared",
       {32, 0, 1},
       launch_numbers<copy_from_local<true>, copy_from_local<false>, 32>},
      {"copy_beyond_the_end",
       checker,
       "Look at the index",
       {32, 96, 1},
       launch_numbers<copy_beyond_the_end<true>, copy_beyond_the_end<false>, 32>},
      {"written_while_copying",
       checker,
       "wait_for_copies",
       {32, 0, 1},
       launch_numbers<written_while_copying<true>, written_while_copying<false>, 32>},
      {"source_changed",
       checker,
       "wait_for_copies",
       {32, 0, 1},
       [](DeviceStream stream, const PlantedMemory& m, bool planted) {
         return launch(planted ? source_changed<true> : source_changed<false>, {1}, 32, 0, stream, m.result);
       }},
  };
}

}  // namespace sigmahat::test
