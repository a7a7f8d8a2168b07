// The emulator's side of kernels/device/portable.cuh: the same names, for g++. What it checks: ../README.md.
#pragma once

#include <math.h>

#include <cstddef>
#include <functional>
#include <source_location>
#include <stdexcept>
#include <string>

#include "device/portable.cuh"

#define SIGMAHAT_KERNEL(threads) void
#define SIGMAHAT_DEVICE inline
#define SIGMAHAT_SHARED(type, name, count) \
  type* const name = static_cast<type*>(::sigmahat::emulator::static_shared(sizeof(type) * (count), __FILE__, __LINE__))

namespace sigmahat::emulator {

/// Thrown by launch() for a fault in a kernel or in its launch.
class KernelFault : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// In which order the blocks of a launch, and the threads of a block, get their turns.
enum class Order { ascending, descending };
void set_order(Order order);

struct Shape {
  Index grid_x = 1, grid_y = 1;
  int threads = 1;
  Index dynamic_bytes = 0;
};
/// Runs `thread` once for every thread of every block, one block after the other.
void run(const Shape& shape, const std::function<void()>& thread);

/// What the running thread can ask.
int thread_index();
Index block_x();
Index block_y();
const Shape& shape();

void barrier(const char* file, int line);
double shuffle_down(unsigned mask, double value, unsigned delta, const char* file, int line);
void* static_shared(std::size_t bytes, const char* file, int line);
char* dynamic_shared();
/// Ends the launch with a KernelFault; does not return.
[[noreturn]] void fault(const std::string& what);

}  // namespace sigmahat::emulator

namespace sigmahat::device {

inline int thread_index() { return emulator::thread_index(); }
inline int thread_count() { return emulator::shape().threads; }
inline Index block_x() { return emulator::block_x(); }
inline Index block_y() { return emulator::block_y(); }
inline Index grid_x() { return emulator::shape().grid_x; }

inline void block_barrier(const char* file = __builtin_FILE(), int line = __builtin_LINE()) {
  emulator::barrier(file, line);
}

inline double shuffle_down(unsigned mask, double value, unsigned delta, const char* file = __builtin_FILE(),
                           int line = __builtin_LINE()) {
  return emulator::shuffle_down(mask, value, delta, file, line);
}

class SharedCarver {
 public:
  template <class T>
  T* take(Index count) {
    char* const begin = emulator::dynamic_shared() + used_;
    used_ += shared_bytes<T>(count);
    if (used_ > emulator::shape().dynamic_bytes) {
      emulator::fault("the kernel carves " + std::to_string(used_) +
                      " bytes of dynamic shared memory, but was launched with " +
                      std::to_string(emulator::shape().dynamic_bytes));
    }
    return reinterpret_cast<T*>(begin);
  }

 private:
  Index used_ = 0;
};

template <class... Parameters, class... Arguments>
LaunchStatus launch(void (*kernel)(Parameters...), Grid grid, int threads, Index dynamic_bytes, DeviceStream,
                    const Arguments&... arguments) {
  emulator::run({grid.x, grid.y, threads, dynamic_bytes}, [&] { kernel(static_cast<Parameters>(arguments)...); });
  return {};
}

}  // namespace sigmahat::device
