// The emulator's side of kernels/device/portable.cuh: the same names, for g++. What is checked: ../README.md.
#pragma once

#include <math.h>

#include <bit>
#include <cstdint>
#include <memory>
#include <tuple>
#include <type_traits>

#include "device/portable.cuh"

#define SIGMAHAT_KERNEL(threads) void
#define SIGMAHAT_DEVICE inline
// A static record per array (and per instance of a template) finds the array of the running block. The assertions refuse
// counts that are known only when the kernel runs, as nvcc does.
#define SIGMAHAT_SHARED(type, name, count)                     \
  static_assert((count) > 0);                                  \
  static constinit ::sigmahat::emulator::StaticShared name##_; \
  auto& name = *static_cast<type(*)[count]>(::sigmahat::emulator::static_shared(name##_, sizeof(type) * (count)))
#define SIGMAHAT_SHARED_ROWS(type, name, rows, columns)        \
  static_assert((rows) > 0 && (columns) > 0);                  \
  static constinit ::sigmahat::emulator::StaticShared name##_; \
  auto& name = *static_cast<type(*)[rows][columns]>(           \
      ::sigmahat::emulator::static_shared(name##_, sizeof(type) * (rows) * (columns)))

namespace sigmahat::device {

struct Site {
  const char* file;
  int line;
  static constexpr Site here(const char* file = __builtin_FILE(), int line = __builtin_LINE()) { return {file, line}; }
  bool operator==(const Site& other) const;
};

}  // namespace sigmahat::device

namespace sigmahat::emulator {

using device::Site;

/// One launch: the kernel, its shape and its parameters, which threads may read and not write.
struct Launch {
  void (*kernel)() = nullptr;
  device::Grid grid;
  int threads = 1;
  Index dynamic_bytes = 0;
  std::unique_ptr<const void, void (*)(const void*)> parameters{nullptr, nullptr};
  std::size_t parameter_bytes = 0;
  void (*thread)(void (*kernel)(), const void* parameters) = nullptr;  // calls the kernel
};
/// Queues the launch on the stream; a status as of the CUDA runtime.
int enqueue(DeviceStream stream, Launch launch);

/// What the running thread can ask.
int thread_index();
int thread_count();
Index block_x();
Index block_y();
Index grid_x();

struct StaticShared {
  std::uint32_t block = 0;  // which block it was placed for
  std::size_t bytes = 0;
  char* data = nullptr;
};
void* static_shared(StaticShared& array, std::size_t bytes, Site site = Site::here());
/// Array number `place` of the dynamic shared memory, at `offset` on a GPU.
char* dynamic_shared(int place, Index offset, std::size_t bytes, Site site);

/// What a lane brings to a warp operation and takes from it.
struct LaneValue {
  std::uint64_t word[4];
};
using LaneValues = LaneValue[device::kWarp];
/// Waits for the lanes of `mask`; the last one to arrive calls resolve(mask, values) for all of them. Only with
/// `orders_memory` are accesses before it ordered before those after it.
LaneValue warp_operation(unsigned mask, Site site, LaneValue in, void (*resolve)(unsigned mask, LaneValues& values),
                         bool orders_memory = false);
void barrier(Site site);

/// One atomic operation on an int or Index: checked as such, and the fences before it take effect. Returns the old value.
enum class Atomic { add, max };
Index atomic(Atomic kind, void* address, std::size_t bytes, Index value);
void fence();
void copy_async(void* shared, const void* global, std::size_t bytes);
void commit_copies();
void wait_for_copies(int pending);

// Resolutions. The first word is the value, the second the lane's argument.
void resolve_nothing(unsigned mask, LaneValues& values);
void resolve_shuffle(unsigned mask, LaneValues& values);
void resolve_shuffle_down(unsigned mask, LaneValues& values);
void resolve_shuffle_xor(unsigned mask, LaneValues& values);
void resolve_ballot(unsigned mask, LaneValues& values);
void resolve_multiply_add(unsigned mask, LaneValues& values);

template <class T>
using Word = std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>;

template <class T>
T exchange(unsigned mask, T value, unsigned argument, void (*resolve)(unsigned, LaneValues&), Site site) {
  const LaneValue in{{std::bit_cast<Word<T>>(value), argument, 0, 0}};
  return std::bit_cast<T>(static_cast<Word<T>>(warp_operation(mask, site, in, resolve).word[0]));
}

}  // namespace sigmahat::emulator

namespace sigmahat::device {

inline int thread_index() { return emulator::thread_index(); }
inline int thread_count() { return emulator::thread_count(); }
inline Index block_x() { return emulator::block_x(); }
inline Index block_y() { return emulator::block_y(); }
inline Index grid_x() { return emulator::grid_x(); }

inline void block_barrier(Site site = Site::here()) { emulator::barrier(site); }
inline void warp_barrier(unsigned mask, Site site = Site::here()) {
  emulator::warp_operation(mask, site, {}, emulator::resolve_nothing, true);
}

template <class T>
T shuffle(unsigned mask, T value, unsigned lane, Site site = Site::here()) {
  return emulator::exchange(mask, value, lane, emulator::resolve_shuffle, site);
}
template <class T>
T shuffle_down(unsigned mask, T value, unsigned delta, Site site = Site::here()) {
  return emulator::exchange(mask, value, delta, emulator::resolve_shuffle_down, site);
}
template <class T>
T shuffle_xor(unsigned mask, T value, unsigned bits, Site site = Site::here()) {
  return emulator::exchange(mask, value, bits, emulator::resolve_shuffle_xor, site);
}
inline unsigned ballot(unsigned mask, bool predicate, Site site = Site::here()) {
  return emulator::exchange(mask, predicate ? 1U : 0U, 0, emulator::resolve_ballot, site);
}

// The checker asks where these are called, so they have to be part of their callers.
#define SIGMAHAT_CHECKED [[gnu::always_inline]] inline

SIGMAHAT_CHECKED int atomic_add(int* address, int value) {
  return static_cast<int>(emulator::atomic(emulator::Atomic::add, address, sizeof(int), value));
}
SIGMAHAT_CHECKED Index atomic_add(Index* address, Index value) {
  return emulator::atomic(emulator::Atomic::add, address, sizeof(Index), value);
}
SIGMAHAT_CHECKED int atomic_max(int* address, int value) {
  return static_cast<int>(emulator::atomic(emulator::Atomic::max, address, sizeof(int), value));
}
SIGMAHAT_CHECKED Index atomic_max(Index* address, Index value) {
  return emulator::atomic(emulator::Atomic::max, address, sizeof(Index), value);
}
inline void device_fence() { emulator::fence(); }

template <class T>
SIGMAHAT_CHECKED void copy_async(T* shared, const T* global) {
  static_assert(sizeof(T) == 4 || sizeof(T) == 8 || sizeof(T) == 16);
  emulator::copy_async(shared, global, sizeof(T));
}
inline void commit_copies() { emulator::commit_copies(); }
template <int N>
SIGMAHAT_CHECKED void wait_for_copies() {
  emulator::wait_for_copies(N);
}

#undef SIGMAHAT_CHECKED

inline void multiply_add_8x8x4(double (&d)[2], double a, double b, const double (&c)[2], Site site = Site::here()) {
  const auto word = [](double value) { return std::bit_cast<std::uint64_t>(value); };
  const emulator::LaneValue out = emulator::warp_operation(
      kFullWarp, site, {{word(a), word(b), word(c[0]), word(c[1])}}, emulator::resolve_multiply_add);
  for (int k = 0; k < 2; ++k) d[k] = std::bit_cast<double>(out.word[k]);
}

class SharedCarver {
 public:
  template <class T>
  T* take(Index count, Site site = Site::here()) {
    const Index offset = used_;
    used_ += shared_bytes<T>(count);
    return reinterpret_cast<T*>(
        emulator::dynamic_shared(taken_++, offset, static_cast<std::size_t>(count) * sizeof(T), site));
  }

 private:
  Index used_ = 0;
  int taken_ = 0;
};

template <class... Parameters, class... Arguments>
LaunchStatus launch(void (*kernel)(Parameters...), Grid grid, int threads, Index dynamic_bytes, DeviceStream stream,
                    const Arguments&... arguments) {
  static_assert(!(std::is_reference_v<Parameters> || ...), "kernels take their parameters by value");
  if (grid.x == 0 || grid.y == 0) return {};
  using Tuple = std::tuple<Parameters...>;
  emulator::Launch queued;
  queued.kernel = reinterpret_cast<void (*)()>(kernel);
  queued.grid = grid;
  queued.threads = threads;
  queued.dynamic_bytes = dynamic_bytes;
  queued.parameters = {new Tuple(static_cast<Parameters>(arguments)...),
                       [](const void* tuple) { delete static_cast<const Tuple*>(tuple); }};
  queued.parameter_bytes = sizeof(Tuple);
  queued.thread = [](void (*self)(), const void* parameters) {
    std::apply(reinterpret_cast<void (*)(Parameters...)>(self), *static_cast<const Tuple*>(parameters));
  };
  return {emulator::enqueue(stream, std::move(queued))};
}

}  // namespace sigmahat::device
