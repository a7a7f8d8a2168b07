// The running launch: its threads and what orders their memory accesses. Shared by the scheduler (emulator.cpp) and the
// checker (checker.cpp).
#pragma once

#include <string>
#include <vector>

#include "emulator.hpp"
#include "fiber.hpp"
#include "memory.hpp"

namespace sigmahat::emulator {

enum class Turn { ready, at_barrier, in_warp, done };

/// A copy from global to shared memory that has been issued and not waited for.
struct PendingCopy {
  int group;
  void* to;
  const void* from;
  std::size_t bytes;
  const void* place;  // in the program
  char value[16];     // of the source when it was issued
};

/// One CUDA thread.
struct Thread {
  Fiber fiber;
  Turn turn = Turn::ready;
  Site site = Site::here();  // where it waits
  unsigned mask = 0;         // of the warp operation it waits in
  LaneValue value{};
  void (*resolve)(unsigned, LaneValues&) = nullptr;
  bool orders_memory = false;
  /// seen[l]: accesses of lane l of this warp up to that clock come before this thread's next one.
  std::uint32_t seen[device::kWarp] = {};
  std::uint32_t fence_phase = 0;             // of the last device_fence()
  std::uint32_t fenced[device::kWarp] = {};  // and what the thread had seen by then
  int copy_group = 0;
  std::vector<PendingCopy> copies;
};

/// What a fence made visible to whoever sees an atomic operation after it: accesses of the block before a phase, and in
/// that phase what the fencing thread had seen of its own warp. The operation itself counts, too.
struct Release {
  const void* address;
  std::uint32_t first_phase, last_phase;
  int thread;
  std::uint32_t seen[device::kWarp];
  std::uint32_t operation;  // the thread's clock
};
/// A release that a thread of the running block has seen; the others see it after a barrier with that thread.
struct Acquired {
  Release release;
  std::uint32_t phase, clock;
  int thread;
};

struct Machine {
  const Launch* launch = nullptr;
  Index x = 0, y = 0;  // the running block
  int current = 0;     // the running thread
  std::vector<Thread> threads;
  std::string fault;

  // Phases count the barriers of all blocks of all launches, so that times can be compared.
  std::uint32_t phase = 0, block_phase = 0, launch_phase = 0;
  std::vector<std::uint32_t> block_phases;            // first phase of each block so far
  std::vector<std::pair<Index, Index>> block_places;  // and its place in the grid
  std::vector<Release> releases;
  std::vector<Acquired> acquired;

  // Shared memory of the running block.
  Arena shared{std::size_t{1} << 20};
  std::size_t shared_used = 0;
  Index static_bytes = 0;
  std::vector<std::pair<const char*, std::size_t>> arrays;  // in ascending order
  struct Carved {
    Index offset;
    std::size_t bytes;
    char* data;
  };
  std::vector<Carved> carved;

  Thread& thread() { return threads[static_cast<std::size_t>(current)]; }
};

extern Machine the_machine;
inline Machine& machine() { return the_machine; }

/// "thread 3 of block (0, 0)"
std::string thread_name(int thread, Index x, Index y);

/// Ends the launch with this fault; the running thread never goes on.
[[noreturn]] void stop(const std::string& what);

/// Whether accesses of the calling OS thread are a kernel's: off inside the emulator.
extern thread_local bool checking;
/// Stands in every function that kernels call.
class InsideEmulator {
 public:
  InsideEmulator() : before_(checking) { checking = false; }
  ~InsideEmulator() { checking = before_; }
  InsideEmulator(const InsideEmulator&) = delete;
  InsideEmulator& operator=(const InsideEmulator&) = delete;

 private:
  bool before_;
};

/// Checks an access by the running thread and notes it; stops at a fault. `place` is an address in the program.
enum class Kind { read, write, atomic };
void check_access(const void* address, std::size_t bytes, Kind kind, const void* place);

/// "kernels/moments.cu:97" of an address in the program (with the inlined calls around it), and the name of a function.
std::string source_line(const void* place);
/// A path and what follows it, without the project's own folder.
std::string shortened(const std::string& line);
std::string function_name(const void* function);
/// Offset of an address in the program, and back.
std::uint32_t to_place(const void* address);
const void* from_place(std::uint32_t place);

}  // namespace sigmahat::emulator
