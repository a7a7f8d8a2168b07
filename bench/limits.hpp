// What a device can do at most: bandwidth and the rate of multiply-adds. Measured anew between the runs that they are
// compared with, because the speed of shared machines drifts.
#pragma once

#include <cstddef>
#include <memory>
#include <string>

namespace sigmahat::bench {

struct Rates {
  double bandwidth;  ///< bytes per second of the device's own memory
  double flops;      ///< float64 flops per second
  double transfer;   ///< bytes per second from host memory to the device; infinite where there is nothing to transfer
  double pinned_transfer;  ///< the same from pinned host memory
};

class Limits {
 public:
  virtual ~Limits() = default;
  /// One short measurement of each.
  virtual Rates measure() = 0;
  /// What was measured and how, with the numbers; ends with a newline.
  virtual std::string describe() = 0;
};

/// Reads an array too large for any cache with all threads; independent multiply-adds in registers on all threads.
std::unique_ptr<Limits> cpu_limits(int threads);

/// GPU `device`: copies on the device, cublasDgemm, copies from the host (device_limits.cpp). Throws where the build has
/// no CUDA.
std::unique_ptr<Limits> device_limits(int device);

/// Keeps host memory pinned while it lives.
class Pinned {
 public:
  virtual ~Pinned() = default;
};
std::unique_ptr<Pinned> pin(const void* memory, std::size_t bytes);

}  // namespace sigmahat::bench
