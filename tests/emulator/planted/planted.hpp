// Small kernels with one fault each, beside twins that differ in that place alone. The checks are in emulator_test.cpp.
#pragma once

#include <vector>

#include "device/portable.cuh"

namespace sigmahat::test {

/// What planted kernels work on.
struct PlantedMemory {
  static constexpr Index kNumbers = 128, kCounts = 8;
  const double* numbers = nullptr;  // kNumbers of them: 0, 1, 2, …
  double* result = nullptr;         // kNumbers, nothing written to them
  Index* counts = nullptr;          // kCounts zeros
};

/// The first numbers of the result: first, first + step, …
struct Progression {
  Index count;
  double first, step;
};

/// What shows the fault.
enum class Evidence {
  checker,    // a message that needs the checker's instrumentation
  scheduler,  // a message of barriers, warps, carvers and the like, in every build
  shape,      // a message before any thread has run: without line and thread
  poison,     // no message, but a result that is NaN
  sanitizer   // none of the emulator's own: the address sanitizer ends the program
};

struct Planted {
  /// The kernel's name. Lines that end in "// BUG name" are those that the message has to name.
  const char* name;
  Evidence evidence;
  /// Words of the message that say what to look at.
  const char* hint;
  /// What the twin computes.
  Progression expected;
  LaunchStatus (*launch)(DeviceStream stream, const PlantedMemory& memory, bool planted);
};

std::vector<Planted> planted_accesses();
std::vector<Planted> planted_arithmetic();
std::vector<Planted> planted_pointers();
std::vector<Planted> planted_initialisation();
std::vector<Planted> planted_races();
std::vector<Planted> planted_barriers();
std::vector<Planted> planted_copies();
std::vector<Planted> planted_blocks();

// Kernels without a fault (correct.cu).

/// Doubles `count` numbers in place.
LaunchStatus launch_doubling(DeviceStream stream, Index count, double* numbers);
/// turns[k] ← which block had the k-th turn. `ticket` is 0 before.
LaunchStatus launch_order_of_blocks(DeviceStream stream, Index blocks, Index* ticket, double* turns);
/// turns[k] ← which thread of the one block had the k-th turn.
LaunchStatus launch_order_of_threads(DeviceStream stream, int threads, Index* ticket, double* turns);
/// One block of `threads` does `steps` steps: in step s thread t does actions[s·threads + t], and after it comes the
/// barrier barriers[s], or a warp_barrier() of its lanes where it is a mask. An action is 3·word + Action, the words are
/// kProgramWords ints of shared memory.
enum Action { read_word, write_word, add_to_word, no_action = -1 };
enum Barrier { no_barrier, of_warp, of_block };  // above: masks of several lanes
inline constexpr int kProgramWords = 2;
LaunchStatus launch_program(DeviceStream stream, int threads, int steps, const int* actions, const int* barriers,
                            int* sink);
/// Correct kernels that a careless checker would complain of: result[0 … 64) ← 0, 1, 2, …
std::vector<Planted> innocent();

}  // namespace sigmahat::test
