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
  }
  sink[t] = sum;
}

template <void (*kKernel)(double*), Index kBlocks = 1>
LaunchStatus launch_innocent(DeviceStream stream, const PlantedMemory& m, bool) {
  return launch(kKernel, {kBlocks}, 64, 0, stream, m.result);
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
  };
}

}  // namespace sigmahat::test
