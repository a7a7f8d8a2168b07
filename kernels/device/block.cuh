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

/// The threads of a block, of a warp, or of a part of a warp: `width` neighbours, a power of two ≤ 32 or the whole block.
/// A block's tiles work on items of their own.
class TileTeam {
 public:
  SIGMAHAT_DEVICE explicit TileTeam(int width)
      : width_(width), rank_(thread_index() % width), mask_(mask_of(width, thread_index() % kWarp)) {}

  SIGMAHAT_DEVICE int tile() const { return thread_index() / width_; }
  SIGMAHAT_DEVICE int tiles() const { return thread_count() / width_; }
  template <class F>
  SIGMAHAT_DEVICE void for_each(Index count, F&& f) const {
    for (Index i = rank_; i < count; i += width_) f(i);
  }
  /// f(i, j) for all entries of a rows × columns matrix; one division here instead of one for every entry.
  template <class F>
  SIGMAHAT_DEVICE void for_each_place(Index rows, Index columns, F&& f) const {
    const int length = static_cast<int>(rows);
    const int lines = width_ / length, rest = width_ % length;
    Index j = rank_ / length;
    int i = rank_ % length;
    while (j < columns) {
      f(Index{i}, j);
      j += lines;
      i += rest;
      if (i >= length) {
        i -= length;
        ++j;
      }
    }
  }
  SIGMAHAT_DEVICE void barrier(Site site = Site::here()) const {
    if (width_ > kWarp) {
      block_barrier(site);
    } else {
      warp_barrier(mask_, site);
    }
  }

 private:
  SIGMAHAT_DEVICE static unsigned mask_of(int width, int lane) {
    return width >= kWarp ? kFullWarp : ((1U << width) - 1) << (lane / width * width);
  }

  int width_, rank_;
  unsigned mask_;
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
