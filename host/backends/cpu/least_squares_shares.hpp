// Work that threads divide: each has a contiguous share of the pieces, so that it reads long runs of memory, and takes from
// the end of another's share when its own is done.
#pragma once

#include <atomic>
#include <cstdint>
#include <vector>

#include "sigmahat/kernels/common.hpp"

namespace sigmahat::backends {

class Shares {
 public:
  Shares(Index pieces, int threads) : shares_(static_cast<std::size_t>(threads)) {
    for (int t = 0; t < threads; ++t) {
      shares_[static_cast<std::size_t>(t)].range = pack(pieces * t / threads, pieces * (t + 1) / threads);
    }
  }

  /// The next piece for this thread, −1 when all are taken.
  Index take(int thread) {
    auto& own = shares_[static_cast<std::size_t>(thread)].range;
    for (std::uint64_t range = own.load(); begin(range) < end(range);) {
      if (own.compare_exchange_weak(range, pack(begin(range) + 1, end(range)))) return begin(range);
    }
    for (Share& other : shares_) {
      for (std::uint64_t range = other.range.load(); begin(range) < end(range);) {
        if (other.range.compare_exchange_weak(range, pack(begin(range), end(range) - 1))) return end(range) - 1;
      }
    }
    return -1;
  }

 private:
  struct alignas(64) Share {
    std::atomic<std::uint64_t> range;  // first piece and the one behind the last, 32 bits each
  };
  static std::uint64_t pack(Index first, Index behind) {
    return static_cast<std::uint64_t>(first) << 32 | static_cast<std::uint64_t>(behind);
  }
  static Index begin(std::uint64_t range) { return static_cast<Index>(range >> 32); }
  static Index end(std::uint64_t range) { return static_cast<Index>(range & 0xffffffffU); }

  std::vector<Share> shares_;
};

}  // namespace sigmahat::backends
