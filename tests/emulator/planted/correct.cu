// Kernels without a fault: for the tests of the stand-in runtime, and such that a careless checker would complain of.
#include "device/block.cuh"
#include "planted.hpp"

namespace sigmahat::test {
namespace {

using namespace device;

SIGMAHAT_KERNEL(32) doubling(Index count, double* numbers) {
  const Index i = block_x() * thread_count() + thread_index();
  if (i < count) numbers[i] *= 2;
}

SIGMAHAT_KERNEL(32) order_of_blocks(Index* ticket, double* turns) {
  if (thread_index() == 0) turns[atomic_add(ticket, Index{1})] = static_cast<double>(block_x());
}

/// An output position that comes from an atomic ticket: the result depends on the order of the threads.
SIGMAHAT_KERNEL(1024) order_of_threads(Index* ticket, double* turns) {
  turns[atomic_add(ticket, Index{1})] = thread_index();
}

/// Neighbouring bytes are written by different threads.
SIGMAHAT_KERNEL(64) bytes_of_many(double* result) {
  SIGMAHAT_SHARED(char, s_bytes, 64);
  const int t = thread_index();
  s_bytes[63 - t] = static_cast<char>(63 - t);
  result[63 - t] = s_bytes[63 - t];
}

/// Lane 0 meets lane 1, and lane 1 then lane 2: what lane 0 wrote before comes before what lane 2 reads after.
SIGMAHAT_KERNEL(64) chain_of_barriers(double* result) {
  SIGMAHAT_SHARED(double, s_value, 2);
  const int t = thread_index(), lane = t % kWarp;
  if (lane == 0) s_value[t / kWarp] = 1;
  if (lane < 2) warp_barrier(0x3);
  if (lane == 1 || lane == 2) warp_barrier(0x6);
  if (lane == 2) s_value[t / kWarp] += 1;
  block_barrier();
  result[t] = t + s_value[0] - s_value[1];
}

/// Shared and global memory get another meaning from phase to phase and from block to block.
SIGMAHAT_KERNEL(64) reused_memory(double* result) {
  SIGMAHAT_SHARED(double, s_scratch, kWarp);
  const int t = thread_index();
  double sum = 0;
  for (int k = 0; k < 3; ++k) sum += block_sum(1, s_scratch);
  if (block_x() == 0) result[63 - t] = sum;
  block_barrier();
  if (block_x() == 0) result[t] = t + result[t] - 192;
}

/// All threads read what one has written, and one writes it again after the barrier.
SIGMAHAT_KERNEL(64) read_by_all(double* result) {
  SIGMAHAT_SHARED(double, s_value, 1);
  const int t = thread_index();
  for (int k = 0; k < 4; ++k) {
    if (t == 17 * k % 64) s_value[0] = k;
    block_barrier();
    result[t] = s_value[0] - 3 + t;
    block_barrier();
  }
}

/// Atomic operations of all threads on one place, and their result after the barrier.
SIGMAHAT_KERNEL(64) atomics_of_all(double* result) {
  SIGMAHAT_SHARED(int, s_count, 2);
  const int t = thread_index();
  if (t < 2) s_count[t] = 0;
  block_barrier();
  (void)atomic_add(&s_count[0], 1);
  (void)atomic_max(&s_count[1], t);
  block_barrier();
  result[t] = t + s_count[0] - 1 - s_count[1];
}

/// Copies in two stages, the next tile on its way while the present one is used.
SIGMAHAT_KERNEL(64) two_stages(const double* numbers, double* result) {
  SIGMAHAT_SHARED_ROWS(double, s_tiles, 2, 64);
  const int t = thread_index();
  copy_async(&s_tiles[0][t], &numbers[t]);
  commit_copies();
  double last = 0;
  for (int tile = 0; tile < 4; ++tile) {
    if (tile + 1 < 4) copy_async(&s_tiles[(tile + 1) % 2][t], &numbers[t]);
    commit_copies();
    wait_for_copies<1>();
    block_barrier();
    last = s_tiles[tile % 2][63 - t];
    block_barrier();
  }
  result[63 - t] = last;
}

// The last to finish reads what all have written. parts[k] ← k, and result[k] ← parts[k] by another thread.

/// A warp's lanes write, and lane 0 fences for them; it takes the ticket, and the lanes read.
SIGMAHAT_KERNEL(32) ticket_of_a_warp(Index* counts, double* parts, double* result) {
  SIGMAHAT_SHARED(bool, s_last, 1);
  const int t = thread_index();
  const Index mine = block_x() * kWarp + t;
  parts[mine] = static_cast<double>(mine);
  warp_barrier(kFullWarp);
  if (t == 0) {
    device_fence();
    s_last[0] = atomic_add(&counts[0], Index{1}) == grid_x() - 1;
  }
  warp_barrier(kFullWarp);
  if (!s_last[0]) return;
  for (Index k = 63 - t; k >= 0; k -= kWarp) result[k] = parts[k];
}

/// The last block makes the ticket ready for the next launch, by a plain write.
SIGMAHAT_KERNEL(32) ticket_for_two_launches(Index* counts, double* parts, double* result) {
  SIGMAHAT_SHARED(bool, s_last, 1);
  const int t = thread_index();
  const Index mine = block_x() * kWarp + t;
  parts[mine] = static_cast<double>(mine);
  block_barrier();
  if (t == 0) {
    device_fence();
    s_last[0] = atomic_add(&counts[0], Index{1}) == grid_x() - 1;
    if (s_last[0]) counts[0] = 0;
  }
  block_barrier();
  if (!s_last[0]) return;
  for (Index k = 63 - t; k >= 0; k -= kWarp) result[k] = parts[k];
}

/// The last block of each pair takes a second ticket; the last of those has seen what all four have written.
SIGMAHAT_KERNEL(16) ticket_of_tickets(Index* counts, double* parts, double* result) {
  SIGMAHAT_SHARED(bool, s_last, 1);
  const int t = thread_index();
  const Index mine = block_x() * 16 + t;
  parts[mine] = static_cast<double>(mine);
  block_barrier();
  if (t == 0) {
    device_fence();
    bool last = atomic_add(&counts[1 + block_x() / 2], Index{1}) == 1;
    if (last) {
      device_fence();
      last = atomic_add(&counts[0], Index{1}) == 1;
    }
    s_last[0] = last;
  }
  block_barrier();
  if (!s_last[0]) return;
  for (Index k = 63 - t; k >= 0; k -= 16) result[k] = parts[k];
}

/// As above, but it is thread kSecond that takes the second ticket: after a barrier with thread 0, and its own fence.
template <int kSecond>
SIGMAHAT_KERNEL(64)
ticket_handed_on(Index* counts, double* parts, double* result) {
  SIGMAHAT_SHARED(bool, s_last, 2);
  const int t = thread_index();
  const auto meet = [] { kSecond < kWarp ? warp_barrier(kFullWarp) : block_barrier(); };
  const Index mine = block_x() * 16 + t;
  if (t < 16) parts[mine] = static_cast<double>(mine);
  meet();
  if (t == 0) {
    device_fence();
    s_last[0] = atomic_add(&counts[1 + block_x() / 2], Index{1}) == 1;
  }
  meet();
  if (!s_last[0]) return;
  if (t == kSecond) {
    device_fence();
    s_last[1] = atomic_add(&counts[0], Index{1}) == 1;
  }
  meet();
  if (!s_last[1]) return;
  for (Index k = 63 - t; k >= 0; k -= thread_count()) result[k] = parts[k];
}

/// Fences and tickets between the warps of one block.
SIGMAHAT_KERNEL(64) ticket_within_a_block(Index* counts, double* parts, double* result) {
  const int t = thread_index();
  parts[t] = t;
  warp_barrier(kFullWarp);
  int last = 0;
  if (t % kWarp == 0) {
    device_fence();
    last = atomic_add(&counts[0], Index{1}) == 1 ? 1 : 0;
  }
  last = shuffle(kFullWarp, last, 0);
  warp_barrier(kFullWarp);
  if (last == 0) return;
  for (int k = 31 - t % kWarp; k < 64; k += kWarp) result[k] = parts[k];
}

/// Nothing is ever written to the padding of a structure, and copying it is no fault.
SIGMAHAT_KERNEL(16) copied_padding(double* result) {
  struct Padded {
    int i;
    double d;
  };
  const int t = thread_index();
  Padded* const from = reinterpret_cast<Padded*>(result + 64);
  Padded* const to = from + 16;
  from[t].i = t;
  from[t].d = 0.25;
  block_barrier();
  to[t] = from[15 - t];
  block_barrier();
  for (int k = 0; k < 4; ++k) result[4 * t + k] = 4 * (to[15 - t].i + k * to[15 - t].d);
}

SIGMAHAT_KERNEL(128) program(int steps, const int* actions, const int* barriers, int* sink) {
  SIGMAHAT_SHARED(int, s_words, kProgramWords);
  const int t = thread_index();
  if (t < kProgramWords) s_words[t] = 0;
  block_barrier();
  int sum = 0;
  for (int s = 0; s < steps; ++s) {
    const int action = actions[s * thread_count() + t];
    if (action >= 0) {
      int* const word = s_words + action / 3;
      if (action % 3 == read_word) sum += *word;
      if (action % 3 == write_word) *word = t;
      if (action % 3 == add_to_word) sum += atomic_add(word, 1);
    }
    if (barriers[s] == of_warp) warp_barrier(kFullWarp);
    if (barriers[s] == of_block) block_barrier();
    if (barriers[s] > of_block && (barriers[s] >> t % kWarp & 1) != 0) {
      warp_barrier(static_cast<unsigned>(barriers[s]));
    }
  }
  sink[t] = sum;
}

template <void (*kKernel)(double*), Index kBlocks = 1>
LaunchStatus launch_innocent(DeviceStream stream, const PlantedMemory& m, bool) {
  return launch(kKernel, {kBlocks}, 64, 0, stream, m.result);
}

template <void (*kKernel)(Index*, double*, double*), Index kBlocks, int kThreads, int kLaunches = 1>
LaunchStatus launch_tickets(DeviceStream stream, const PlantedMemory& m, bool) {
  LaunchStatus status;
  for (int k = 0; k < kLaunches && status.ok(); ++k) {
    status = launch(kKernel, {kBlocks}, kThreads, 0, stream, m.counts, m.result + 64, m.result);
  }
  return status;
}

}  // namespace

LaunchStatus launch_doubling(DeviceStream stream, Index count, double* numbers) {
  return launch(doubling, {(count + 31) / 32}, 32, 0, stream, count, numbers);
}
LaunchStatus launch_order_of_blocks(DeviceStream stream, Index blocks, Index* ticket, double* turns) {
  return launch(order_of_blocks, {blocks}, 32, 0, stream, ticket, turns);
}
LaunchStatus launch_order_of_threads(DeviceStream stream, int threads, Index* ticket, double* turns) {
  return launch(order_of_threads, {1}, threads, 0, stream, ticket, turns);
}
LaunchStatus launch_program(DeviceStream stream, int threads, int steps, const int* actions, const int* barriers,
                            int* sink) {
  return launch(program, {1}, threads, 0, stream, steps, actions, barriers, sink);
}

std::vector<Planted> innocent() {
  using enum Evidence;
  constexpr Progression kExpected{64, 0, 1};
  return {
      {"bytes_of_many", checker, "", kExpected, launch_innocent<bytes_of_many>},
      {"chain_of_barriers", checker, "", kExpected, launch_innocent<chain_of_barriers>},
      {"reused_memory", checker, "", kExpected, launch_innocent<reused_memory, 3>},
      {"read_by_all", checker, "", kExpected, launch_innocent<read_by_all>},
      {"atomics_of_all", checker, "", kExpected, launch_innocent<atomics_of_all>},
      {"two_stages", checker, "", kExpected,
       [](DeviceStream stream, const PlantedMemory& m, bool) {
         return launch(two_stages, {1}, 64, 0, stream, m.numbers, m.result);
       }},
      {"ticket_of_a_warp", checker, "", kExpected, launch_tickets<ticket_of_a_warp, 2, 32>},
      {"ticket_for_two_launches", checker, "", kExpected, launch_tickets<ticket_for_two_launches, 2, 32, 2>},
      {"ticket_of_tickets", checker, "", kExpected, launch_tickets<ticket_of_tickets, 4, 16>},
      {"ticket_handed_to_a_lane", checker, "", kExpected, launch_tickets<ticket_handed_on<1>, 4, 32>},
      {"ticket_handed_to_a_warp", checker, "", kExpected, launch_tickets<ticket_handed_on<32>, 4, 64>},
      {"ticket_within_a_block", checker, "", kExpected, launch_tickets<ticket_within_a_block, 1, 64>},
      {"copied_padding", checker, "", kExpected,
       [](DeviceStream stream, const PlantedMemory& m, bool) {
         return launch(copied_padding, {1}, 16, 0, stream, m.result);
       }},
  };
}

}  // namespace sigmahat::test
