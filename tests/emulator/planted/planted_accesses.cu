// Planted faults: indices beyond the end of something.
#include <cuda_runtime_api.h>

#include "planted.hpp"

namespace sigmahat::test {
namespace {

using namespace device;

template <bool kPlanted>
SIGMAHAT_KERNEL(32)
shared_overrun(double* result) {
  SIGMAHAT_SHARED(double, s_values, 40);
  for (int k = thread_index(); k < (kPlanted ? 41 : 40); k += thread_count()) {
    s_values[k] = k;  // BUG shared_overrun
  }
  block_barrier();
  result[thread_index()] = s_values[thread_index()];
}

template <bool kPlanted>
SIGMAHAT_KERNEL(32)
shared_underrun(double* result) {
  SIGMAHAT_SHARED(double, s_values, 32);
  s_values[thread_index()] = thread_index();
  block_barrier();
  const int before = thread_index() - 1;
  result[thread_index()] = kPlanted || before >= 0 ? s_values[before] + 1 : 0;  // BUG shared_underrun
}

template <bool kPlanted>
SIGMAHAT_KERNEL(32)
global_overrun(double* result) {
  const Index last = PlantedMemory::kNumbers - (kPlanted ? 0 : 1);
  for (Index k = thread_index(); k <= last; k += thread_count()) {
    result[k] = static_cast<double>(k);  // BUG global_overrun
  }
}

template <bool kPlanted>
SIGMAHAT_KERNEL(32)
global_read_overrun(const double* numbers, double* result) {
  const Index first = PlantedMemory::kNumbers - 32 + (kPlanted ? 1 : 0);
  const double value = numbers[first + thread_index()];  // BUG global_read_overrun
  result[thread_index()] = value;
}

template <bool kPlanted>
SIGMAHAT_KERNEL(32)
row_overrun(double* result) {
  SIGMAHAT_SHARED_ROWS(double, s_rows, 8, 4);
  const int row = thread_index() / 4, column = thread_index() % 4;
  s_rows[row][column] = thread_index();
  block_barrier();
  const int from = kPlanted ? column + row % 2 : column;
  result[thread_index()] = s_rows[row][from];  // BUG row_overrun
}

template <bool kPlanted>
SIGMAHAT_KERNEL(32)
carve_overrun(double* result) {
  SharedCarver carver;
  double* const s_first = carver.take<double>(8);
  double* const s_second = carver.take<double>(32);
  s_second[thread_index()] = thread_index();
  block_barrier();
  if (thread_index() < (kPlanted ? 9 : 8)) {
    s_first[thread_index()] = -1;  // BUG carve_overrun
  }
  block_barrier();
  result[thread_index()] = s_second[thread_index()];
}

/// 600 bytes beyond the end, where another array could lie.
template <bool kPlanted>
SIGMAHAT_KERNEL(32)
shared_jump(double* result) {
  SharedCarver carver;
  double* const s_first = carver.take<double>(8);
  double* const s_second = carver.take<double>(256);
  for (int k = thread_index(); k < 256; k += thread_count()) s_second[k] = k;
  block_barrier();
  if (thread_index() == 0) s_first[kPlanted ? 8 + 75 : 7] = -1;  // BUG shared_jump
  block_barrier();
  result[thread_index()] = s_second[thread_index()];
}

/// The same for 40 KB of global memory.
template <bool kPlanted>
SIGMAHAT_KERNEL(32)
global_jump(double* few, double* result) {
  if (thread_index() == 0) few[kPlanted ? 32 + 5 * 1024 : 31] = -1;  // BUG global_jump
  result[thread_index()] = thread_index();
}

/// `few` between two arrays of 256 KB.
LaunchStatus launch_global_jump(DeviceStream stream, const PlantedMemory& m, bool planted) {
  void* arrays[3] = {};
  constexpr std::size_t kBytes[] = {256 * 1024, 32 * sizeof(double), 256 * 1024};
  for (int k = 0; k < 3; ++k) {
    if (cudaMalloc(&arrays[k], kBytes[k]) != cudaSuccess) return {cudaErrorMemoryAllocation};
  }
  const LaunchStatus status = launch(planted ? global_jump<true> : global_jump<false>, {1}, 32, 0, stream,
                                     static_cast<double*>(arrays[1]), m.result);
  for (void* array : arrays) {
    if (cudaFreeAsync(array, stream) != cudaSuccess) return {cudaErrorUnknown};
  }
  return status;
}

template <bool kPlanted>
SIGMAHAT_KERNEL(32)
too_few_bytes(double* result) {
  SharedCarver carver;
  double* const s_values = carver.take<double>(32);  // BUG too_few_bytes
  s_values[thread_index()] = thread_index();
  result[thread_index()] = s_values[thread_index()];
}

template <bool kPlanted>
SIGMAHAT_KERNEL(32)
two_carvers(double* result) {
  SharedCarver carver, other;
  double* const s_first = carver.take<double>(16);
  double* const s_second = (kPlanted ? other : carver).take<double>(32);  // BUG two_carvers
  if (thread_index() < 16) s_first[thread_index()] = -1;
  s_second[thread_index()] = thread_index();
  result[thread_index()] = s_second[thread_index()];
}

template <bool kPlanted>
SIGMAHAT_KERNEL(32)
local_overrun(const double* numbers, double* result) {
  double values[4] = {0, 1, 2, 3};
  const int place = static_cast<int>(numbers[thread_index()]);
  values[kPlanted ? place / 4 : place % 4] = thread_index();  // BUG local_overrun
  double largest = 0;
  for (const double value : values) largest = largest < value ? value : largest;
  result[thread_index()] = thread_index() < 4 ? thread_index() : largest;
}

/// The usual launch: one block whose kernel takes the result alone.
template <void (*kPlantedKernel)(double*), void (*kTwin)(double*), int kThreads = 32, Index kDoubles = 0>
LaunchStatus launch_one(DeviceStream stream, const PlantedMemory& m, bool planted) {
  return launch(planted ? kPlantedKernel : kTwin, {1}, kThreads, shared_bytes<double>(kDoubles), stream, m.result);
}
/// The same with the numbers.
template <void (*kPlantedKernel)(const double*, double*), void (*kTwin)(const double*, double*)>
LaunchStatus launch_numbers(DeviceStream stream, const PlantedMemory& m, bool planted) {
  return launch(planted ? kPlantedKernel : kTwin, {1}, 32, 0, stream, m.numbers, m.result);
}

}  // namespace

std::vector<Planted> planted_accesses() {
  using enum Evidence;
  using Memory = PlantedMemory;
  return {
      {"shared_overrun",
       checker,
       "Look at the index",
       {32, 0, 1},
       launch_one<shared_overrun<true>, shared_overrun<false>>},
      {"shared_underrun",
       checker,
       "Look at the index",
       {32, 0, 1},
       launch_one<shared_underrun<true>, shared_underrun<false>>},
      {"global_overrun",
       checker,
       "Look at the index",
       {128, 0, 1},
       launch_one<global_overrun<true>, global_overrun<false>>},
      {"global_read_overrun",
       checker,
       "Look at the index",
       {32, 96, 1},
       launch_numbers<global_read_overrun<true>, global_read_overrun<false>>},
      {"row_overrun", checker, "row of an array", {32, 0, 1}, launch_one<row_overrun<true>, row_overrun<false>>},
      {"carve_overrun", checker, "carved", {32, 0, 1}, launch_one<carve_overrun<true>, carve_overrun<false>, 32, 40>},
      {"shared_jump",
       checker,
       "Look at the index",
       {32, 0, 1},
       launch_one<shared_jump<true>, shared_jump<false>, 32, 264>},
      {"global_jump", checker, "Look at the index", {32, 0, 1}, launch_global_jump},
      {"too_few_bytes",
       scheduler,
       "shared_bytes()",
       {32, 0, 1},
       [](DeviceStream stream, const Memory& m, bool planted) {
         return launch(planted ? too_few_bytes<true> : too_few_bytes<false>, {1}, 32,
                       shared_bytes<double>(planted ? 30 : 32), stream, m.result);
       }},
      {"two_carvers", scheduler, "one carver", {32, 0, 1}, launch_one<two_carvers<true>, two_carvers<false>, 32, 48>},
      {"local_overrun",
       checker,
       "index beyond its array",
       {32, 0, 1},
       launch_numbers<local_overrun<true>, local_overrun<false>>},
  };
}

}  // namespace sigmahat::test
