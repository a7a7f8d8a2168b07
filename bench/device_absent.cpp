// Stands in for the device's files in a build without CUDA. Only a user who asks for `resident` by name gets here: no
// Context is on a GPU.
#include "bench.hpp"
#include "sigmahat/host/error.hpp"

namespace sigmahat::bench {
namespace {

constexpr const char* kReason = "this build of sigmahat has no CUDA backend";

}  // namespace

std::unique_ptr<Limits> device_limits(int) { throw DeviceError(kReason); }
std::unique_ptr<Pinned> pin(const void*, std::size_t) { throw DeviceError(kReason); }
void bench_resident(const Run&) { throw DeviceError(kReason); }

}  // namespace sigmahat::bench
