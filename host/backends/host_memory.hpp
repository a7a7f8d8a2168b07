// What the CPU backends have in common: "device" memory is host memory, copies are copies, the rank is the shared one.
#pragma once

#include <algorithm>
#include <cstdlib>
#include <new>

#include "pivoted_rank.hpp"
#include "sigmahat/host/error.hpp"
#include "sigmahat/host/operations.hpp"

namespace sigmahat::backends {

class HostMemoryOperations : public Operations {
 public:
  double* allocate(std::size_t count) override {
    constexpr std::size_t kAlignment = 64;  // one cache line, one AVX-512 vector
    const std::size_t bytes = (count * sizeof(double) + kAlignment - 1) / kAlignment * kAlignment;
    if (count > SIZE_MAX / sizeof(double) - kAlignment) throw std::bad_alloc();
    void* memory = std::aligned_alloc(kAlignment, std::max(bytes, kAlignment));
    if (memory == nullptr) {
      throw DeviceError("host memory: cannot allocate " + std::to_string(bytes) + " bytes");
    }
    return static_cast<double*>(memory);
  }
  void release(double* device) noexcept override { std::free(device); }
  void upload(const double* host, double* device, std::size_t count) override { std::copy_n(host, count, device); }
  void download(const double* device, double* host, std::size_t count) override { std::copy_n(device, count, host); }
  Index rank(Index p, const double* a, double tolerance) override { return pivoted_rank(p, a, tolerance); }
};

}  // namespace sigmahat::backends
