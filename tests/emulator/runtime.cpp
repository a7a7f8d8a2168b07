// The CUDA runtime on emulated memory. Work on a stream waits in its queue (device.hpp); what must hold for its arguments
// is checked when it runs, and a fault there becomes the stream's error.
#include <cuda_runtime_api.h>

#include <cstdlib>
#include <cstring>

#include "device.hpp"

using sigmahat::emulator::created;
using sigmahat::emulator::destroyed;
using sigmahat::emulator::enqueue_work;
using sigmahat::emulator::global_memory;
using sigmahat::emulator::has_checker;
using sigmahat::emulator::is_stream;
using sigmahat::emulator::KernelFault;
using sigmahat::emulator::require_device;
using sigmahat::emulator::wait_for_device;

struct CUmemPoolHandle_st {};

namespace {

/// One contiguous copy, when its turn has come.
void copy_now(const char* call, void* to, const void* from, std::size_t bytes, cudaMemcpyKind kind) {
  const bool from_device = kind != cudaMemcpyHostToDevice, to_device = kind != cudaMemcpyDeviceToHost;
  const auto require_host = [call](const char* argument, const void* memory) {
    if (global_memory().arena().contains(memory))
      throw KernelFault(std::string(call) + ": " + argument + " is device memory");
  };
  from_device ? require_device(call, "the source", from, bytes, false) : require_host("the source", from);
  to_device ? require_device(call, "the destination", to, bytes, false) : require_host("the destination", to);
  if (bytes == 0) return;
  // Parts may be unwritten, the padding of structures or problems without a result: they arrive as 0xFF.
  if (from_device && !to_device && has_checker() && global_memory().written_bytes(from, bytes) == 0) {
    throw KernelFault(
        std::string(call) + ": none of the " + std::to_string(bytes) +
        " bytes of the source has been written. Look for a kernel that wrote elsewhere or nothing, or for "
        "a missing copy.");
  }
  if (from_device && to_device) {
    global_memory().copy(to, from, bytes);
  } else {
    std::memcpy(to, from, bytes);
    if (to_device) global_memory().set_written(to, bytes);
  }
}

cudaError_t allocate(void** memory, std::size_t bytes) {
  *memory = bytes == 0 ? nullptr : global_memory().allocate(bytes);
  return *memory == nullptr && bytes > 0 ? cudaErrorMemoryAllocation : cudaSuccess;
}

}  // namespace

