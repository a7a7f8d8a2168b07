// What the CPU backends have in common: "device" memory is host memory, copies are copies, the rank is the shared one.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "pivoted_rank.hpp"
#include "sigmahat/host/error.hpp"
#include "sigmahat/host/operations.hpp"

namespace sigmahat::backends {

class HostMemoryOperations : public Operations {
 public:
  double* allocate(std::size_t count) override {
    constexpr std::size_t kAlignment = 64;  // one cache line, one AVX-512 vector
    const std::size_t bytes = (count * sizeof(double) + kAlignment - 1) / kAlignment * kAlignment;
    const bool too_many = count > SIZE_MAX / sizeof(double) - kAlignment;
    void* memory = too_many ? nullptr : std::aligned_alloc(kAlignment, std::max(bytes, kAlignment));
    if (memory == nullptr) {
      throw DeviceError("host memory: cannot allocate " + std::to_string(count) + " numbers of 8 bytes");
    }
    return static_cast<double*>(memory);
  }
  void release(double* device) noexcept override { std::free(device); }
  void upload(const double* host, double* device, std::size_t count) override { std::copy_n(host, count, device); }
  void download(const double* device, double* host, std::size_t count) override { std::copy_n(device, count, host); }
  void gaussian_copy(Index p, std::span<const Index> active, const GaussianPoint& from,
                     const GaussianPoint& to) override {
    for (const Index problem : active) {
      const Index vector = problem * p, matrix = vector * p;
      std::copy_n(from.mean + vector, p, to.mean + vector);
      std::copy_n(from.offset + vector, p, to.offset + vector);
      std::copy_n(from.covariance + matrix, p * p, to.covariance + matrix);
      std::copy_n(from.factor + matrix, p * p, to.factor + matrix);
      std::copy_n(from.whitened + matrix, p * p, to.whitened + matrix);
    }
  }
  Index rank(Index p, const double* a, double tolerance) override { return pivoted_rank(p, a, tolerance); }
};

}  // namespace sigmahat::backends
