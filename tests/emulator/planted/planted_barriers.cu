// Planted faults: barriers and warp operations that do not come together, and launches that no GPU takes.
#include "device/block.cuh"
#include "planted.hpp"

namespace sigmahat::test {
namespace {

using namespace device;

template <bool kPlanted>
SIGMAHAT_KERNEL(64)
divergent_barrier(double* result) {
  if (!kPlanted || thread_index() < 7) {
    block_barrier();  // BUG divergent_barrier
  } else {
    block_barrier();  // BUG divergent_barrier
  }
  result[thread_index()] = thread_index();
}

template <bool kPlanted>
SIGMAHAT_KERNEL(64)
early_return(double* result) {
  if (kPlanted && thread_index() == 5) return;
  block_barrier();  // BUG early_return
  result[thread_index()] = thread_index();
}

template <bool kPlanted>
SIGMAHAT_KERNEL(64)
own_trip_count(double* result) {
  const int first = kPlanted ? thread_index() : 0;
  double sum = 0;
  for (int k = first; k < 128; k += 64) sum += 1;
  for (int k = kPlanted ? thread_index() : 0; k < 100; k += 64) {
    block_barrier();  // BUG own_trip_count
  }
  result[thread_index()] = sum;
}

template <bool kPlanted>
SIGMAHAT_KERNEL(64)
team_barrier(double* result) {
  const BlockTeam team;
  if (kPlanted && thread_index() >= 32) return;
  team.barrier();  // BUG team_barrier
  result[thread_index()] = thread_index();
}

template <bool kPlanted>
SIGMAHAT_KERNEL(64)
sum_without_all(double* result) {
  SIGMAHAT_SHARED(double, s_scratch, kWarp);
  if (kPlanted && thread_index() >= 32) return;
  const double sum = block_sum(1, s_scratch);  // BUG sum_without_all
  result[thread_index()] = sum;
}

template <bool kPlanted>
SIGMAHAT_KERNEL(32)
shuffle_of_half_a_warp(double* result) {
  const unsigned mask = kPlanted ? kFullWarp : 0x0000ffffU;
  double value = thread_index();
  if (thread_index() < 16)
    value = shuffle(mask, value, 15U - static_cast<unsigned>(thread_index()));  // BUG shuffle_of_half_a_warp
  result[thread_index()] = thread_index() < 16 ? 15 - value : value;
}

template <bool kPlanted>
SIGMAHAT_KERNEL(16)
shuffle_beyond_the_block(double* result) {
  const unsigned mask = kPlanted ? kFullWarp : 0x0000ffffU;
  result[thread_index()] = shuffle(mask, 3.0, 0);  // BUG shuffle_beyond_the_block
}

template <bool kPlanted>
SIGMAHAT_KERNEL(32)
barrier_and_shuffle(double* result) {
  double value = 1;
  if (thread_index() < 16) {
    value = shuffle_xor(kPlanted ? kFullWarp : 0x0000ffffU, value, 1);  // BUG barrier_and_shuffle
  }
  block_barrier();  // BUG barrier_and_shuffle
  result[thread_index()] = value;
}

template <bool kPlanted>
SIGMAHAT_KERNEL(32)
partner_has_ended(double* result) {
  const int t = thread_index();
  result[t] = t;
  if (kPlanted && t == 9) return;
  warp_barrier(kFullWarp);  // BUG partner_has_ended
  result[t] += 1;
}

template <bool kPlanted>
SIGMAHAT_KERNEL(32)
two_shuffles(double* result) {
  const bool low = thread_index() < 16;
  double value = 1;
  if (low || !kPlanted) {
    value = shuffle_xor(kFullWarp, value, 1);  // BUG two_shuffles
  } else {
    value = shuffle_xor(kFullWarp, value, 1);  // BUG two_shuffles
  }
  result[thread_index()] = value;
}

template <bool kPlanted>
SIGMAHAT_KERNEL(32)
different_masks(double* result) {
  const unsigned mask = kPlanted && thread_index() == 3 ? 0x7fffffffU : kFullWarp;
  result[thread_index()] = ballot(mask, thread_index() == 0);  // BUG different_masks
}

template <bool kPlanted>
SIGMAHAT_KERNEL(32)
mask_without_itself(double* result) {
  const unsigned mask = thread_index() < 31 ? 0x7fffffffU : kPlanted ? 0x7fffffffU : 0x80000000U;
  result[thread_index()] = shuffle_xor(mask, 2.0, 0);  // BUG mask_without_itself
}

template <bool kPlanted>
SIGMAHAT_KERNEL(32)
matrix_unit_of_some(double* result) {
  double d[2] = {0, 0};
  if (!kPlanted || thread_index() != 9) {
    multiply_add_8x8x4(d, 1, 1, {1, 1});  // BUG matrix_unit_of_some
  }
  result[thread_index()] = d[0];
}

/// The value of a lane outside of the mask is undefined.
template <bool kPlanted>
SIGMAHAT_KERNEL(32)
value_from_outside(double* result) {
  double value = 1;
  if (thread_index() < 16) value = shuffle(0x0000ffffU, value, kPlanted ? 16 : 15);
  result[thread_index()] = value;
}

/// For launches of another shape.
SIGMAHAT_KERNEL(1024) fill_result(double* result) {
  if (block_x() == 0 && block_y() == 0 && thread_index() < 64) result[thread_index()] = thread_index();
}

template <bool kPlanted>
SIGMAHAT_KERNEL(32)
too_much_static(double* result) {
  SIGMAHAT_SHARED(double, s_values, kPlanted ? 49 * 128 : 48 * 128);  // BUG too_much_static
  s_values[thread_index()] = thread_index();
  result[thread_index()] = s_values[thread_index()];
}

/// 40 KB beside the launch's dynamic shared memory.
SIGMAHAT_KERNEL(32) too_much_together(double* result) {
  SIGMAHAT_SHARED(double, s_values, 40 * 128);  // BUG too_much_together
  s_values[thread_index()] = thread_index();
  result[thread_index()] = s_values[thread_index()];
}

template <void (*kPlantedKernel)(double*), void (*kTwin)(double*), int kThreads>
LaunchStatus launch_one(DeviceStream stream, const PlantedMemory& m, bool planted) {
  return launch(planted ? kPlantedKernel : kTwin, {1}, kThreads, 0, stream, m.result);
}

struct Shape {
  Grid grid;
  int threads = 64;
  Index bytes = 0;
};
/// fill_result, in a shape that is one too large in one place, or not.
template <Shape kPlanted, Shape kTwin>
LaunchStatus launch_shape(DeviceStream stream, const PlantedMemory& m, bool planted) {
  const Shape shape = planted ? kPlanted : kTwin;
  return launch(fill_result, shape.grid, shape.threads, shape.bytes, stream, m.result);
}

}  // namespace

std::vector<Planted> planted_barriers() {
  using enum Evidence;
  constexpr const char *kBarrier = "look at the returns, branches and loops", *kMask = "Give the mask of the lanes";
  constexpr Index kMostBytes = 99 * 1024;
  return {
      {"divergent_barrier",
       scheduler,
       kBarrier,
       {64, 0, 1},
       launch_one<divergent_barrier<true>, divergent_barrier<false>, 64>},
      {"early_return", scheduler, kBarrier, {64, 0, 1}, launch_one<early_return<true>, early_return<false>, 64>},
      {"own_trip_count", scheduler, kBarrier, {64, 2, 0}, launch_one<own_trip_count<true>, own_trip_count<false>, 64>},
      {"team_barrier", scheduler, kBarrier, {64, 0, 1}, launch_one<team_barrier<true>, team_barrier<false>, 64>},
      {"sum_without_all",
       scheduler,
       kBarrier,
       {64, 64, 0},
       launch_one<sum_without_all<true>, sum_without_all<false>, 64>},
      {"shuffle_of_half_a_warp",
       scheduler,
       kMask,
       {32, 0, 1},
       launch_one<shuffle_of_half_a_warp<true>, shuffle_of_half_a_warp<false>, 32>},
      {"shuffle_beyond_the_block",
       scheduler,
       kMask,
       {16, 3, 0},
       launch_one<shuffle_beyond_the_block<true>, shuffle_beyond_the_block<false>, 16>},
      {"barrier_and_shuffle",
       scheduler,
       kMask,
       {32, 1, 0},
       launch_one<barrier_and_shuffle<true>, barrier_and_shuffle<false>, 32>},
      {"partner_has_ended",
       scheduler,
       "lane 9 of its mask has ended",
       {32, 1, 1},
       launch_one<partner_has_ended<true>, partner_has_ended<false>, 32>},
      {"two_shuffles", scheduler, kMask, {32, 1, 0}, launch_one<two_shuffles<true>, two_shuffles<false>, 32>},
      {"different_masks", scheduler, kMask, {32, 1, 0}, launch_one<different_masks<true>, different_masks<false>, 32>},
      {"mask_without_itself",
       scheduler,
       kMask,
       {32, 2, 0},
       launch_one<mask_without_itself<true>, mask_without_itself<false>, 32>},
      {"matrix_unit_of_some",
       scheduler,
       kMask,
       {32, 5, 0},
       launch_one<matrix_unit_of_some<true>, matrix_unit_of_some<false>, 32>},
      {"value_from_outside",
       poison,
       "",
       {32, 1, 0},
       launch_one<value_from_outside<true>, value_from_outside<false>, 32>},
      {"too_much_static",
       scheduler,
       "48 KB",
       {32, 0, 1},
       launch_one<too_much_static<true>, too_much_static<false>, 32>},
      {"too_much_together",
       scheduler,
       "99 KB",
       {32, 0, 1},
       [](DeviceStream stream, const PlantedMemory& m, bool planted) {
         return launch(too_much_together, {1}, 32, (planted ? 60 : 59) * 1024, stream, m.result);
       }},
      {"too_many_threads", shape, "1 to 1024", {64, 0, 1}, launch_shape<Shape{{1}, 1025}, Shape{{1}, 1024}>},
      {"too_large_a_grid", shape, "65535", {64, 0, 1}, launch_shape<Shape{{1, 65536}, 64}, Shape{{1, 64}, 64}>},
      {"too_many_bytes",
       shape,
       "101376",
       {64, 0, 1},
       launch_shape<Shape{{1}, 64, kMostBytes + 1024}, Shape{{1}, 64, kMostBytes}>},
      {"default_stream",
       shape,
       "stream",
       {64, 0, 1},
       [](DeviceStream stream, const PlantedMemory& m, bool planted) {
         return launch(fill_result, {1}, 64, 0, planted ? nullptr : stream, m.result);
       }},
  };
}

}  // namespace sigmahat::test
