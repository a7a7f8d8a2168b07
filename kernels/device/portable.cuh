// The portable subset: everything that kernels may use of CUDA. nvcc sees the definitions below; the emulator in
// tests/emulator supplies the same names for g++, so that every kernel also runs without a GPU.
// Contract: kernels/README.md.
#pragma once

#include "sigmahat/kernels/common.hpp"
#include "sigmahat/kernels/launch.hpp"
#include "steps/team.hpp"

namespace sigmahat::device {

/// Blocks of a launch; x may be large, y is at most 65535.
struct Grid {
  Index x = 1, y = 1;
};

/// Bytes that `count` items of T take in dynamic shared memory. Arrays start at multiples of 16.
template <class T>
SIGMAHAT_STEP constexpr Index shared_bytes(Index count) {
  return (count * static_cast<Index>(sizeof(T)) + 15) / 16 * 16;
}

inline constexpr int kWarp = 32;
inline constexpr unsigned kFullWarp = 0xffffffffU;

}  // namespace sigmahat::device

#if defined(SIGMAHAT_EMULATOR)
#include "emulator.hpp"
#else

#include <cuda_pipeline_primitives.h>
#include <cuda_runtime.h>

/// Head of every kernel: SIGMAHAT_KERNEL(largest number of threads) name(parameters).
#define SIGMAHAT_KERNEL(threads) __global__ void __launch_bounds__(threads, 1)
#define SIGMAHAT_DEVICE __device__ inline
/// Static shared array of a trivial type, uninitialised: name[count], or name[rows][columns].
#define SIGMAHAT_SHARED(type, name, count) __shared__ type name[count]
#define SIGMAHAT_SHARED_ROWS(type, name, rows, columns) __shared__ type name[rows][columns]

