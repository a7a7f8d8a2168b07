// See portable_kernels.hpp.
#include "portable_kernels.hpp"

#include "device/block.cuh"

namespace sigmahat::test {
namespace {

using namespace device;

constexpr int kMostThreads = 256;

template <class T>
concept AddsAtomically = requires(T* address, T value) {
  device::atomic_add(address, value);
};
static_assert(AddsAtomically<int> && AddsAtomically<Index>);
static_assert(!AddsAtomically<float> && !AddsAtomically<double>, "their sums depend on the order of the threads");

SIGMAHAT_DEVICE Index block_number() { return block_y() * grid_x() + block_x(); }
SIGMAHAT_DEVICE Index place() { return block_number() * thread_count() + thread_index(); }
SIGMAHAT_DEVICE int lane() { return thread_index() % kWarp; }

/// The lanes of `mask` that this thread's warp has.
SIGMAHAT_DEVICE unsigned present(unsigned mask) {
  const int rest = thread_count() - (thread_index() - lane());
  return rest >= kWarp ? mask : mask & ((1U << rest) - 1);
}

SIGMAHAT_KERNEL(kMostThreads) write_places(Place* places) {
  places[place()] = {thread_index(), thread_count(), block_x(), block_y(), grid_x()};
}

template <class T>
SIGMAHAT_KERNEL(kMostThreads)
shuffles(unsigned mask, unsigned delta, unsigned bits, const T* values, const unsigned* lanes, Shuffled<T> shuffled) {
  const unsigned lanes_here = present(mask);
  if ((lanes_here >> lane() & 1U) == 0) return;
  const T value = values[place()];
  shuffled.from_lane[place()] = shuffle(lanes_here, value, lanes[place()]);
  shuffled.down[place()] = shuffle_down(lanes_here, value, delta);
  shuffled.by_bits[place()] = shuffle_xor(lanes_here, value, bits);
}

SIGMAHAT_KERNEL(kMostThreads) ballots(unsigned mask, const int* values, unsigned* votes) {
  const unsigned lanes_here = present(mask);
  if ((lanes_here >> lane() & 1U) == 0) return;
  votes[place()] = ballot(lanes_here, values[place()] != 0);
}

SIGMAHAT_KERNEL(kMostThreads) warp_rounds(unsigned mask, int rounds, int* values) {
  SIGMAHAT_SHARED(int, s_values, kMostThreads);
  const unsigned lanes_here = present(mask);
  if ((lanes_here >> lane() & 1U) == 0) return;
  int next = lane();
  do {
    next = (next + 1) % kWarp;
  } while ((lanes_here >> next & 1U) == 0);
  int value = values[thread_index()];
  for (int round = 0; round < rounds; ++round) {
    s_values[thread_index()] = value;
    warp_barrier(lanes_here);
    value = s_values[thread_index() - lane() + next] + 1;
    warp_barrier(lanes_here);
  }
  values[thread_index()] = value;
}

template <class T>
SIGMAHAT_KERNEL(kMostThreads)
atomics(const T* values, AtomicCells<T> cells) {
  SIGMAHAT_SHARED(T, s_sum, 1);
  SIGMAHAT_SHARED(T, s_most, 1);
  const T value = values[place()];
  cells.tickets[place()] = atomic_add(cells.ticket, T{1});
  cells.before[place()] = atomic_max(cells.most, value);
  atomic_add(cells.sum, value);
  if (thread_index() == 0) {
    s_sum[0] = 0;
    s_most[0] = value;
  }
  block_barrier();
  atomic_add(s_sum, value);
  atomic_max(s_most, value);
  block_barrier();
  if (thread_index() != 0) return;
  cells.block_sums[block_number()] = s_sum[0];
  cells.block_most[block_number()] = s_most[0];
}

/// The sum of a value of each thread, to all of them.
SIGMAHAT_DEVICE Index sum_over_block(Index value, Index* s_sum) {
  if (thread_index() == 0) *s_sum = 0;
  block_barrier();
  atomic_add(s_sum, value);
  block_barrier();
  const Index sum = *s_sum;
  block_barrier();
  return sum;
}

SIGMAHAT_KERNEL(kMostThreads)
last_block_sum(Index blocks, const Index* values, Index* partial, int* ticket, Index* result) {
  SIGMAHAT_SHARED(Index, s_sum, 1);
  SIGMAHAT_SHARED(int, s_drawn, 1);
  const Index sum = sum_over_block(values[place()], s_sum);
  if (thread_index() == 0) {
    partial[block_number()] = sum;
    device_fence();  // the partial sum is there before the ticket is drawn
    s_drawn[0] = atomic_add(ticket, 1);
    device_fence();  // and read after it
  }
  block_barrier();
  if (s_drawn[0] != blocks - 1) return;
  Index mine = 0;
  for (Index block = thread_index(); block < blocks; block += thread_count()) mine += partial[block];
  const Index total = sum_over_block(mine, s_sum);
  if (thread_index() == 0) *result = total;
}

template <class T, int InFlight>
SIGMAHAT_KERNEL(kMostThreads)
reverse_by_copies(Index rounds, const T* from, T* to) {
  constexpr int kSlots = InFlight + 1;
  SIGMAHAT_SHARED_ROWS(T, s_slots, kSlots, kMostThreads);
  const int thread = thread_index(), threads = thread_count();
  for (Index round = 0; round < rounds + InFlight; ++round) {
    if (round < rounds) copy_async(&s_slots[round % kSlots][thread], from + round * threads + thread);
    commit_copies();  // in the last rounds an empty group, so that the count stays in step
    if (round < InFlight) continue;
    wait_for_copies<InFlight>();
    block_barrier();
    const Index ready = round - InFlight;
    to[ready * threads + thread] = s_slots[ready % kSlots][threads - 1 - thread];
    block_barrier();
  }
}

SIGMAHAT_KERNEL(kMostThreads)
products(Index steps, const double* a, const double* b, const double* c, double* d) {
  const Index warp = place() / kWarp;
  const int row = lane() / 4, quarter = lane() % 4;
  const Index entry = warp * 64 + row * 8 + 2 * quarter;
  double sum[2] = {c[entry], c[entry + 1]};
  for (Index step = warp * steps; step < (warp + 1) * steps; ++step) {
    multiply_add_8x8x4(sum, a[step * 32 + row * 4 + quarter], b[step * 32 + quarter * 8 + row], sum);
  }
  d[entry] = sum[0];
  d[entry + 1] = sum[1];
}

SIGMAHAT_KERNEL(kMostThreads) carve(Carved carved) {
  SharedCarver carver;
  int* const s_ints = carver.take<int>(carved.ints);
  double* const s_doubles = carver.take<double>(carved.doubles);
  Index* const s_wides = carver.take<Index>(carved.wides);
  const int thread = thread_index(), threads = thread_count();
  for (Index i = thread; i < carved.ints; i += threads) s_ints[i] = static_cast<int>(i);
  for (Index i = thread; i < carved.doubles; i += threads) s_doubles[i] = 0.5 * static_cast<double>(i);
  for (Index i = thread; i < carved.wides; i += threads) s_wides[i] = i << 33;
  block_barrier();
  for (Index i = thread; i < carved.ints; i += threads) carved.int_values[i] = s_ints[carved.ints - 1 - i];
  for (Index i = thread; i < carved.doubles; i += threads) carved.double_values[i] = s_doubles[carved.doubles - 1 - i];
  for (Index i = thread; i < carved.wides; i += threads) carved.wide_values[i] = s_wides[carved.wides - 1 - i];
  if (thread != 0) return;
  const auto misaligned = [](const void* begin) { return reinterpret_cast<std::uintptr_t>(begin) % 16 == 0 ? 0 : 1; };
  *carved.misaligned = misaligned(s_ints) + misaligned(s_doubles) + misaligned(s_wides);
}

SIGMAHAT_KERNEL(kMostThreads) transpose(const double* from, double* to) {
  SIGMAHAT_SHARED_ROWS(double, s_tile, kWarp, kWarp + 1);
  const Index matrix = block_x() * kWarp * kWarp;
  for (int k = thread_index(); k < kWarp * kWarp; k += thread_count()) s_tile[k / kWarp][k % kWarp] = from[matrix + k];
  block_barrier();
  for (int k = thread_index(); k < kWarp * kWarp; k += thread_count()) to[matrix + k] = s_tile[k % kWarp][k / kWarp];
}

SIGMAHAT_KERNEL(1024) block_sums(const double* values, double* sums, double* squares) {
  SIGMAHAT_SHARED(double, s_scratch, kWarp);
  const double value = values[place()];
  sums[place()] = block_sum(value, s_scratch);
  squares[place()] = block_sum(value * value, s_scratch);
}

template <class T, int InFlight>
LaunchStatus launch_copies_in_flight(DeviceStream stream, int threads, Index rounds, const T* from, T* to) {
  return launch(reverse_by_copies<T, InFlight>, {1}, threads, 0, stream, rounds, from, to);
}

}  // namespace

LaunchStatus launch_places(DeviceStream stream, const LaunchShape& shape, Place* places) {
  return launch(write_places, {shape.x, shape.y}, shape.threads, 0, stream, places);
}

template <class T>
LaunchStatus launch_shuffles(DeviceStream stream, const LaunchShape& shape, unsigned mask, unsigned delta,
                             unsigned bits, const T* values, const unsigned* lanes, const Shuffled<T>& shuffled) {
  return launch(shuffles<T>, {shape.x, shape.y}, shape.threads, 0, stream, mask, delta, bits, values, lanes, shuffled);
}
template LaunchStatus launch_shuffles(DeviceStream, const LaunchShape&, unsigned, unsigned, unsigned, const int*,
                                      const unsigned*, const Shuffled<int>&);
template LaunchStatus launch_shuffles(DeviceStream, const LaunchShape&, unsigned, unsigned, unsigned, const Index*,
                                      const unsigned*, const Shuffled<Index>&);
template LaunchStatus launch_shuffles(DeviceStream, const LaunchShape&, unsigned, unsigned, unsigned, const double*,
                                      const unsigned*, const Shuffled<double>&);

LaunchStatus launch_ballots(DeviceStream stream, const LaunchShape& shape, unsigned mask, const int* values,
                            unsigned* votes) {
  return launch(ballots, {shape.x, shape.y}, shape.threads, 0, stream, mask, values, votes);
}

LaunchStatus launch_warp_rounds(DeviceStream stream, int threads, unsigned mask, int rounds, int* values) {
  return launch(warp_rounds, {1}, threads, 0, stream, mask, rounds, values);
}

template <class T>
LaunchStatus launch_atomics(DeviceStream stream, const LaunchShape& shape, const T* values,
                            const AtomicCells<T>& cells) {
  return launch(atomics<T>, {shape.x, shape.y}, shape.threads, 0, stream, values, cells);
}
template LaunchStatus launch_atomics(DeviceStream, const LaunchShape&, const int*, const AtomicCells<int>&);
template LaunchStatus launch_atomics(DeviceStream, const LaunchShape&, const Index*, const AtomicCells<Index>&);

LaunchStatus launch_last_block_sum(DeviceStream stream, const LaunchShape& shape, const Index* values, Index* partial,
                                   int* ticket, Index* result) {
  return launch(last_block_sum, {shape.x, shape.y}, shape.threads, 0, stream, shape.x * shape.y, values, partial,
                ticket, result);
}

template <class T>
LaunchStatus launch_copies(DeviceStream stream, int threads, int in_flight, Index rounds, const T* from, T* to) {
  if (in_flight == 0) return launch_copies_in_flight<T, 0>(stream, threads, rounds, from, to);
  if (in_flight == 1) return launch_copies_in_flight<T, 1>(stream, threads, rounds, from, to);
  return launch_copies_in_flight<T, 2>(stream, threads, rounds, from, to);
}
template LaunchStatus launch_copies(DeviceStream, int, int, Index, const float*, float*);
template LaunchStatus launch_copies(DeviceStream, int, int, Index, const double*, double*);
template LaunchStatus launch_copies(DeviceStream, int, int, Index, const Sixteen*, Sixteen*);

LaunchStatus launch_products(DeviceStream stream, const LaunchShape& shape, Index steps, const double* a,
                             const double* b, const double* c, double* d) {
  return launch(products, {shape.x, shape.y}, shape.threads, 0, stream, steps, a, b, c, d);
}

LaunchStatus launch_carve(DeviceStream stream, int threads, const Carved& carved) {
  const Index bytes =
      shared_bytes<int>(carved.ints) + shared_bytes<double>(carved.doubles) + shared_bytes<Index>(carved.wides);
  return launch(carve, {1}, threads, bytes, stream, carved);
}

LaunchStatus launch_transpose(DeviceStream stream, Index matrices, int threads, const double* from, double* to) {
  return launch(transpose, {matrices}, threads, 0, stream, from, to);
}

LaunchStatus launch_block_sums(DeviceStream stream, const LaunchShape& shape, const double* values, double* sums,
                               double* squares) {
  return launch(block_sums, {shape.x, shape.y}, shape.threads, 0, stream, values, sums, squares);
}

}  // namespace sigmahat::test
