// What this machine can do at most: read bandwidth and the rate of fused multiply-adds, both measured.
#pragma once

#include <vector>

namespace sigmahat::bench {

/// A probe of the memory: reads an array too large for any cache with all threads. Made once, called between the runs
/// that it is compared with, because the bandwidth of shared machines drifts.
class ReadProbe {
 public:
  explicit ReadProbe(int threads);
  /// Bytes per second of one pass.
  double measure();

 private:
  int threads_;
  std::vector<double> data_;
};

/// Flops per second of independent fused multiply-adds in registers on all threads, one short measurement.
double fma_rate(int threads);

}  // namespace sigmahat::bench
