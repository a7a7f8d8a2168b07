// One GPU as this backend uses it: device, stream, memory pool, library handles, workspace and staging memory.
//
// The law of this file: all work goes to one non-blocking stream and stays in its order. Device memory comes from the
// context's own pool and is released in stream order. Nothing waits for the stream but
//   - fetch() and download(), which bring results to the host,
//   - upload(), since the caller's memory may be changed as soon as it returns,
//   - send(), where its staging memory is full.
#pragma once

#include <cstring>
#include <exception>
#include <memory>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "check.hpp"
#include "sigmahat/kernels/common.hpp"

namespace sigmahat::backends::cuda {

/// unique_ptr for the libraries' handle types.
template <auto Destroy>
struct Destroyer {
  template <class T>
  void operator()(T* handle) const {
    (void)Destroy(handle);
  }
};
using Stream = std::unique_ptr<std::remove_pointer_t<cudaStream_t>, Destroyer<cudaStreamDestroy>>;
using MemoryPool = std::unique_ptr<std::remove_pointer_t<cudaMemPool_t>, Destroyer<cudaMemPoolDestroy>>;
using Blas = std::unique_ptr<std::remove_pointer_t<cublasHandle_t>, Destroyer<cublasDestroy>>;
using Solver = std::unique_ptr<std::remove_pointer_t<cusolverDnHandle_t>, Destroyer<cusolverDnDestroy>>;
using SolverParameters = std::unique_ptr<std::remove_pointer_t<cusolverDnParams_t>, Destroyer<cusolverDnDestroyParams>>;
using PinnedMemory = std::unique_ptr<char, Destroyer<cudaFreeHost>>;

/// `count` items of a trivial type in device memory, uninitialised; released in stream order.
template <class T>
class DeviceArray {
 public:
  static_assert(std::is_trivially_copyable_v<T>);
  DeviceArray() = default;
  DeviceArray(cudaMemPool_t pool, cudaStream_t stream, Index count) : stream_(stream), count_(count) {
    const std::size_t bytes = static_cast<std::size_t>(count) * sizeof(T);
    void* memory = nullptr;
    if (count > 0) check(cudaMallocFromPoolAsync(&memory, bytes, pool, stream), "cudaMallocFromPoolAsync");
    data_ = static_cast<T*>(memory);
  }
  DeviceArray(DeviceArray&& other) noexcept
      : stream_(other.stream_), data_(std::exchange(other.data_, nullptr)), count_(std::exchange(other.count_, 0)) {}
  DeviceArray& operator=(DeviceArray&& other) noexcept {
    std::swap(stream_, other.stream_);
    std::swap(data_, other.data_);
    std::swap(count_, other.count_);
    return *this;
  }
  ~DeviceArray() {
    if (data_ != nullptr) (void)cudaFreeAsync(data_, stream_);
  }

  T* get() const { return data_; }
  Index count() const { return count_; }

 private:
  cudaStream_t stream_ = nullptr;
  T* data_ = nullptr;
  Index count_ = 0;
};

/// Large enough that launches and waits between chunks do not count, small beside the memory of any GPU.
inline constexpr Index kDefaultChunkBytes = Index{256} << 20;

class Gpu;

/// One operation on the stream. Where it ends by an exception it waits for what it has queued, since that may still
/// read or write the caller's memory.
class [[nodiscard]] GpuOperation {
 public:
  explicit GpuOperation(Gpu& gpu) : gpu_(gpu), exceptions_(std::uncaught_exceptions()) {}
  ~GpuOperation();
  GpuOperation(const GpuOperation&) = delete;
  GpuOperation& operator=(const GpuOperation&) = delete;

 private:
  Gpu& gpu_;
  int exceptions_;
};

class Gpu {
 public:
  /// `device` is CUDA's number; `chunk_bytes` is about what a chunk of rows may take with all that belongs to it.
  /// Throws DeviceError.
  Gpu(int device, Index chunk_bytes);
  ~Gpu();
  Gpu(const Gpu&) = delete;
  Gpu& operator=(const Gpu&) = delete;

  int device() const { return device_; }
  Index chunk_bytes() const { return chunk_bytes_; }
  /// chunk_bytes(), or half of the memory that is free where that is less: what an operation may take on top.
  Index room() const;
  cudaStream_t stream() const { return stream_.get(); }
  cublasHandle_t blas() const { return blas_.get(); }
  cusolverDnHandle_t solver() const { return solver_.get(); }
  cusolverDnParams_t solver_parameters() const { return solver_parameters_.get(); }

  /// Every operation of the backend begins with it: makes this device current for the calling thread.
  GpuOperation begin();
  void synchronise();
  /// The same where nothing can be said of a failure.
  void settle() noexcept;

  template <class T>
  DeviceArray<T> array(Index count) {
    return DeviceArray<T>(pool_.get(), stream(), count);
  }
  /// Grows `array` to at least `count` items; its content is lost where it grows.
  template <class T>
  void reserve(DeviceArray<T>& array, Index count) {
    if (array.count() < count) {
      array = DeviceArray<T>();  // released first: both need not fit at a time
      array = this->array<T>(count);
    }
  }
  /// For Operations::allocate; release with cudaFreeAsync on stream().
  double* allocate(std::size_t count);
  void zero(void* memory, std::size_t bytes) { check(cudaMemsetAsync(memory, 0, bytes, stream()), "cudaMemsetAsync"); }
  void copy_on_device(const double* from, double* to, Index count);

  /// Small input of a launch, by way of pinned memory; the host's copy is free at once.
  template <class T>
  DeviceArray<T> send(std::span<const T> host) {
    DeviceArray<T> memory = array<T>(static_cast<Index>(host.size()));
    send_bytes(host.data(), memory.get(), host.size_bytes());
    return memory;
  }
  /// Results: waits for the stream, then fills `host`.
  template <class T>
  void fetch(const T* device, std::span<T> host) {
    fetch_bytes(device, host.data(), host.size_bytes());
  }
  /// Bulk copies from and to the caller's memory; they wait.
  void upload(const void* host, void* device, std::size_t bytes);
  void download(const void* device, void* host, std::size_t bytes);

  /// cuSOLVER's memory on the device (of at least so many bytes) and on the host.
  void* device_workspace(std::size_t bytes);
  void* host_workspace(std::size_t bytes);

 private:
  void send_bytes(const void* host, void* device, std::size_t bytes);
  void fetch_bytes(const void* device, void* host, std::size_t bytes);
  void create_pool();

  int device_;
  Index chunk_bytes_;
  Stream stream_;
  MemoryPool pool_;
  PinnedMemory staging_;
  std::size_t staged_ = 0;  // bytes of staging_ that the stream may still read
  DeviceArray<char> blas_workspace_, solver_workspace_;
  std::vector<char> host_workspace_;
  Blas blas_;
  Solver solver_;
  SolverParameters solver_parameters_;
};

/// A GPU that this backend can use.
struct UsableGpu {
  int device = 0;  ///< CUDA's number
  std::string description;
};
/// Never throws; where the list is empty, `reason` says why.
std::vector<UsableGpu> usable_gpus(std::string& reason) noexcept;

}  // namespace sigmahat::backends::cuda
