// A fiber per CUDA thread, and a scheduler that gives turns and releases barriers and warps.
#include "emulator.hpp"

#include <algorithm>
#include <cstring>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "fiber.hpp"

namespace sigmahat::emulator {
namespace {

constexpr Index kMostSharedBytes = 99 * 1024;  // compute capability 8.6, 8.9 and 12.0
constexpr int kMostThreads = 1024;
constexpr Index kMostGridX = (Index{1} << 31) - 1, kMostGridY = 65535;

enum class Turn { ready, at_barrier, in_warp, done };

/// One CUDA thread.
struct Thread {
  Fiber fiber;
  Turn turn = Turn::ready;
  const char* file = "";  // where it waits
  int line = 0;
  unsigned mask = 0, delta = 0;  // of the shuffle it waits in
  double value = 0;
};

using Poisoned = std::unique_ptr<char[]>;

Poisoned poisoned(std::size_t bytes) {
  Poisoned memory(new char[bytes]);
  std::memset(memory.get(), 0xff, bytes);
  return memory;
}

struct Machine {
  Shape shape;
  Index x = 0, y = 0;
  int current = 0;
  Order order = Order::ascending;
  const std::function<void()>* body = nullptr;
  std::vector<Thread> threads;
  std::string fault;
  Poisoned dynamic;
  std::map<std::pair<std::string, int>, std::pair<Poisoned, std::size_t>> statics;
  Index static_bytes = 0;
};

Machine& machine() {
  static thread_local Machine the_machine;
  return the_machine;
}

Thread& current(Machine& m) { return m.threads[static_cast<std::size_t>(m.current)]; }

std::string site(const Thread& thread) { return std::string(thread.file) + ":" + std::to_string(thread.line); }

bool same_site(const Thread& a, const Thread& b) { return a.line == b.line && std::strcmp(a.file, b.file) == 0; }

/// Back to the scheduler, until it gives the next turn.
void wait(Turn turn, const char* file, int line) {
  Thread& thread = current(machine());
  thread.turn = turn;
  thread.file = file;
  thread.line = line;
  thread.fiber.suspend();
}

void thread_main() {
  try {
    (*machine().body)();
  } catch (const std::exception& error) {
    machine().fault = error.what();
  }
  wait(Turn::done, "", 0);
}

void start_block(Machine& m) {
  m.statics.clear();
  m.static_bytes = 0;
  m.dynamic = poisoned(static_cast<std::size_t>(m.shape.dynamic_bytes));
  for (int t = 0; t < m.shape.threads; ++t) {
    Thread& thread = m.threads[static_cast<std::size_t>(t)];
    thread.turn = Turn::ready;
    thread.fiber.start(thread_main);
  }
}

std::string of_thread(const Machine& m, int thread) {
  return "thread " + std::to_string(thread) + " of block (" + std::to_string(m.x) + ", " + std::to_string(m.y) + ")";
}

/// Shuffles whose lanes have all arrived get their values. Returns whether there was one.
bool resolve_warps(Machine& m) {
  bool resolved = false;
  for (int first = 0; first < m.shape.threads; first += device::kWarp) {
    const int lanes = std::min(device::kWarp, m.shape.threads - first);
    Thread* const warp = m.threads.data() + first;
    for (int lane = 0; lane < lanes; ++lane) {
      if (warp[lane].turn != Turn::in_warp) continue;
      const unsigned mask = warp[lane].mask;
      bool complete = (mask >> lane & 1U) != 0;
      for (int other = 0; other < device::kWarp; ++other) {
        if ((mask >> other & 1U) == 0) continue;
        complete = complete && other < lanes && warp[other].turn == Turn::in_warp && warp[other].mask == mask &&
                   same_site(warp[other], warp[lane]);
      }
      if (!complete) continue;
      double values[device::kWarp];
      for (int other = 0; other < lanes; ++other) values[other] = warp[other].value;
      for (int other = 0; other < lanes; ++other) {
        if ((mask >> other & 1U) == 0) continue;
        const unsigned source = static_cast<unsigned>(other) + warp[other].delta;
        if (source < static_cast<unsigned>(device::kWarp)) {
          warp[other].value = (mask >> source & 1U) != 0 ? values[source] : kCanonicalNaN;
        }
        warp[other].turn = Turn::ready;
      }
      resolved = true;
    }
  }
  return resolved;
}

/// Releases the block's barrier if every thread has arrived at the same one. Returns whether the block is finished.
bool release_barrier(Machine& m) {
  int done = -1, waiting = -1;
  for (int t = 0; t < m.shape.threads; ++t) {
    const Thread& thread = m.threads[static_cast<std::size_t>(t)];
    if (thread.turn == Turn::in_warp) {
      fault(of_thread(m, t) + " waits in the warp operation at " + site(thread) +
            ", where not all lanes of its mask arrive");
    }
    (thread.turn == Turn::done ? done : waiting) = t;
  }
  if (waiting < 0) return true;
  const Thread& first = m.threads[static_cast<std::size_t>(waiting)];
  if (done >= 0) {
    fault(of_thread(m, waiting) + " waits at the barrier " + site(first) + ", but thread " + std::to_string(done) +
          " has ended");
  }
  for (int t = 0; t < m.shape.threads; ++t) {
    Thread& thread = m.threads[static_cast<std::size_t>(t)];
    if (!same_site(thread, first)) {
      fault(of_thread(m, waiting) + " waits at the barrier " + site(first) + ", thread " + std::to_string(t) + " at " +
            site(thread));
    }
    thread.turn = Turn::ready;
  }
  return false;
}

void run_block(Machine& m) {
  start_block(m);
  for (bool finished = false; !finished;) {
    for (int turn = 0; turn < m.shape.threads; ++turn) {
      m.current = m.order == Order::ascending ? turn : m.shape.threads - 1 - turn;
      if (current(m).turn != Turn::ready) continue;
      current(m).fiber.resume();
      if (!m.fault.empty()) throw KernelFault(std::exchange(m.fault, {}));
    }
    if (!resolve_warps(m)) finished = release_barrier(m);
  }
}

}  // namespace

void set_order(Order order) { machine().order = order; }

void run(const Shape& shape, const std::function<void()>& thread) {
  if (shape.threads < 1 || shape.threads > kMostThreads) {
    throw KernelFault("a launch with " + std::to_string(shape.threads) + " threads a block");
  }
  if (shape.grid_x < 0 || shape.grid_y < 0 || shape.grid_x > kMostGridX || shape.grid_y > kMostGridY) {
    throw KernelFault("a launch with a grid of " + std::to_string(shape.grid_x) + " × " + std::to_string(shape.grid_y));
  }
  if (shape.dynamic_bytes > kMostSharedBytes) {
    throw KernelFault("a launch with " + std::to_string(shape.dynamic_bytes) + " bytes of dynamic shared memory");
  }
  Machine& m = machine();
  m.shape = shape;
  m.body = &thread;
  const auto threads = static_cast<std::size_t>(shape.threads);
  if (m.threads.size() < threads) m.threads.resize(threads);
  const Index blocks = shape.grid_x * shape.grid_y;
  for (Index turn = 0; turn < blocks; ++turn) {
    const Index block = m.order == Order::ascending ? turn : blocks - 1 - turn;
    m.x = block % shape.grid_x;
    m.y = block / shape.grid_x;
    run_block(m);
  }
}

int thread_index() { return machine().current; }
Index block_x() { return machine().x; }
Index block_y() { return machine().y; }
const Shape& shape() { return machine().shape; }

void barrier(const char* file, int line) { wait(Turn::at_barrier, file, line); }

double shuffle_down(unsigned mask, double value, unsigned delta, const char* file, int line) {
  Machine& m = machine();
  Thread& thread = current(m);
  thread.mask = mask;
  thread.delta = delta;
  thread.value = value;
  wait(Turn::in_warp, file, line);
  return thread.value;
}

void* static_shared(std::size_t bytes, const char* file, int line) {
  Machine& m = machine();
  auto& [memory, size] = m.statics[{file, line}];
  if (memory == nullptr) {
    memory = poisoned(bytes);
    size = bytes;
    m.static_bytes += static_cast<Index>(bytes);
    if (m.static_bytes + m.shape.dynamic_bytes > kMostSharedBytes) fault("the block's shared memory is above 99 KB");
  }
  if (size != bytes) fault("one static shared array has two sizes");
  return memory.get();
}

char* dynamic_shared() { return machine().dynamic.get(); }

void fault(const std::string& what) { throw KernelFault(what); }

}  // namespace sigmahat::emulator
