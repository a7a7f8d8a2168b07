// What the CPU backends have in common: "device" memory is host memory, copies are copies, the rank is the shared one.
#pragma once

#include <sys/mman.h>

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
    constexpr std::size_t kLine = 64;                        // one cache line, one AVX-512 vector
    constexpr std::size_t kHugePage = std::size_t{2} << 20;  // 512 times fewer page faults where the system has them
    const bool too_many = count > (SIZE_MAX - kHugePage) / sizeof(double);
    const std::size_t alignment = count * sizeof(double) < 2 * kHugePage ? kLine : kHugePage;
    const std::size_t bytes = (count * sizeof(double) + alignment - 1) / alignment * alignment;
    void* memory = too_many ? nullptr : std::aligned_alloc(alignment, std::max(bytes, alignment));
    if (memory == nullptr) {
      throw DeviceError("host memory: cannot allocate " + std::to_string(count) + " numbers of 8 bytes");
    }
    if (alignment == kHugePage) (void)madvise(memory, bytes, MADV_HUGEPAGE);  // a wish: without it small pages serve
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
