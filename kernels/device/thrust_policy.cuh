// How kernels/*.cu run Thrust: on a stream, without synchronisation, with temporary memory from the stream's pool.
#pragma once

#include <thrust/execution_policy.h>
#include <thrust/system_error.h>

#include <new>

#include "sigmahat/kernels/launch.hpp"

namespace sigmahat::device {

/// Thrust's temporary memory.
struct StreamAllocator {
  using value_type = char;
  cudaStream_t stream;

  char* allocate(std::ptrdiff_t bytes) {
    void* memory = nullptr;
    const cudaError_t error = cudaMallocAsync(&memory, static_cast<std::size_t>(bytes), stream);
    if (error != cudaSuccess) throw thrust::system_error(error, thrust::cuda_category());
    return static_cast<char*>(memory);
  }
  void deallocate(char* memory, std::size_t) { (void)cudaFreeAsync(memory, stream); }
};

/// Calls algorithm(policy); its exceptions become a status.
template <class F>
LaunchStatus run_thrust(DeviceStream stream, F&& algorithm) try {
  StreamAllocator allocator{stream};
  algorithm(thrust::cuda::par_nosync(allocator).on(stream));
  return {};
} catch (const thrust::system_error& error) {
  return {error.code().value()};
} catch (const std::bad_alloc&) {
  return {cudaErrorMemoryAllocation};
}

}  // namespace sigmahat::device
