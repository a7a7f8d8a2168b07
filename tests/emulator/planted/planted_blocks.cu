// Planted faults: what blocks of one launch do to each other.
#include "planted.hpp"

namespace sigmahat::test {
namespace {

using namespace device;

template <bool kPlanted>
SIGMAHAT_KERNEL(32)
blocks_add_to_one(Index* counts, double* result) {
  if (block_x() == 0) result[thread_index()] = thread_index();
  if (thread_index() != 0) return;
  if (kPlanted) {
    counts[0] += 1;  // BUG blocks_add_to_one
  } else {
    (void)atomic_add(&counts[0], Index{1});
  }
}

template <bool kPlanted>
SIGMAHAT_KERNEL(32)
one_for_the_next(Index* counts, double* result) {
  const Index b = block_x();
  if (thread_index() != 0) return;
  if (b == 0) counts[0] = 5;                     // BUG one_for_the_next
  const Index other = counts[kPlanted ? 0 : 1];  // BUG one_for_the_next
  result[b] = static_cast<double>(b + other);
}

// The last block to finish adds up what all have written.

template <bool kPlanted>
SIGMAHAT_KERNEL(32)
no_fence(Index* counts, double* parts, double* result) {
  SIGMAHAT_SHARED(bool, s_last, 1);
  const int t = thread_index();
  parts[32 * block_x() + t] = t;  // BUG no_fence
  block_barrier();
  if (t == 0) {
    if (!kPlanted) device_fence();
    s_last[0] = atomic_add(&counts[0], Index{1}) == grid_x() - 1;
  }
  block_barrier();
  if (!s_last[0]) return;
  double sum = 0;
  for (Index b = 0; b < grid_x(); ++b) sum += parts[32 * b + t];  // BUG no_fence
  result[t] = sum;
}

/// The fence of thread 0 does not stand for the other threads without a barrier before it.
template <bool kPlanted>
SIGMAHAT_KERNEL(32)
fence_without_barrier(Index* counts, double* parts, double* result) {
  SIGMAHAT_SHARED(bool, s_last, 1);
  const int t = thread_index();
  parts[32 * block_x() + t] = t;  // BUG fence_without_barrier
  if (!kPlanted) block_barrier();
  if (t == 0) {
    device_fence();
    s_last[0] = atomic_add(&counts[0], Index{1}) == grid_x() - 1;
  }
  block_barrier();
  if (!s_last[0]) return;
  double sum = 0;
  for (Index b = 0; b < grid_x(); ++b) sum += parts[32 * b + t];  // BUG fence_without_barrier
  result[t] = sum;
}

template <bool kPlanted>
SIGMAHAT_KERNEL(1)
fence_too_early(Index* counts, double* parts, double* result) {
  if (kPlanted) device_fence();
  parts[block_x()] = 1;  // BUG fence_too_early
  if (!kPlanted) device_fence();
  if (atomic_add(&counts[0], Index{1}) != grid_x() - 1) return;
  double sum = 0;
  for (Index b = 0; b < grid_x(); ++b) sum += parts[b];  // BUG fence_too_early
  result[0] = sum;
}

/// Adds by all blocks, and a plain read that no fence orders.
template <bool kPlanted>
SIGMAHAT_KERNEL(32)
plain_read_of_a_sum(Index* counts, double* result) {
  SIGMAHAT_SHARED(bool, s_last, 1);
  if (thread_index() == 0) {
    (void)atomic_add(&counts[1], Index{2});  // BUG plain_read_of_a_sum
    if (!kPlanted) device_fence();
    s_last[0] = atomic_add(&counts[0], Index{1}) == grid_x() - 1;
  }
  block_barrier();
  if (s_last[0] && thread_index() == 0) result[0] = static_cast<double>(counts[1]);  // BUG plain_read_of_a_sum
}

/// The last block of each pair passes on what it has seen of the other one only by a fence after having seen it.
template <bool kPlanted>
SIGMAHAT_KERNEL(1)
no_second_fence(Index* counts, double* parts, double* result) {
  parts[block_x()] = 1;  // BUG no_second_fence
  device_fence();
  if (atomic_add(&counts[1 + block_x() / 2], Index{1}) != 1) return;
  if (!kPlanted) device_fence();
  if (atomic_add(&counts[0], Index{1}) != 1) return;
  double sum = 0;
  for (Index b = 0; b < grid_x(); ++b) sum += parts[b];  // BUG no_second_fence
  result[0] = sum;
}

/// Lane 0 sees what the other blocks have released; lane 1 does so after a barrier alone. It learns from a count of its
/// own, which nothing has been released with, that it is the last.
template <bool kPlanted>
SIGMAHAT_KERNEL(32)
seen_by_another_lane(Index* counts, double* parts, double* result) {
  const int t = thread_index();
  if (t == 0) {
    parts[block_x()] = 1;  // BUG seen_by_another_lane
    device_fence();
    (void)atomic_add(&counts[0], Index{1});
  }
  if (!kPlanted) warp_barrier(kFullWarp);
  if (t != 1 || atomic_add(&counts[1], Index{1}) != grid_x() - 1) return;
  double sum = 0;
  for (Index b = 0; b < grid_x(); ++b) {
    if (b != block_x()) sum += parts[b];  // BUG seen_by_another_lane
  }
  result[0] = sum;
}

/// The same between two warps.
template <bool kPlanted>
SIGMAHAT_KERNEL(64)
seen_by_another_thread(Index* counts, double* parts, double* result) {
  const int t = thread_index();
  if (t == 0) {
    parts[block_x()] = 1;  // BUG seen_by_another_thread
    device_fence();
    (void)atomic_add(&counts[0], Index{1});
  }
  if (!kPlanted) block_barrier();
  if (t != 32 || atomic_add(&counts[1], Index{1}) != grid_x() - 1) return;
  double sum = 0;
  for (Index b = 0; b < grid_x(); ++b) {
    if (b != block_x()) sum += parts[b];  // BUG seen_by_another_thread
  }
  result[0] = sum;
}

/// The block that has its turn first writes, the second one releases, the third one reads: the second has not seen what
/// the first wrote, and cannot pass it on.
template <bool kPlanted>
SIGMAHAT_KERNEL(1)
released_by_another_block(Index* counts, double* parts, double* result) {
  const Index turn = atomic_add(&counts[1], Index{1});
  if (turn == 0) parts[0] = 7;  // BUG released_by_another_block
  if (turn == 1 || !kPlanted) device_fence();
  if (turn != 0 || !kPlanted) (void)atomic_add(&counts[0], Index{1});
  if (turn == 2) result[0] = parts[0];  // BUG released_by_another_block
}

/// Two warps of one block: the second to take the ticket reads what the first wrote.
template <bool kPlanted>
SIGMAHAT_KERNEL(64)
no_fence_within_a_block(Index* counts, double* parts, double* result) {
  const int t = thread_index();
  if (t % kWarp != 0) return;
  parts[t / kWarp] = 3;  // BUG no_fence_within_a_block
  if (!kPlanted) device_fence();
  if (atomic_add(&counts[0], Index{1}) == 1) result[0] = parts[1 - t / kWarp];  // BUG no_fence_within_a_block
}

template <void (*kPlantedKernel)(Index*, double*, double*), void (*kTwin)(Index*, double*, double*), int kThreads>
LaunchStatus launch_parts(DeviceStream stream, const PlantedMemory& m, bool planted) {
  return launch(planted ? kPlantedKernel : kTwin, {3}, kThreads, 0, stream, m.counts, m.result + 32, m.result);
}

}  // namespace

std::vector<Planted> planted_blocks() {
  using enum Evidence;
  constexpr const char *kBlocks = "Blocks of a launch are not ordered", *kFence = "device_fence()";
  return {
      {"blocks_add_to_one",
       checker,
       kBlocks,
       {32, 0, 1},
       [](DeviceStream stream, const PlantedMemory& m, bool planted) {
         return launch(planted ? blocks_add_to_one<true> : blocks_add_to_one<false>, {3}, 32, 0, stream, m.counts,
                       m.result);
       }},
      {"one_for_the_next",
       checker,
       kBlocks,
       {3, 0, 1},
       [](DeviceStream stream, const PlantedMemory& m, bool planted) {
         return launch(planted ? one_for_the_next<true> : one_for_the_next<false>, {3}, 32, 0, stream, m.counts,
                       m.result);
       }},
      {"no_fence", checker, kFence, {32, 0, 3}, launch_parts<no_fence<true>, no_fence<false>, 32>},
      {"fence_without_barrier",
       checker,
       kFence,
       {32, 0, 3},
       launch_parts<fence_without_barrier<true>, fence_without_barrier<false>, 32>},
      {"fence_too_early", checker, kFence, {1, 3, 0}, launch_parts<fence_too_early<true>, fence_too_early<false>, 1>},
      {"no_fence_within_a_block",
       checker,
       "missing block_barrier()",
       {1, 3, 0},
       [](DeviceStream stream, const PlantedMemory& m, bool planted) {
         return launch(planted ? no_fence_within_a_block<true> : no_fence_within_a_block<false>, {1}, 64, 0, stream,
                       m.counts, m.result + 32, m.result);
       }},
      {"no_second_fence",
       checker,
       kFence,
       {1, 4, 0},
       [](DeviceStream stream, const PlantedMemory& m, bool planted) {
         return launch(planted ? no_second_fence<true> : no_second_fence<false>, {4}, 1, 0, stream, m.counts,
                       m.result + 32, m.result);
       }},
      {"seen_by_another_lane",
       checker,
       kFence,
       {1, 2, 0},
       launch_parts<seen_by_another_lane<true>, seen_by_another_lane<false>, 32>},
      {"seen_by_another_thread",
       checker,
       kFence,
       {1, 2, 0},
       launch_parts<seen_by_another_thread<true>, seen_by_another_thread<false>, 64>},
      {"released_by_another_block",
       checker,
       kFence,
       {1, 7, 0},
       launch_parts<released_by_another_block<true>, released_by_another_block<false>, 1>},
      {"plain_read_of_a_sum",
       checker,
       kFence,
       {1, 6, 0},
       [](DeviceStream stream, const PlantedMemory& m, bool planted) {
         return launch(planted ? plain_read_of_a_sum<true> : plain_read_of_a_sum<false>, {3}, 32, 0, stream, m.counts,
                       m.result);
       }},
  };
}

}  // namespace sigmahat::test