namespace sigmahat::device {

/// Where a barrier or a warp operation stands in the source; the emulator's messages name it.
struct Site {
  SIGMAHAT_STEP static constexpr Site here() { return {}; }
};

SIGMAHAT_DEVICE int thread_index() { return static_cast<int>(threadIdx.x); }
SIGMAHAT_DEVICE int thread_count() { return static_cast<int>(blockDim.x); }
SIGMAHAT_DEVICE Index block_x() { return blockIdx.x; }
SIGMAHAT_DEVICE Index block_y() { return blockIdx.y; }
SIGMAHAT_DEVICE Index grid_x() { return gridDim.x; }

/// All threads of the block arrive, at the same place in the source. What they wrote before is visible to all after it.
SIGMAHAT_DEVICE void block_barrier(Site = Site::here()) { __syncthreads(); }
/// The same for the lanes of `mask`. No other warp operation orders memory.
SIGMAHAT_DEVICE void warp_barrier(unsigned mask, Site = Site::here()) { __syncwarp(mask); }

/// The value of another lane: number `lane`, or the one `delta` further on (its own near the end of the warp), or the
/// one whose number differs in the bits of `bits`. T is int, Index or double. All lanes of `mask` take part.
template <class T>
SIGMAHAT_DEVICE T shuffle(unsigned mask, T value, unsigned lane, Site = Site::here()) {
  return __shfl_sync(mask, value, static_cast<int>(lane));
}
template <class T>
SIGMAHAT_DEVICE T shuffle_down(unsigned mask, T value, unsigned delta, Site = Site::here()) {
  return __shfl_down_sync(mask, value, delta);
}
template <class T>
SIGMAHAT_DEVICE T shuffle_xor(unsigned mask, T value, unsigned bits, Site = Site::here()) {
  return __shfl_xor_sync(mask, value, static_cast<int>(bits));
}
/// Bit l is the predicate of lane l.
SIGMAHAT_DEVICE unsigned ballot(unsigned mask, bool predicate, Site = Site::here()) {
  return __ballot_sync(mask, predicate);
}

/// *address ← *address + value, or the larger of both, in one step; returns what was there before. Of integers alone: the
/// sum of floating-point numbers would depend on the order of the threads.
SIGMAHAT_DEVICE int atomic_add(int* address, int value) { return atomicAdd(address, value); }
SIGMAHAT_DEVICE Index atomic_add(Index* address, Index value) {
  using Word = unsigned long long;
  return static_cast<Index>(atomicAdd(reinterpret_cast<Word*>(address), static_cast<Word>(value)));
}
SIGMAHAT_DEVICE int atomic_max(int* address, int value) { return atomicMax(address, value); }
SIGMAHAT_DEVICE Index atomic_max(Index* address, Index value) {
  return atomicMax(reinterpret_cast<long long*>(address), static_cast<long long>(value));
}
/// What this thread knows to be written is visible to the device before the thread's next atomic operation is.
SIGMAHAT_DEVICE void device_fence() { __threadfence(); }

/// Copies one item of 4, 8 or 16 bytes from global to shared memory in the background. Copies since the last
/// commit_copies() form a group; wait_for_copies<N>() waits until all but the last N groups of this thread are there,
/// for this thread. Other threads see them after the next barrier.
template <class T>
SIGMAHAT_DEVICE void copy_async(T* shared, const T* global) {
  static_assert(sizeof(T) == 4 || sizeof(T) == 8 || sizeof(T) == 16);
  __pipeline_memcpy_async(shared, global, sizeof(T));
}
SIGMAHAT_DEVICE void commit_copies() { __pipeline_commit(); }
template <int N>
SIGMAHAT_DEVICE void wait_for_copies() {
  __pipeline_wait_prior(N);
}

/// D ← A·B + C by the FP64 matrix unit, all 32 lanes together. A is 8 × 4, lane l holding entry (l/4, l%4); B is 4 × 8,
/// entry (l%4, l/4); C and D are 8 × 8, entries (l/4, 2(l%4)) and the one to its right. The order of the four products
/// is the device's own: D1. Source: PTX ISA, mma.m8n8k4 with .f64.
SIGMAHAT_DEVICE void multiply_add_8x8x4(double (&d)[2], double a, double b, const double (&c)[2], Site = Site::here()) {
  asm volatile("mma.sync.aligned.m8n8k4.row.col.f64.f64.f64.f64 {%0, %1}, {%2}, {%3}, {%4, %5};"
               : "=d"(d[0]), "=d"(d[1])
               : "d"(a), "d"(b), "d"(c[0]), "d"(c[1]));
}

/// Hands out arrays of the launch's dynamic shared memory, one carver a kernel; taking more than was launched stops the
/// kernel.
class SharedCarver {
 public:
  template <class T>
  __device__ T* take(Index count) {
    extern __shared__ double2 s_dynamic[];
    char* const begin = reinterpret_cast<char*>(s_dynamic) + used_;
    used_ += shared_bytes<T>(count);
    unsigned launched;
    asm("mov.u32 %0, %%dynamic_smem_size;" : "=r"(launched));
    if (used_ > static_cast<Index>(launched)) __trap();
    return reinterpret_cast<T*>(begin);
  }

 private:
  Index used_ = 0;
};

/// Queues kernel(arguments...) on the stream. A grid without blocks is no work and no error. A kernel with dynamic shared
/// memory is opted in first: without it a block may have 48 KB, static arrays included.
template <class... Parameters, class... Arguments>
LaunchStatus launch(void (*kernel)(Parameters...), Grid grid, int threads, Index dynamic_bytes, DeviceStream stream,
                    const Arguments&... arguments) {
  if (grid.x == 0 || grid.y == 0) return {};
  if (dynamic_bytes > 0) {
    const cudaError_t error =
        cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, static_cast<int>(dynamic_bytes));
    if (error != cudaSuccess) return {error};
  }
  cudaLaunchConfig_t config{};
  config.gridDim = {static_cast<unsigned>(grid.x), static_cast<unsigned>(grid.y), 1};
  config.blockDim = {static_cast<unsigned>(threads), 1, 1};
  config.dynamicSmemBytes = static_cast<std::size_t>(dynamic_bytes);
  config.stream = stream;
  return {cudaLaunchKernelEx(&config, kernel, static_cast<Parameters>(arguments)...)};
}

}  // namespace sigmahat::device
#endif
