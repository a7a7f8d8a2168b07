// Every status of CUDA, cuBLAS and cuSOLVER goes through check(): anything but success throws DeviceError naming
// library, call, code and text.
#pragma once

#include <cublas_v2.h>
#include <cuda_runtime_api.h>
#include <cusolverDn.h>

#include "sigmahat/kernels/launch.hpp"

namespace sigmahat::backends::cuda {

void check(cudaError_t status, const char* call);
void check(cublasStatus_t status, const char* call);
void check(cusolverStatus_t status, const char* call);
/// `kernel` names the launcher.
void check(LaunchStatus status, const char* kernel);

}  // namespace sigmahat::backends::cuda
