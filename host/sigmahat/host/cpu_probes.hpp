// What this machine's processor and memory can do at most: short measurements that times are set beside. The speed of
// shared machines drifts, so they are repeated between the runs that they are compared with.
#pragma once

#include <span>
#include <vector>

namespace sigmahat {

/// Host memory that a probe reads and overwrites.
struct ProbeMemory {
  std::vector<std::span<const double>> read;
  std::span<double> written;
};

/// Seconds that `threads` threads take to read and overwrite all of it once, by vectors, each a range of its own with
/// what is read and what is written in step: the faster of ordinary stores and of stores past the caches.
double probe_traffic(const ProbeMemory& memory, int threads);

/// float64 flops per second of independent multiply-adds in vector registers, on `threads` threads.
double probe_multiply_adds(int threads);

}  // namespace sigmahat
