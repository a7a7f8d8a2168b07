// Time on the device, between two events.
#pragma once

#include <functional>

#include "backends/cuda/gpu.hpp"

namespace sigmahat::bench {

class DeviceTimer {
 public:
  explicit DeviceTimer(backends::cuda::Gpu& gpu) : gpu_(gpu), start_(make_event()), end_(make_event()) {}

  /// Seconds that what `queue` queues takes on the stream.
  double seconds(const std::function<void()>& queue) {
    using backends::cuda::check;
    gpu_.synchronise();
    check(cudaEventRecord(start_.get(), gpu_.stream()), "cudaEventRecord");
    queue();
    check(cudaEventRecord(end_.get(), gpu_.stream()), "cudaEventRecord");
    check(cudaEventSynchronize(end_.get()), "cudaEventSynchronize");
    float milliseconds = 0;
    check(cudaEventElapsedTime(&milliseconds, start_.get(), end_.get()), "cudaEventElapsedTime");
    return milliseconds * 1e-3;
  }

 private:
  using Event = std::unique_ptr<std::remove_pointer_t<cudaEvent_t>, backends::cuda::Destroyer<cudaEventDestroy>>;

  static Event make_event() {
    cudaEvent_t event = nullptr;
    backends::cuda::check(cudaEventCreate(&event), "cudaEventCreate");
    return Event(event);
  }

  backends::cuda::Gpu& gpu_;
  Event start_, end_;
};

}  // namespace sigmahat::bench
