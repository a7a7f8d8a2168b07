// Kernels for the operations of kernels/device/portable.cuh themselves, one launcher each; all pointers are device
// memory. A thread's place is its number in the launch: (y·grid_x + x)·threads + thread.
#pragma once

#include "sigmahat/kernels/common.hpp"
#include "sigmahat/kernels/launch.hpp"

namespace sigmahat::test {

/// Blocks of a launch, and threads of a block.
struct LaunchShape {
  Index x = 1, y = 1;
  int threads = 32;
  Index places() const { return x * y * threads; }
};

/// What one thread knows of where it is.
struct Place {
  int thread, threads;
  Index x, y, grid_x;
};
/// places[place] ← what the thread there knows.
LaunchStatus launch_places(DeviceStream stream, const LaunchShape& shape, Place* places);

/// What shuffles give, [places] each; only threads whose lane is in the mask take part and write.
template <class T>
struct Shuffled {
  T* from_lane = nullptr;
  T* down = nullptr;
  T* by_bits = nullptr;
};
/// shuffle() from lane lanes[place], shuffle_down() by delta and shuffle_xor() by bits of values[place].
/// T is int, Index or double.
template <class T>
LaunchStatus launch_shuffles(DeviceStream stream, const LaunchShape& shape, unsigned mask, unsigned delta,
                             unsigned bits, const T* values, const unsigned* lanes, const Shuffled<T>& shuffled);

/// votes[place] ← ballot() of values[place] ≠ 0 over the lanes in the mask.
LaunchStatus launch_ballots(DeviceStream stream, const LaunchShape& shape, unsigned mask, const int* values,
                            unsigned* votes);

/// Each round, every lane of the mask takes the value of the next one (the last one that of the first) plus 1, through
/// shared memory between two warp_barrier()s. One block.
LaunchStatus launch_warp_rounds(DeviceStream stream, int threads, unsigned mask, int rounds, int* values);

/// What atomic operations work on. T is int or Index.
template <class T>
struct AtomicCells {
  T* ticket = nullptr;      ///< [1] + 1 per thread
  T* sum = nullptr;         ///< [1] + values
  T* most = nullptr;        ///< [1] the largest of itself and the values
  T* block_sums = nullptr;  ///< [blocks] sums of a block's values, by atomic operations on shared memory
  T* block_most = nullptr;  ///< [blocks] and the largest of a block's values
  T* tickets = nullptr;     ///< [places] what the ticket was before
  T* before = nullptr;      ///< [places] what `most` was before
};
template <class T>
LaunchStatus launch_atomics(DeviceStream stream, const LaunchShape& shape, const T* values,
                            const AtomicCells<T>& cells);

/// result ← Σ values[place], by the block that draws the last ticket; partial: [blocks] scratch, ticket: 0.
LaunchStatus launch_last_block_sum(DeviceStream stream, const LaunchShape& shape, const Index* values, Index* partial,
                                   int* ticket, Index* result);

/// An item of 16 bytes.
struct alignas(16) Sixteen {
  double first, second;
};
/// Reverses every `threads` items of `from` into `to`, a round of the block each: copied in the background into slots,
/// with `in_flight` (0, 1 or 2) groups younger than the one that is used. T is float, double or Sixteen. One block.
template <class T>
LaunchStatus launch_copies(DeviceStream stream, int threads, int in_flight, Index rounds, const T* from, T* to);

/// d ← c + Σ_s a_s·b_s for every warp of the launch: a [warps, steps, 8, 4], b [warps, steps, 4, 8], c and d
/// [warps, 8, 8], all by rows.
LaunchStatus launch_products(DeviceStream stream, const LaunchShape& shape, Index steps, const double* a,
                             const double* b, const double* c, double* d);

/// Sizes of three arrays in dynamic shared memory, and their reversed contents 0, 1, 2, … (the second one halved, the
/// third one times 2³³).
struct Carved {
  Index ints = 0, doubles = 0, wides = 0;
  int* int_values = nullptr;
  double* double_values = nullptr;
  Index* wide_values = nullptr;
  int* misaligned = nullptr;  ///< [1] arrays that do not start at a multiple of 16 bytes
};
LaunchStatus launch_carve(DeviceStream stream, int threads, const Carved& carved);

/// to ← the transpose of `from`, 32 × 32 by rows, through SIGMAHAT_SHARED_ROWS; one block for each matrix.
LaunchStatus launch_transpose(DeviceStream stream, Index matrices, int threads, const double* from, double* to);

/// sums[place] ← block_sum() of the block's values, and squares[place] ← that of their squares.
LaunchStatus launch_block_sums(DeviceStream stream, const LaunchShape& shape, const double* values, double* sums,
                               double* squares);

}  // namespace sigmahat::test
