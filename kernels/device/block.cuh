// Building blocks at the level of a thread block.
#pragma once

#include "device/portable.cuh"

namespace sigmahat::device {

/// The Team of kernels/steps/ whose members are the threads of a block.
struct BlockTeam {
  template <class F>
  SIGMAHAT_DEVICE void for_each(Index count, F&& f) const {
    for (Index i = thread_index(); i < count; i += thread_count()) f(i);
  }
  SIGMAHAT_DEVICE void barrier(Site site = Site::here()) const { block_barrier(site); }
};

/// One thread alone, next to others that work on problems of their own.
struct ThreadTeam {
  template <class F>
  SIGMAHAT_DEVICE void for_each(Index count, F&& f) const {
    for (Index i = 0; i < count; ++i) f(i);
  }
  SIGMAHAT_DEVICE void barrier() const {}
};

/// Copies `count` numbers, thread by thread; visible to the block after the next barrier.
SIGMAHAT_DEVICE void block_copy(const double* from, double* to, Index count) {
  for (Index i = thread_index(); i < count; i += thread_count()) to[i] = from[i];
}

/// Sum of one number per thread in a fixed order: a binary tree over lanes, then the warps in order. All threads call
/// it and get the sum; the number of threads is a multiple of 32, 1024 at most. `s_scratch` has 32 numbers.
SIGMAHAT_DEVICE double block_sum(double value, double* s_scratch, Site site = Site::here()) {
  for (unsigned delta = kWarp / 2; delta > 0; delta /= 2) value += shuffle_down(kFullWarp, value, delta, site);
  if (thread_index() % kWarp == 0) s_scratch[thread_index() / kWarp] = value;
  block_barrier(site);
  double sum = 0;
  for (int warp = 0; warp < thread_count() / kWarp; ++warp) sum += s_scratch[warp];
  block_barrier(site);
  return sum;
}

}  // namespace sigmahat::device
