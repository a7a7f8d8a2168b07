#include "check.hpp"

#include <string>

#include "sigmahat/host/error.hpp"

namespace sigmahat::backends::cuda {
namespace {

[[noreturn]] void fail(const char* library, const char* call, int code, const char* name, const char* text) {
  throw DeviceError(std::string(library) + ": " + call + " returned " + std::to_string(code) + " (" + name +
                    "): " + text);
}

/// cuSOLVER has no function for this.
const char* name_of(cusolverStatus_t status) {
  switch (status) {
    case CUSOLVER_STATUS_NOT_INITIALIZED: return "CUSOLVER_STATUS_NOT_INITIALIZED";
    case CUSOLVER_STATUS_ALLOC_FAILED: return "CUSOLVER_STATUS_ALLOC_FAILED";
    case CUSOLVER_STATUS_INVALID_VALUE: return "CUSOLVER_STATUS_INVALID_VALUE";
    case CUSOLVER_STATUS_ARCH_MISMATCH: return "CUSOLVER_STATUS_ARCH_MISMATCH";
    case CUSOLVER_STATUS_EXECUTION_FAILED: return "CUSOLVER_STATUS_EXECUTION_FAILED";
    case CUSOLVER_STATUS_INTERNAL_ERROR: return "CUSOLVER_STATUS_INTERNAL_ERROR";
    case CUSOLVER_STATUS_NOT_SUPPORTED: return "CUSOLVER_STATUS_NOT_SUPPORTED";
    case CUSOLVER_STATUS_INVALID_WORKSPACE: return "CUSOLVER_STATUS_INVALID_WORKSPACE";
    default: return "another cuSOLVER status";
  }
}

}  // namespace

void check(cudaError_t status, const char* call) {
  if (status != cudaSuccess) fail("CUDA", call, status, cudaGetErrorName(status), cudaGetErrorString(status));
}

void check(cublasStatus_t status, const char* call) {
  if (status != CUBLAS_STATUS_SUCCESS) {
    fail("cuBLAS", call, status, cublasGetStatusName(status), cublasGetStatusString(status));
  }
}

void check(cusolverStatus_t status, const char* call) {
  if (status != CUSOLVER_STATUS_SUCCESS) fail("cuSOLVER", call, status, name_of(status), "see the cuSOLVER manual");
}

void check(LaunchStatus status, const char* kernel) { check(static_cast<cudaError_t>(status.code), kernel); }

}  // namespace sigmahat::backends::cuda
