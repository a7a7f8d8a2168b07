// The part of cuSOLVER that host/backends/cuda uses, as plain loops on host memory.
#pragma once

#include <cmath>

#include "cublas_v2.h"

struct cusolverDnContext;
struct cusolverDnParams;
using cusolverDnHandle_t = cusolverDnContext*;
using cusolverDnParams_t = cusolverDnParams*;
enum cudaDataType { CUDA_R_64F };
enum cusolverDeterministicMode_t { CUSOLVER_DETERMINISTIC_RESULTS };
enum cusolverStatus_t {
  CUSOLVER_STATUS_SUCCESS = 0,
  CUSOLVER_STATUS_NOT_INITIALIZED,
  CUSOLVER_STATUS_ALLOC_FAILED,
  CUSOLVER_STATUS_INVALID_VALUE,
  CUSOLVER_STATUS_ARCH_MISMATCH,
  CUSOLVER_STATUS_EXECUTION_FAILED,
  CUSOLVER_STATUS_INTERNAL_ERROR,
  CUSOLVER_STATUS_NOT_SUPPORTED,
  CUSOLVER_STATUS_INVALID_WORKSPACE
};

inline cusolverStatus_t cusolverGetVersion(int* version) { return *version = 12000, CUSOLVER_STATUS_SUCCESS; }
inline cusolverStatus_t cusolverDnCreate(cusolverDnHandle_t* handle) {
  *handle = static_cast<cusolverDnHandle_t>(std::malloc(1));
  return CUSOLVER_STATUS_SUCCESS;
}
inline cusolverStatus_t cusolverDnDestroy(cusolverDnHandle_t handle) {
  return std::free(handle), CUSOLVER_STATUS_SUCCESS;
}
inline cusolverStatus_t cusolverDnSetStream(cusolverDnHandle_t, cudaStream_t) { return CUSOLVER_STATUS_SUCCESS; }
inline cusolverStatus_t cusolverDnSetDeterministicMode(cusolverDnHandle_t, cusolverDeterministicMode_t) {
  return CUSOLVER_STATUS_SUCCESS;
}
inline cusolverStatus_t cusolverDnCreateParams(cusolverDnParams_t* parameters) {
  *parameters = static_cast<cusolverDnParams_t>(std::malloc(1));
  return CUSOLVER_STATUS_SUCCESS;
}
inline cusolverStatus_t cusolverDnDestroyParams(cusolverDnParams_t parameters) {
  return std::free(parameters), CUSOLVER_STATUS_SUCCESS;
}

inline cusolverStatus_t cusolverDnXpotrf_bufferSize(cusolverDnHandle_t, cusolverDnParams_t, cublasFillMode_t,
                                                    std::int64_t, cudaDataType, const void*, std::int64_t, cudaDataType,
                                                    std::size_t* device_bytes, std::size_t* host_bytes) {
  *device_bytes = 64;
  *host_bytes = 64;
  return CUSOLVER_STATUS_SUCCESS;
}

/// Lower Cholesky factor; stops at the first pivot that is not positive, as LAPACK's does, and gives its number from 1.
inline cusolverStatus_t cusolverDnXpotrf(cusolverDnHandle_t, cusolverDnParams_t, cublasFillMode_t, std::int64_t n,
                                         cudaDataType, void* matrix, std::int64_t lda, cudaDataType, void*,
                                         std::size_t device_bytes, void*, std::size_t host_bytes, int* info) {
  if (device_bytes < 64 || host_bytes < 64) return CUSOLVER_STATUS_INVALID_WORKSPACE;
  double* const a = static_cast<double*>(matrix);
  *info = 0;
  for (std::int64_t j = 0; j < n; ++j) {
    for (std::int64_t i = j; i < n; ++i) {
      double sum = a[i + j * lda];
      for (std::int64_t k = 0; k < j; ++k) sum -= a[i + k * lda] * a[j + k * lda];
      if (i == j && !(sum > 0)) return *info = static_cast<int>(j + 1), CUSOLVER_STATUS_SUCCESS;
      a[i + j * lda] = i == j ? std::sqrt(sum) : sum / a[j + j * lda];
    }
  }
  return CUSOLVER_STATUS_SUCCESS;
}
