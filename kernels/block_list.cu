// Block lists by Thrust. Header: sigmahat/kernels/block_list_launch.hpp.
#include "sigmahat/kernels/block_list_launch.hpp"

#include <thrust/execution_policy.h>
#include <thrust/system_error.h>

#include <new>

#include "device/block_list.cuh"

namespace sigmahat {
namespace {

/// Thrust's temporary memory, from the stream's pool: no synchronisation.
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

}  // namespace

LaunchStatus launch_block_list(DeviceStream stream, Index segments, Index blocks, const Index* segment_rows,
                               Index* segment_blocks, Index* block_segment) try {
  StreamAllocator allocator{stream};
  device::fill_block_list(thrust::cuda::par_nosync(allocator).on(stream), segments, blocks, segment_rows,
                          segment_blocks, block_segment);
  return {};
} catch (const thrust::system_error& error) {
  return {error.code().value()};
} catch (const std::bad_alloc&) {
  return {cudaErrorMemoryAllocation};
}

}  // namespace sigmahat
