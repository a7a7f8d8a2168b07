// Planted faults: accesses of one block's threads that nothing orders.
#include "planted.hpp"

namespace sigmahat::test {
namespace {

using namespace device;

template <bool kPlanted>
SIGMAHAT_KERNEL(64)
read_after_write(double* result) {
  SIGMAHAT_SHARED(double, s_values, 64);
  const int t = thread_index();
  s_values[t] = -1;
  block_barrier();
  s_values[t] = t;  // BUG read_after_write
  if (!kPlanted) block_barrier();
  result[63 - t] = s_values[63 - t];  // BUG read_after_write
}

/// As above, where the memory is read for the first time.
template <bool kPlanted>
SIGMAHAT_KERNEL(64)
read_before_write(double* result) {
  SIGMAHAT_SHARED(double, s_values, 64);
  const int t = thread_index();
  s_values[t] = t;
  if (!kPlanted) block_barrier();
  result[63 - t] = s_values[63 - t];  // BUG read_before_write
}

template <bool kPlanted>
SIGMAHAT_KERNEL(64)
write_after_read(double* result) {
  SIGMAHAT_SHARED(double, s_values, 64);
  const int t = thread_index();
  s_values[t] = t;
  block_barrier();
  const double other = s_values[63 - t];  // BUG write_after_read
  if (!kPlanted) block_barrier();
  s_values[t] = -1;  // BUG write_after_read
  result[63 - t] = other;
}

/// Three readers: more than the checker has room for.
template <bool kPlanted>
SIGMAHAT_KERNEL(128)
write_after_many_reads(double* result) {
  SIGMAHAT_SHARED(double, s_value, 1);
  const int t = thread_index();
  if (t == 0) s_value[0] = 1;
  block_barrier();
  result[t] = s_value[0] * t;  // BUG write_after_many_reads
  if (!kPlanted) block_barrier();
  if (t == 70) s_value[0] = 2;  // BUG write_after_many_reads
}

template <bool kPlanted>
SIGMAHAT_KERNEL(64)
no_warp_barrier(double* result) {
  SIGMAHAT_SHARED(double, s_values, 64);
  const int t = thread_index();
  s_values[t] = -1;
  warp_barrier(kFullWarp);
  s_values[t] = t;  // BUG no_warp_barrier
  if (!kPlanted) warp_barrier(kFullWarp);
  result[t ^ 1] = s_values[t ^ 1];  // BUG no_warp_barrier
}

template <bool kPlanted>
SIGMAHAT_KERNEL(64)
shuffle_for_a_barrier(double* result) {
  SIGMAHAT_SHARED(double, s_values, 64);
  const int t = thread_index();
  s_values[t] = -1;
  warp_barrier(kFullWarp);
  s_values[t] = t;  // BUG shuffle_for_a_barrier
  (void)shuffle_xor(kFullWarp, 1.0, 1);
  if (!kPlanted) warp_barrier(kFullWarp);
  result[t ^ 1] = s_values[t ^ 1];  // BUG shuffle_for_a_barrier
}

template <bool kPlanted>
SIGMAHAT_KERNEL(64)
warp_barrier_between_warps(double* result) {
  SIGMAHAT_SHARED(double, s_values, 64);
  const int t = thread_index();
  s_values[t] = -1;
  block_barrier();
  s_values[t] = t;  // BUG warp_barrier_between_warps
  kPlanted ? warp_barrier(kFullWarp) : block_barrier();
  result[t ^ 32] = s_values[t ^ 32];  // BUG warp_barrier_between_warps
}

template <bool kPlanted>
SIGMAHAT_KERNEL(32)
barrier_of_half_warps(double* result) {
  SIGMAHAT_SHARED(double, s_values, 32);
  const int t = thread_index();
  s_values[t] = -1;
  warp_barrier(kFullWarp);
  s_values[t] = t;  // BUG barrier_of_half_warps
  const unsigned half = t < 16 ? 0x0000ffffU : 0xffff0000U;
  warp_barrier(kPlanted ? half : kFullWarp);
  result[t ^ 16] = s_values[t ^ 16];  // BUG barrier_of_half_warps
}

template <bool kPlanted>
SIGMAHAT_KERNEL(64)
plain_sum(Index* counts, double* result) {
  if (kPlanted) {
    counts[0] += 1;  // BUG plain_sum
  } else {
    (void)atomic_add(&counts[0], Index{1});
  }
  block_barrier();
  if (thread_index() == 0) result[0] = static_cast<double>(counts[0]);
}

template <bool kPlanted>
SIGMAHAT_KERNEL(64)
plain_shared_sum(double* result) {
  SIGMAHAT_SHARED(int, s_count, 1);
  if (thread_index() == 0) s_count[0] = 0;
  block_barrier();
  if (kPlanted) {
    s_count[0] += 1;  // BUG plain_shared_sum
  } else {
    (void)atomic_add(s_count, 1);
  }
  block_barrier();
  if (thread_index() == 0) result[0] = s_count[0];
}

template <bool kPlanted>
SIGMAHAT_KERNEL(64)
different_values(double* result) {
  if (kPlanted || thread_index() == 7) result[0] = thread_index();  // BUG different_values
}

template <bool kPlanted>
SIGMAHAT_KERNEL(64)
equal_values(double* result) {
  if (kPlanted || thread_index() == 0) result[0] = 1;  // BUG equal_values
}

template <bool kPlanted>
SIGMAHAT_KERNEL(64)
atomic_and_plain(Index* counts, double* result) {
  (void)atomic_add(&counts[0], Index{1});  // BUG atomic_and_plain
  if (!kPlanted) block_barrier();
  if (thread_index() == 63) result[0] = static_cast<double>(counts[0]);  // BUG atomic_and_plain
}

/// The plain read comes before the thread's own atomic operation.
template <bool kPlanted>
SIGMAHAT_KERNEL(64)
plain_and_atomic(Index* counts, double* result) {
  if (thread_index() == 0) result[0] = static_cast<double>(counts[0]);  // BUG plain_and_atomic
  if (!kPlanted) block_barrier();
  (void)atomic_add(&counts[0], Index{1});  // BUG plain_and_atomic
}

/// The plain write comes before the thread's own atomic operation.
template <bool kPlanted>
SIGMAHAT_KERNEL(64)
cleared_late(double* result) {
  SIGMAHAT_SHARED(int, s_count, 1);
  const int t = thread_index();
  if (t == 0) s_count[0] = 7;
  block_barrier();
  if (t == 0) s_count[0] = 0;  // BUG cleared_late
  if (!kPlanted) block_barrier();
  (void)atomic_add(s_count, 1);  // BUG cleared_late
  block_barrier();
  if (t == 0) result[0] = s_count[0];
}

/// Bytes of one word, by two threads; the later write must not hide the earlier one.
template <bool kPlanted>
SIGMAHAT_KERNEL(64)
bytes_of_a_word(double* result) {
  SIGMAHAT_SHARED(char, s_bytes, 4);
  const int t = thread_index();
  if (t < 4) s_bytes[t] = 0;
  block_barrier();
  if (t < 2) s_bytes[t] = 1;  // BUG bytes_of_a_word
  if (!kPlanted) block_barrier();
  if (t == 2) result[0] = s_bytes[0] + s_bytes[2];  // BUG bytes_of_a_word
}

template <void (*kPlantedKernel)(double*), void (*kTwin)(double*), int kThreads = 64>
LaunchStatus launch_one(DeviceStream stream, const PlantedMemory& m, bool planted) {
  return launch(planted ? kPlantedKernel : kTwin, {1}, kThreads, 0, stream, m.result);
}
template <void (*kPlantedKernel)(Index*, double*), void (*kTwin)(Index*, double*)>
LaunchStatus launch_counts(DeviceStream stream, const PlantedMemory& m, bool planted) {
  return launch(planted ? kPlantedKernel : kTwin, {1}, 64, 0, stream, m.counts, m.result);
}

}  // namespace

std::vector<Planted> planted_races() {
  using enum Evidence;
  constexpr const char *kBlock = "missing block_barrier()", *kWarpHint = "or warp_barrier()";
  return {
      {"read_after_write", checker, kBlock, {64, 0, 1}, launch_one<read_after_write<true>, read_after_write<false>>},
      {"read_before_write",
       checker,
       "missing barrier",
       {64, 0, 1},
       launch_one<read_before_write<true>, read_before_write<false>>},
      {"write_after_read", checker, kBlock, {64, 0, 1}, launch_one<write_after_read<true>, write_after_read<false>>},
      {"write_after_many_reads",
       checker,
       kBlock,
       {128, 0, 1},
       launch_one<write_after_many_reads<true>, write_after_many_reads<false>, 128>},
      {"no_warp_barrier", checker, kWarpHint, {64, 0, 1}, launch_one<no_warp_barrier<true>, no_warp_barrier<false>>},
      {"shuffle_for_a_barrier",
       checker,
       kWarpHint,
       {64, 0, 1},
       launch_one<shuffle_for_a_barrier<true>, shuffle_for_a_barrier<false>>},
      {"warp_barrier_between_warps",
       checker,
       kBlock,
       {64, 0, 1},
       launch_one<warp_barrier_between_warps<true>, warp_barrier_between_warps<false>>},
      {"barrier_of_half_warps",
       checker,
       kWarpHint,
       {32, 0, 1},
       launch_one<barrier_of_half_warps<true>, barrier_of_half_warps<false>, 32>},
      {"plain_sum", checker, "two threads share", {1, 64, 0}, launch_counts<plain_sum<true>, plain_sum<false>>},
      {"plain_shared_sum",
       checker,
       "two threads share",
       {1, 64, 0},
       launch_one<plain_shared_sum<true>, plain_shared_sum<false>>},
      {"different_values",
       checker,
       "two threads share",
       {1, 7, 0},
       launch_one<different_values<true>, different_values<false>>},
      {"equal_values", checker, "two threads share", {1, 1, 0}, launch_one<equal_values<true>, equal_values<false>>},
      {"atomic_and_plain", checker, kBlock, {1, 64, 0}, launch_counts<atomic_and_plain<true>, atomic_and_plain<false>>},
      {"cleared_late", checker, kBlock, {1, 64, 0}, launch_one<cleared_late<true>, cleared_late<false>>},
      {"bytes_of_a_word", checker, kBlock, {1, 1, 0}, launch_one<bytes_of_a_word<true>, bytes_of_a_word<false>>},
      {"plain_and_atomic", checker, kBlock, {1, 0, 0}, launch_counts<plain_and_atomic<true>, plain_and_atomic<false>>},
  };
}

}  // namespace sigmahat::test
