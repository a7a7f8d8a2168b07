// What tests ask of the emulated device besides the CUDA API: the order of turns, faults, leaks, and calls that fail.
#pragma once

#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

namespace sigmahat::emulator {

/// A fault in a kernel or in its launch; the stream turns it into cudaErrorLaunchFailure, whose text it becomes.
class KernelFault : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// In which order the blocks of a launch, and the threads of a block, get their turns. Shuffled turns follow the seed in
/// the environment's SIGMAHAT_EMULATOR_SEED (by default 1).
enum class Order { ascending, descending, shuffled };
void set_order(Order order);
std::string schedule_name();

/// The device as new: no fault, no failing call, all memory, calls counted from 0. What was allocated stays.
void reset();
/// So many bytes can still be allocated.
void set_free_memory(std::size_t bytes);
/// What the API's user has created and not destroyed, one line each kind.
std::vector<std::string> leaks();

/// Calls of the CUDA runtime, cuBLAS and cuSOLVER so far.
std::int64_t calls();
/// Lets call number `number` (from 0) fail, with an error that fits it.
void fail_call(std::int64_t number);
/// Name of the call that failed on request; empty while there was none.
std::string failed_call();

/// Whether kernels were compiled with the checker's instrumentation.
bool has_checker();

}  // namespace sigmahat::emulator
