// The one way from the Context to a backend; one function per backend. Without CUDA, cuda/absent.cpp stands in.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "sigmahat/host/context.hpp"

namespace sigmahat::backends {

/// Name and version of what a backend on the host computes with: OpenBLAS, and the processor core that it runs for.
std::vector<std::pair<std::string, std::string>> host_libraries();

std::unique_ptr<Operations> make_reference();
std::unique_ptr<Operations> make_cpu(int threads);

/// Throws DeviceError with the reason where there is no such GPU or no CUDA backend.
std::unique_ptr<Operations> make_cuda(int device);
/// GPUs that the CUDA backend can use; empty, with the reason, where there are none. Never throws.
struct CudaDevices {
  std::vector<std::string> names;
  std::string reason;
};
CudaDevices list_cuda();

}  // namespace sigmahat::backends
