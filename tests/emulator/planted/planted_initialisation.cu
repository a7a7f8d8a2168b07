// Planted faults: reading what nothing has been written to.
#include "planted.hpp"

namespace sigmahat::test {
namespace {

using namespace device;

template <bool kPlanted>
SIGMAHAT_KERNEL(32)
unwritten_sum(const double* numbers, double* result) {
  SIGMAHAT_SHARED(double, s_sums, 32);
  if (!kPlanted) s_sums[thread_index()] = 0;
  for (int k = thread_index(); k < 64; k += 32) {
    s_sums[thread_index()] += numbers[k];  // BUG unwritten_sum
  }
  result[thread_index()] = s_sums[thread_index()];
}

template <bool kPlanted>
SIGMAHAT_KERNEL(32)
unwritten_flag(const double* numbers, double* result) {
  SIGMAHAT_SHARED(bool, s_bad, 1);
  if (!kPlanted && thread_index() == 0) s_bad[0] = false;
  block_barrier();
  if (thread_index() == 5 && numbers[5] < 0) s_bad[0] = true;
  block_barrier();
  result[thread_index()] = s_bad[0] ? -1 : thread_index();  // BUG unwritten_flag
}

template <bool kPlanted>
SIGMAHAT_KERNEL(32)
unwritten_global(double* result) {
  if (!kPlanted) result[thread_index()] = 0;
  result[thread_index()] += thread_index();  // BUG unwritten_global
}

template <bool kPlanted>
SIGMAHAT_KERNEL(32)
unwritten_dynamic(double* result) {
  SharedCarver carver;
  double* const s_values = carver.take<double>(32);
  if (!kPlanted || thread_index() != 31) s_values[thread_index()] = thread_index();
  block_barrier();
  result[31 - thread_index()] = s_values[31 - thread_index()];  // BUG unwritten_dynamic
}

template <bool kPlanted>
SIGMAHAT_KERNEL(32)
kept_from_another_block(double* result) {
  SIGMAHAT_SHARED(double, s_table, 32);
  if (!kPlanted || block_x() == 0) s_table[thread_index()] = thread_index();
  block_barrier();
  const double value = s_table[31 - thread_index()];  // BUG kept_from_another_block
  result[32 * block_x() + 31 - thread_index()] = value + 32 * static_cast<double>(block_x());
}

template <bool kPlanted>
SIGMAHAT_KERNEL(32)
half_written(double* result) {
  SIGMAHAT_SHARED(float, s_halves, 64);
  s_halves[2 * thread_index()] = 0;
  if (!kPlanted) s_halves[2 * thread_index() + 1] = 0;
  const Index both = *reinterpret_cast<const Index*>(s_halves + 2 * thread_index());  // BUG half_written
  result[thread_index()] = static_cast<double>(both);
}

template <void (*kPlantedKernel)(double*), void (*kTwin)(double*), Index kBlocks = 1, Index kDoubles = 0>
LaunchStatus launch_one(DeviceStream stream, const PlantedMemory& m, bool planted) {
  return launch(planted ? kPlantedKernel : kTwin, {kBlocks}, 32, shared_bytes<double>(kDoubles), stream, m.result);
}
template <void (*kPlantedKernel)(const double*, double*), void (*kTwin)(const double*, double*)>
LaunchStatus launch_numbers(DeviceStream stream, const PlantedMemory& m, bool planted) {
  return launch(planted ? kPlantedKernel : kTwin, {1}, 32, 0, stream, m.numbers, m.result);
}

}  // namespace

std::vector<Planted> planted_initialisation() {
  using enum Evidence;
  constexpr const char* kHint = "missing initialisation";
  return {
      {"unwritten_sum", checker, kHint, {32, 32, 2}, launch_numbers<unwritten_sum<true>, unwritten_sum<false>>},
      {"unwritten_flag", checker, kHint, {32, 0, 1}, launch_numbers<unwritten_flag<true>, unwritten_flag<false>>},
      {"unwritten_global", checker, kHint, {32, 0, 1}, launch_one<unwritten_global<true>, unwritten_global<false>>},
      {"unwritten_dynamic",
       checker,
       kHint,
       {32, 0, 1},
       launch_one<unwritten_dynamic<true>, unwritten_dynamic<false>, 1, 32>},
      {"kept_from_another_block",
       checker,
       "from block to block",
       {64, 0, 1},
       launch_one<kept_from_another_block<true>, kept_from_another_block<false>, 2>},
      {"half_written", checker, kHint, {32, 0, 0}, launch_one<half_written<true>, half_written<false>>},
  };
}

}  // namespace sigmahat::test
