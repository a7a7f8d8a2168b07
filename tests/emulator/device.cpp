#include "device.hpp"

#include <deque>
#include <map>
#include <memory>
#include <set>

#include <cuda_runtime_api.h>
#include "machine.hpp"

struct Work {
  std::function<void()> run;
  bool releases;
};
struct CUstream_st {
  std::deque<Work> work;
};

namespace sigmahat::emulator {

void run(const Launch& launch);

namespace {

struct Device {
  std::string fault;  // the first one; later calls report it, as on a GPU
  std::int64_t calls = 0, failing = -1;
  std::string failed;
  std::map<std::string, int> objects;
  std::set<CUstream_st*> streams;
};
Device& device() {
  static Device the_device;
  return the_device;
}

/// Runs what is queued.
cudaError_t drain(CUstream_st* stream) {
  while (!stream->work.empty()) {
    const Work work = std::move(stream->work.front());
    stream->work.pop_front();
    if (!device().fault.empty() && !work.releases) continue;
    try {
      work.run();
    } catch (const KernelFault& fault) {
      if (device().fault.empty()) device().fault = fault.what();
    }
  }
  return device().fault.empty() ? cudaSuccess : cudaErrorLaunchFailure;
}

}  // namespace

void reset() {
  device().fault.clear();
  device().failed.clear();
  device().calls = 0;
  device().failing = -1;
  global_memory().set_most_bytes(global_memory().arena_bytes());
}

void set_free_memory(std::size_t bytes) { global_memory().set_most_bytes(global_memory().live_bytes() + bytes); }

std::vector<std::string> leaks() {
  std::vector<std::string> lines;
  for (const auto& [kind, count] : device().objects) {
    if (count != 0) lines.push_back(std::to_string(count) + " × " + kind);
  }
  if (global_memory().live() != 0) lines.push_back(std::to_string(global_memory().live()) + " × device memory");
  return lines;
}

bool has_checker() { return SIGMAHAT_HAS_CHECKER != 0; }

std::int64_t calls() { return device().calls; }
void fail_call(std::int64_t number) { device().failing = number; }
std::string failed_call() { return device().failed; }

bool must_fail(const char* call) {
  const bool failing = device().calls++ == device().failing;
  if (failing) device().failed = call;
  return failing;
}

bool is_lost() { return !device().fault.empty(); }

void wait_for_device() {
  for (CUstream_st* const stream : device().streams) drain(stream);
}

void created(const char* kind) { ++device().objects[kind]; }
void destroyed(const char* kind) { --device().objects[kind]; }

bool is_stream(CUstream_st* stream) { return device().streams.count(stream) != 0; }

void enqueue_work(CUstream_st* stream, std::function<void()> work, bool releases) {
  stream->work.push_back({std::move(work), releases});
}

void require_device(const char* call, const char* argument, const void* first, std::size_t bytes, bool reads) {
  const std::string objection = global_memory().objection(first, bytes, reads && has_checker());
  if (!objection.empty()) throw KernelFault(std::string(call) + ": " + argument + " " + objection);
}

int enqueue(DeviceStream stream, Launch launch) {
  if (must_fail("cudaLaunchKernelExC")) return cudaErrorMemoryAllocation;
  if (is_lost()) return cudaErrorLaunchFailure;
  if (!is_stream(stream)) {
    device().fault =
        "kernel " + function_name(reinterpret_cast<const void*>(launch.kernel)) + ": a launch on " +
        (stream == nullptr ? "the default stream (null)" : "a stream that was destroyed or never created") +
        ". Pass the stream of the context.";
    return cudaErrorInvalidResourceHandle;
  }
  const auto queued = std::make_shared<const Launch>(std::move(launch));
  enqueue_work(stream, [queued] { run(*queued); });
  return cudaSuccess;
}

}  // namespace sigmahat::emulator

using sigmahat::emulator::device;

extern "C" {

const char* cudaGetErrorString(cudaError_t error) {
  if (error != cudaSuccess && sigmahat::emulator::is_lost()) return device().fault.c_str();
  return error == cudaSuccess ? "no error" : "an error of the emulated device";
}

cudaError_t cudaStreamCreateWithFlags(cudaStream_t* stream, unsigned) {
  SIGMAHAT_EMULATED_CALL(cudaErrorMemoryAllocation);
  *stream = new CUstream_st;
  device().streams.insert(*stream);
  sigmahat::emulator::created("stream");
  return cudaSuccess;
}

cudaError_t cudaStreamSynchronize(cudaStream_t stream) {
  if (!sigmahat::emulator::is_stream(stream)) return cudaErrorInvalidResourceHandle;
  const cudaError_t status = sigmahat::emulator::drain(stream);
  SIGMAHAT_EMULATED_CALL(cudaErrorUnknown);  // the wait is over when it fails
  return status;
}

cudaError_t cudaStreamDestroy(cudaStream_t stream) {
  // A failing destruction would leave its object in the books, as a leak of the caller's.
  if (!sigmahat::emulator::is_stream(stream)) return cudaErrorInvalidResourceHandle;
  const cudaError_t status = sigmahat::emulator::drain(stream);
  device().streams.erase(stream);
  delete stream;
  sigmahat::emulator::destroyed("stream");
  SIGMAHAT_EMULATED_CALL(cudaErrorUnknown);
  return status;
}

}  // extern "C"
