// Planted faults: pointers that a kernel must not follow, and arithmetic on the way to them.
#include <cuda_runtime_api.h>

#include <type_traits>

#include "planted.hpp"

namespace sigmahat::test {

Index planted_host_count = 0;

namespace {

using namespace device;

struct alignas(16) Pair {
  double x, y;
};

template <bool kPlanted>
SIGMAHAT_KERNEL(32)
misaligned_pair(const double* numbers, double* result) {
  const double* const begin = numbers + (kPlanted ? 1 : 0);
  const Pair pair = *reinterpret_cast<const Pair*>(begin + 2 * thread_index());  // BUG misaligned_pair
  result[thread_index()] = pair.x + pair.y;
}

template <bool kPlanted>
SIGMAHAT_KERNEL(32)
misaligned_atomic(Index* counts, double* result) {
  int* const count = reinterpret_cast<int*>(reinterpret_cast<char*>(counts) + (kPlanted ? 2 : 4));
  (void)atomic_add(count, 1);  // BUG misaligned_atomic
  result[thread_index()] = thread_index();
}

template <bool kPlanted>
SIGMAHAT_KERNEL(32)
host_pointer(const double* numbers, double* result) {
  const double value = numbers[thread_index()];  // BUG host_pointer
  result[thread_index()] = value;
}

template <bool kPlanted>
SIGMAHAT_KERNEL(32)
null_pointer(const double* numbers, double* result) {
  double value = thread_index();
  if (kPlanted || numbers != nullptr) value = numbers[thread_index()];  // BUG null_pointer
  result[thread_index()] = value;
}

constexpr double kTable[] = {0, 1, 2, 3};  // reading constants is no fault

template <bool kPlanted>
SIGMAHAT_KERNEL(32)
pointer_overrun(double* result) {
  double own[4] = {};
  double* const begin = own;
  for (int k = 0; k < thread_count() / 8 + (kPlanted ? 1 : 0); ++k) begin[k] = 7;  // BUG pointer_overrun
  result[thread_index()] = own[3];
}

[[gnu::noinline]] void fill_with_sevens(double* begin, int count) {
  for (int k = 0; k < count; ++k) begin[k] = 7;
}

template <bool kPlanted>
SIGMAHAT_KERNEL(32)
overrun_in_a_function(double* result) {
  double own[4] = {};
  fill_with_sevens(own, thread_count() / 8 + (kPlanted ? 1 : 0));
  result[thread_index()] = own[3];
}

template <bool kPlanted>
SIGMAHAT_KERNEL(1)
host_variable(Index* counts, double* result) {
  Index* const count = kPlanted ? &planted_host_count : counts;
  *count = 3;  // BUG host_variable
  result[0] = kTable[*count];
}

template <bool kPlanted>
SIGMAHAT_KERNEL(32)
constant_written(Index* counts, double* result) {
  double own[] = {0, 1, 2, 3};
  double* const table = kPlanted ? const_cast<double*>(kTable) : own;
  table[counts[0]] = 5;  // BUG constant_written
  result[thread_index()] = table[0];
}

template <bool kPlanted>
SIGMAHAT_KERNEL(32)
local_of_another(const double* numbers, double* result) {
  SIGMAHAT_SHARED(const double*, s_place, 1);
  const double local = numbers[7];
  if (thread_index() == 0) s_place[0] = kPlanted ? &local : numbers + 7;
  block_barrier();
  const double value = *s_place[0];  // BUG local_of_another
  block_barrier();
  result[thread_index()] = value;
}

template <bool kPlanted>
SIGMAHAT_KERNEL(32)
after_free(const double* freed, double* result) {
  const double value = freed[thread_index()];  // BUG after_free
  result[thread_index()] = value;
}

template <bool kPlanted>
SIGMAHAT_KERNEL(1)
narrow_index(int rows, int columns, double* result) {
  using Product = std::conditional_t<kPlanted, int, Index>;
  const Index entries = static_cast<Product>(rows) * columns;  // BUG narrow_index
  result[0] = static_cast<double>(entries);
}

template <bool kPlanted>
SIGMAHAT_KERNEL(32)
division_by_zero(const Index* counts, double* result) {
  const Index parts = kPlanted ? counts[0] : counts[0] + 1;
  result[thread_index()] = static_cast<double>(thread_index() / parts);  // BUG division_by_zero
}

LaunchStatus launch_after_free(DeviceStream stream, const PlantedMemory& m, bool planted) {
  void* memory = nullptr;
  constexpr std::size_t kBytes = 32 * sizeof(double);
  const bool ready = cudaMalloc(&memory, kBytes) == cudaSuccess &&
                     cudaMemcpyAsync(memory, m.numbers, kBytes, cudaMemcpyDeviceToDevice, stream) == cudaSuccess;
  if (!ready) return {cudaErrorMemoryAllocation};
  if (planted && cudaFreeAsync(memory, stream) != cudaSuccess) return {cudaErrorUnknown};
  const auto status = launch(planted ? after_free<true> : after_free<false>, {1}, 32, 0, stream,
                             static_cast<const double*>(memory), m.result);
  if (!planted && cudaFreeAsync(memory, stream) != cudaSuccess) return {cudaErrorUnknown};
  return status;
}

/// The usual launch: one block whose kernel takes the numbers and the result.
template <void (*kPlantedKernel)(const double*, double*), void (*kTwin)(const double*, double*)>
LaunchStatus launch_numbers(DeviceStream stream, const PlantedMemory& m, bool planted) {
  return launch(planted ? kPlantedKernel : kTwin, {1}, 32, 0, stream, m.numbers, m.result);
}

}  // namespace

std::vector<Planted> planted_pointers() {
  using enum Evidence;
  using Memory = PlantedMemory;
  static double host_numbers[32];
  for (int k = 0; k < 32; ++k) host_numbers[k] = k;
  return {
      {"misaligned_pair",
       checker,
       "misaligned",
       {32, 1, 4},
       launch_numbers<misaligned_pair<true>, misaligned_pair<false>>},
      {"misaligned_atomic",
       scheduler,
       "misaligned",
       {32, 0, 1},
       [](DeviceStream stream, const Memory& m, bool planted) {
         return launch(planted ? misaligned_atomic<true> : misaligned_atomic<false>, {1}, 32, 0, stream, m.counts,
                       m.result);
       }},
      {"host_pointer",
       checker,
       "host pointer",
       {32, 0, 1},
       [](DeviceStream stream, const Memory& m, bool planted) {
         const double* const numbers = planted ? host_numbers : m.numbers;
         return launch(planted ? host_pointer<true> : host_pointer<false>, {1}, 32, 0, stream, numbers, m.result);
       }},
      {"null_pointer",
       checker,
       "null pointer",
       {32, 0, 1},
       [](DeviceStream stream, const Memory& m, bool planted) {
         const double* const none = nullptr;
         return launch(planted ? null_pointer<true> : null_pointer<false>, {1}, 32, 0, stream, none, m.result);
       }},
      {"pointer_overrun",
       checker,
       "end of its object",
       {32, 7, 0},
       [](DeviceStream stream, const Memory& m, bool planted) {
         return launch(planted ? pointer_overrun<true> : pointer_overrun<false>, {1}, 32, 0, stream, m.result);
       }},
      {"overrun_in_a_function",
       sanitizer,
       "stack-buffer-overflow",
       {32, 7, 0},
       [](DeviceStream stream, const Memory& m, bool planted) {
         return launch(planted ? overrun_in_a_function<true> : overrun_in_a_function<false>, {1}, 32, 0, stream,
                       m.result);
       }},
      {"host_variable",
       checker,
       "no memory of the device",
       {1, 3, 1},
       [](DeviceStream stream, const Memory& m, bool planted) {
         return launch(planted ? host_variable<true> : host_variable<false>, {1}, 1, 0, stream, m.counts, m.result);
       }},
      {"constant_written",
       checker,
       "no memory of the device",
       {32, 5, 0},
       [](DeviceStream stream, const Memory& m, bool planted) {
         return launch(planted ? constant_written<true> : constant_written<false>, {1}, 32, 0, stream, m.counts,
                       m.result);
       }},
      {"local_of_another",
       checker,
       "local variable of thread 0",
       {32, 7, 0},
       launch_numbers<local_of_another<true>, local_of_another<false>>},
      {"after_free", checker, "lifetime", {32, 0, 1}, launch_after_free},
      {"narrow_index",
       checker,
       "integer product",
       {1, 2147483648.0, 1},
       [](DeviceStream stream, const Memory& m, bool planted) {
         return launch(planted ? narrow_index<true> : narrow_index<false>, {1}, 1, 0, stream, 65536, 32768, m.result);
       }},
      {"division_by_zero",
       checker,
       "division by zero",
       {32, 0, 1},
       [](DeviceStream stream, const Memory& m, bool planted) {
         const Index* const counts = m.counts;
         return launch(planted ? division_by_zero<true> : division_by_zero<false>, {1}, 32, 0, stream, counts,
                       m.result);
       }},
  };
}

}  // namespace sigmahat::test
