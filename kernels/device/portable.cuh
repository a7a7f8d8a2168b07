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

#include <cuda_runtime.h>

/// Head of every kernel: SIGMAHAT_KERNEL(largest number of threads) name(parameters).
#define SIGMAHAT_KERNEL(threads) __global__ void __launch_bounds__(threads, 1)
#define SIGMAHAT_DEVICE __device__ inline
/// Static shared array of a trivial type, uninitialised.
#define SIGMAHAT_SHARED(type, name, count) __shared__ type name[count]

namespace sigmahat::device {

SIGMAHAT_DEVICE int thread_index() { return static_cast<int>(threadIdx.x); }
SIGMAHAT_DEVICE int thread_count() { return static_cast<int>(blockDim.x); }
SIGMAHAT_DEVICE Index block_x() { return blockIdx.x; }
SIGMAHAT_DEVICE Index block_y() { return blockIdx.y; }
SIGMAHAT_DEVICE Index grid_x() { return gridDim.x; }

/// All threads of the block arrive, at the same place in the source.
SIGMAHAT_DEVICE void block_barrier(const char* = nullptr, int = 0) { __syncthreads(); }

/// The value of the lane `delta` further on (its own near the end of the warp). All lanes of `mask` take part.
SIGMAHAT_DEVICE double shuffle_down(unsigned mask, double value, unsigned delta, const char* = nullptr, int = 0) {
  return __shfl_down_sync(mask, value, delta);
}

/// Hands out arrays of the launch's dynamic shared memory; taking more than was launched stops the kernel.
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

/// Queues kernel(arguments...) on the stream. A grid without blocks is no work and no error. Above 48 KB of dynamic
/// shared memory the kernel is opted in first.
template <class... Parameters, class... Arguments>
LaunchStatus launch(void (*kernel)(Parameters...), Grid grid, int threads, Index dynamic_bytes, DeviceStream stream,
                    const Arguments&... arguments) {
  if (grid.x == 0 || grid.y == 0) return {};
  constexpr Index kWithoutOptIn = 48 * 1024;
  if (dynamic_bytes > kWithoutOptIn) {
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
