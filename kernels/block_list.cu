// Block lists by Thrust. Header: sigmahat/kernels/block_list_launch.hpp.
#include "sigmahat/kernels/block_list_launch.hpp"

#include <thrust/binary_search.h>
#include <thrust/execution_policy.h>
#include <thrust/iterator/counting_iterator.h>
#include <thrust/iterator/transform_iterator.h>
#include <thrust/scan.h>
#include <thrust/system_error.h>
#include <thrust/transform.h>

#include <new>

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

/// Blocks of segment s; 0 behind the last one, so that the scan ends with the total.
struct BlocksOfSegment {
  const Index* segment_rows;
  Index segments;
  __device__ Index operator()(Index s) const {
    return s == segments ? 0 : (segment_rows[s + 1] - segment_rows[s] + kCanonicalBlock - 1) / kCanonicalBlock;
  }
};

struct Predecessor {
  __device__ Index operator()(Index place) const { return place - 1; }
};

}  // namespace

LaunchStatus launch_block_list(DeviceStream stream, Index segments, Index blocks, const Index* segment_rows,
                               Index* segment_blocks, Index* block_segment) try {
  StreamAllocator allocator{stream};
  const auto policy = thrust::cuda::par_nosync(allocator).on(stream);
  const thrust::counting_iterator<Index> first(0);
  const auto counts = thrust::make_transform_iterator(first, BlocksOfSegment{segment_rows, segments});
  thrust::exclusive_scan(policy, counts, counts + (segments + 1), segment_blocks);
  thrust::upper_bound(policy, segment_blocks, segment_blocks + segments + 1, first, first + blocks, block_segment);
  thrust::transform(policy, block_segment, block_segment + blocks, block_segment, Predecessor{});
  return {};
} catch (const thrust::system_error& error) {
  return {error.code().value()};
} catch (const std::bad_alloc&) {
  return {cudaErrorMemoryAllocation};
}

}  // namespace sigmahat