extern "C" {

const char* cudaGetErrorName(cudaError_t error) {
  switch (error) {
    case cudaSuccess: return "cudaSuccess";
    case cudaErrorInvalidValue: return "cudaErrorInvalidValue";
    case cudaErrorMemoryAllocation: return "cudaErrorMemoryAllocation";
    case cudaErrorInitializationError: return "cudaErrorInitializationError";
    case cudaErrorInvalidDevice: return "cudaErrorInvalidDevice";
    case cudaErrorInvalidResourceHandle: return "cudaErrorInvalidResourceHandle";
    case cudaErrorLaunchFailure: return "cudaErrorLaunchFailure";
    case cudaErrorNotSupported: return "cudaErrorNotSupported";
    default: return "cudaErrorUnknown";
  }
}

cudaError_t cudaGetLastError() { return cudaSuccess; }

cudaError_t cudaDriverGetVersion(int* version) {
  SIGMAHAT_EMULATED_CALL(cudaErrorInvalidValue);
  return *version = 13000, cudaSuccess;
}
cudaError_t cudaRuntimeGetVersion(int* version) {
  SIGMAHAT_EMULATED_CALL(cudaErrorInvalidValue);
  return *version = 13000, cudaSuccess;
}

cudaError_t cudaGetDeviceCount(int* count) {
  SIGMAHAT_EMULATED_CALL(cudaErrorInitializationError);
  return *count = 1, cudaSuccess;
}
cudaError_t cudaSetDevice(int device) {
  SIGMAHAT_EMULATED_CALL(cudaErrorInitializationError);
  return device == 0 ? cudaSuccess : cudaErrorInvalidDevice;
}
cudaError_t cudaGetDeviceProperties(cudaDeviceProp* properties, int device) {
  SIGMAHAT_EMULATED_CALL(cudaErrorInitializationError);
  if (device != 0) return cudaErrorInvalidDevice;
  *properties = {};
  std::strcpy(properties->name, "emulated GPU");
  properties->major = 8;
  return cudaSuccess;
}
cudaError_t cudaDeviceGetAttribute(int* value, cudaDeviceAttr attribute, int device) {
  SIGMAHAT_EMULATED_CALL(cudaErrorInvalidValue);
  if (device != 0) return cudaErrorInvalidDevice;
  *value = attribute == cudaDevAttrComputeCapabilityMajor ? 8 : attribute == cudaDevAttrMemoryPoolsSupported ? 1 : 0;
  return cudaSuccess;
}

cudaError_t cudaMemPoolCreate(cudaMemPool_t* pool, const cudaMemPoolProps* properties) {
  SIGMAHAT_EMULATED_WORK(cudaErrorMemoryAllocation);
  if (properties->allocType != cudaMemAllocationTypePinned || properties->location.type != cudaMemLocationTypeDevice ||
      properties->location.id != 0) {
    return cudaErrorInvalidValue;
  }
  *pool = new CUmemPoolHandle_st;
  created("memory pool");
  return cudaSuccess;
}
cudaError_t cudaMemPoolDestroy(cudaMemPool_t pool) {
  delete pool;
  destroyed("memory pool");
  SIGMAHAT_EMULATED_CALL(cudaErrorUnknown);
  return cudaSuccess;
}
cudaError_t cudaMemPoolSetAttribute(cudaMemPool_t, cudaMemPoolAttr, void*) {
  SIGMAHAT_EMULATED_WORK(cudaErrorInvalidValue);
  return cudaSuccess;
}

// Memory that the pool keeps, and how much of it is in use: this pool keeps none.
cudaError_t cudaMemPoolGetAttribute(cudaMemPool_t, cudaMemPoolAttr, void* value) {
  SIGMAHAT_EMULATED_WORK(cudaErrorInvalidValue);
  return *static_cast<std::uint64_t*>(value) = global_memory().live_bytes(), cudaSuccess;
}
cudaError_t cudaMemGetInfo(std::size_t* free, std::size_t* total) {
  SIGMAHAT_EMULATED_WORK(cudaErrorInvalidValue);
  *free = global_memory().free_bytes();
  *total = global_memory().arena_bytes();
  return cudaSuccess;
}

cudaError_t cudaMalloc(void** memory, std::size_t bytes) {
  SIGMAHAT_EMULATED_WORK(cudaErrorMemoryAllocation);
  return allocate(memory, bytes);
}
cudaError_t cudaFree(void* memory) {
  wait_for_device();  // as CUDA does
  const bool known = memory == nullptr || global_memory().release(memory);
  SIGMAHAT_EMULATED_CALL(cudaErrorUnknown);
  return known ? cudaSuccess : cudaErrorInvalidValue;
}
cudaError_t cudaMallocHost(void** memory, std::size_t bytes) {
  SIGMAHAT_EMULATED_WORK(cudaErrorMemoryAllocation);
  *memory = std::malloc(bytes);
  if (*memory == nullptr) return cudaErrorMemoryAllocation;
  std::memset(*memory, 0xff, bytes);
  created("pinned host memory");
  return cudaSuccess;
}
cudaError_t cudaFreeHost(void* memory) {
  if (memory != nullptr) destroyed("pinned host memory");
  std::free(memory);
  SIGMAHAT_EMULATED_CALL(cudaErrorUnknown);
  return cudaSuccess;
}
cudaError_t cudaMallocFromPoolAsync(void** memory, std::size_t bytes, cudaMemPool_t pool, cudaStream_t stream) {
  SIGMAHAT_EMULATED_WORK(cudaErrorMemoryAllocation);
  if (pool == nullptr || !is_stream(stream)) return cudaErrorInvalidValue;
  return allocate(memory, bytes);
}
cudaError_t cudaFreeAsync(void* memory, cudaStream_t stream) {
  if (!is_stream(stream)) return cudaErrorInvalidResourceHandle;
  const auto release = [memory] {
    if (!global_memory().release(memory))
      throw KernelFault("cudaFreeAsync: no allocation begins there, or it was freed");
  };
  enqueue_work(stream, release, true);
  SIGMAHAT_EMULATED_CALL(cudaErrorUnknown);
  return cudaSuccess;
}

cudaError_t cudaMemsetAsync(void* memory, int value, std::size_t bytes, cudaStream_t stream) {
  SIGMAHAT_EMULATED_WORK(cudaErrorInvalidValue);
  if (!is_stream(stream)) return cudaErrorInvalidResourceHandle;
  enqueue_work(stream, [=] {
    require_device("cudaMemsetAsync", "the memory", memory, bytes, false);
    std::memset(memory, value, bytes);
    global_memory().set_written(memory, bytes);
  });
  return cudaSuccess;
}
cudaError_t cudaMemcpyAsync(void* to, const void* from, std::size_t bytes, cudaMemcpyKind kind, cudaStream_t stream) {
  SIGMAHAT_EMULATED_WORK(cudaErrorInvalidValue);
  if (!is_stream(stream)) return cudaErrorInvalidResourceHandle;
  enqueue_work(stream, [=] { copy_now("cudaMemcpyAsync", to, from, bytes, kind); });
  return cudaSuccess;
}
cudaError_t cudaMemcpy2DAsync(void* to, std::size_t to_pitch, const void* from, std::size_t from_pitch,
                              std::size_t width, std::size_t height, cudaMemcpyKind kind, cudaStream_t stream) {
  SIGMAHAT_EMULATED_WORK(cudaErrorInvalidValue);
  if (!is_stream(stream)) return cudaErrorInvalidResourceHandle;
  constexpr std::size_t kLargestPitch = (std::size_t{1} << 31) - 1;
  if (width > to_pitch || width > from_pitch || to_pitch > kLargestPitch || from_pitch > kLargestPitch) {
    return cudaErrorInvalidValue;
  }
  enqueue_work(stream, [=] {
    for (std::size_t line = 0; line < height; ++line) {
      copy_now("cudaMemcpy2DAsync", static_cast<char*>(to) + line * to_pitch,
               static_cast<const char*>(from) + line * from_pitch, width, kind);
    }
  });
  return cudaSuccess;
}

}  // extern "C"
