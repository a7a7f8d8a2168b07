// cuSOLVER by the CPU's LAPACK, on emulated memory; as blas.cpp.
#include <cusolverDn.h>

#include <cstring>

#include "device.hpp"

using sigmahat::emulator::created;
using sigmahat::emulator::destroyed;
using sigmahat::emulator::enqueue_work;
using sigmahat::emulator::global_memory;
using sigmahat::emulator::is_stream;
using sigmahat::emulator::OneThread;
using sigmahat::emulator::require_device;

struct cusolverDnContext {
  cudaStream_t stream = nullptr;
  bool deterministic = false;
};
struct cusolverDnParams {};

extern "C" void dpotrf_(const char* uplo, const int* n, double* a, const int* lda, int* info, std::size_t);

namespace {

// Sizes that no caller guesses.
std::size_t device_bytes_of(std::int64_t n) { return static_cast<std::size_t>(8 * n + 24); }
std::size_t host_bytes_of(std::int64_t n) { return static_cast<std::size_t>(n + 40); }

}  // namespace

extern "C" {

cusolverStatus_t cusolverGetVersion(int* version) {
  SIGMAHAT_EMULATED_CALL(CUSOLVER_STATUS_INVALID_VALUE);
  return *version = 12000, CUSOLVER_STATUS_SUCCESS;
}
cusolverStatus_t cusolverDnCreate(cusolverDnHandle_t* handle) {
  SIGMAHAT_EMULATED_CALL(CUSOLVER_STATUS_ALLOC_FAILED);
  *handle = new cusolverDnContext;
  created("cuSOLVER handle");
  return CUSOLVER_STATUS_SUCCESS;
}
cusolverStatus_t cusolverDnDestroy(cusolverDnHandle_t handle) {
  delete handle;
  destroyed("cuSOLVER handle");
  SIGMAHAT_EMULATED_CALL(CUSOLVER_STATUS_NOT_INITIALIZED);
  return CUSOLVER_STATUS_SUCCESS;
}
cusolverStatus_t cusolverDnSetStream(cusolverDnHandle_t handle, cudaStream_t stream) {
  SIGMAHAT_EMULATED_CALL(CUSOLVER_STATUS_NOT_INITIALIZED);
  if (!is_stream(stream)) return CUSOLVER_STATUS_INVALID_VALUE;
  handle->stream = stream;
  return CUSOLVER_STATUS_SUCCESS;
}
cusolverStatus_t cusolverDnSetDeterministicMode(cusolverDnHandle_t handle, cusolverDeterministicMode_t mode) {
  SIGMAHAT_EMULATED_CALL(CUSOLVER_STATUS_INTERNAL_ERROR);
  handle->deterministic = mode == CUSOLVER_DETERMINISTIC_RESULTS;
  return CUSOLVER_STATUS_SUCCESS;
}
cusolverStatus_t cusolverDnCreateParams(cusolverDnParams_t* parameters) {
  SIGMAHAT_EMULATED_CALL(CUSOLVER_STATUS_ALLOC_FAILED);
  *parameters = new cusolverDnParams;
  created("cuSOLVER parameters");
  return CUSOLVER_STATUS_SUCCESS;
}
cusolverStatus_t cusolverDnDestroyParams(cusolverDnParams_t parameters) {
  delete parameters;
  destroyed("cuSOLVER parameters");
  SIGMAHAT_EMULATED_CALL(CUSOLVER_STATUS_NOT_INITIALIZED);
  return CUSOLVER_STATUS_SUCCESS;
}

cusolverStatus_t cusolverDnXpotrf_bufferSize(cusolverDnHandle_t, cusolverDnParams_t, cublasFillMode_t, std::int64_t n,
                                             cudaDataType, const void*, std::int64_t, cudaDataType,
                                             std::size_t* device_bytes, std::size_t* host_bytes) {
  SIGMAHAT_EMULATED_CALL(CUSOLVER_STATUS_INTERNAL_ERROR);
  *device_bytes = device_bytes_of(n);
  *host_bytes = host_bytes_of(n);
  return CUSOLVER_STATUS_SUCCESS;
}

cusolverStatus_t cusolverDnXpotrf(cusolverDnHandle_t handle, cusolverDnParams_t parameters, cublasFillMode_t fill,
                                  std::int64_t n, cudaDataType type, void* a, std::int64_t lda, cudaDataType compute,
                                  void* device_workspace, std::size_t device_bytes, void* host_workspace,
                                  std::size_t host_bytes, int* info) {
  SIGMAHAT_EMULATED_CALL(CUSOLVER_STATUS_INTERNAL_ERROR);
  if (handle == nullptr || parameters == nullptr || !is_stream(handle->stream)) return CUSOLVER_STATUS_NOT_INITIALIZED;
  if (fill != CUBLAS_FILL_MODE_LOWER || type != CUDA_R_64F || compute != CUDA_R_64F)
    return CUSOLVER_STATUS_NOT_SUPPORTED;
  if (!handle->deterministic) return CUSOLVER_STATUS_NOT_SUPPORTED;  // the backend promises the same bits each time
  if (n < 0 || lda < n) return CUSOLVER_STATUS_INVALID_VALUE;
  if (device_bytes < device_bytes_of(n) || host_bytes < host_bytes_of(n)) return CUSOLVER_STATUS_INVALID_WORKSPACE;
  std::memset(host_workspace, 0xa5, host_bytes);
  enqueue_work(handle->stream, [=] {
    constexpr const char* kCall = "cusolverDnXpotrf";
    require_device(kCall, "the workspace", device_workspace, device_bytes, false);
    require_device(kCall, "info", info, sizeof(int), false);
    global_memory().arena().poison(device_workspace, device_bytes);
    double* const matrix = static_cast<double*>(a);
    for (std::int64_t j = 0; j < n; ++j) {
      require_device(kCall, "A", matrix + j * lda + j, static_cast<std::size_t>(n - j) * sizeof(double), true);
    }
    const int order = static_cast<int>(n), stride = static_cast<int>(lda);
    const OneThread one;
    dpotrf_("L", &order, matrix, &stride, info, 1);
    global_memory().set_written(info, sizeof(int));
  });
  return CUSOLVER_STATUS_SUCCESS;
}

cusolverStatus_t cusolverDnDpotrfBatched(cusolverDnHandle_t handle, cublasFillMode_t fill, int n, double* a[], int lda,
                                         int* info, int count) {
  SIGMAHAT_EMULATED_CALL(CUSOLVER_STATUS_INTERNAL_ERROR);
  if (handle == nullptr || !is_stream(handle->stream)) return CUSOLVER_STATUS_NOT_INITIALIZED;
  if (fill != CUBLAS_FILL_MODE_LOWER || !handle->deterministic) return CUSOLVER_STATUS_NOT_SUPPORTED;
  if (n < 0 || count < 0 || lda < n) return CUSOLVER_STATUS_INVALID_VALUE;
  enqueue_work(handle->stream, [=] {
    constexpr const char* kCall = "cusolverDnDpotrfBatched";
    const std::size_t items = static_cast<std::size_t>(count);
    require_device(kCall, "the array of A", a, items * sizeof(a[0]), true);
    require_device(kCall, "info", info, items * sizeof(int), false);
    const OneThread one;
    for (int item = 0; item < count; ++item) {
      for (std::int64_t j = 0; j < n; ++j) {
        require_device(kCall, "A", a[item] + j * lda + j, static_cast<std::size_t>(n - j) * sizeof(double), true);
      }
      dpotrf_("L", &n, a[item], &lda, info + item, 1);
    }
    global_memory().set_written(info, items * sizeof(int));
  });
  return CUSOLVER_STATUS_SUCCESS;
}

}  // extern "C"
