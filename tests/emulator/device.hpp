// The emulated device behind the CUDA runtime, cuBLAS and cuSOLVER: streams whose work runs when it is waited for, and
// a record of what exists.
#pragma once

#include <omp.h>

#include <functional>
#include <string>

#include "control.hpp"
#include "memory.hpp"

struct CUstream_st;

namespace sigmahat::emulator {

/// Counts a call of the API. True where it is the one that must fail.
bool must_fail(const char* call);

/// Whether a fault has happened: until reset() nothing is allocated, copied or launched any more.
bool is_lost();
/// Runs everything that is queued.
void wait_for_device();

/// Objects of the API, for leaks(): counts up and down by kind.
void created(const char* kind);
void destroyed(const char* kind);

/// Whether the handle is a stream that exists. The default stream is none: everything has a stream of its own.
bool is_stream(CUstream_st* stream);
/// Appends work to the stream. It runs when the stream is waited for, not earlier: what is read too soon is old, and
/// what the host changes too soon is new.
/// After a fault nothing runs any more but what releases memory.
void enqueue_work(CUstream_st* stream, std::function<void()> work, bool releases = false);

/// For work that runs: throws a KernelFault where the bytes are no device memory, or have not been written.
void require_device(const char* call, const char* argument, const void* first, std::size_t bytes, bool reads);

/// BLAS and LAPACK on one thread while this lives: the matrices of tests are small, and idle OpenMP threads spin.
class OneThread {
 public:
  OneThread() : before_(omp_get_max_threads()) { omp_set_num_threads(1); }
  ~OneThread() { omp_set_num_threads(before_); }
  OneThread(const OneThread&) = delete;
  OneThread& operator=(const OneThread&) = delete;

 private:
  int before_;
};

}  // namespace sigmahat::emulator

/// First line of every function of the API.
#define SIGMAHAT_EMULATED_CALL(error) \
  if (::sigmahat::emulator::must_fail(__func__)) return error
/// The same for functions of the runtime that a fault has made useless.
#define SIGMAHAT_EMULATED_WORK(error) \
  SIGMAHAT_EMULATED_CALL(error);      \
  if (::sigmahat::emulator::is_lost()) return cudaErrorLaunchFailure
