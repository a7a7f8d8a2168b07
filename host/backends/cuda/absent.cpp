// Stands in for the CUDA backend in a build without CUDA.
#include "../factory.hpp"
#include "sigmahat/host/error.hpp"

namespace sigmahat::backends {
namespace {

constexpr const char* kReason =
    "this build of sigmahat has no CUDA backend; install CUDA 13 and build again with -DSIGMAHAT_CUDA=ON";

}  // namespace

std::unique_ptr<Operations> make_cuda(int device) {
  throw DeviceError("cuda:" + std::to_string(device) + ": " + kReason);
}

CudaDevices list_cuda() { return {{}, kReason}; }

}  // namespace sigmahat::backends
