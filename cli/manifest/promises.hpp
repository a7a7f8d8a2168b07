// What a run's results promise, operation by operation, gathered while its arrays are listed.
#pragma once

#include <algorithm>
#include <map>
#include <string_view>

#include "sigmahat/host/determinism.hpp"

namespace sigmahat::cli {

/// Of the name of a device: "cuda:0".
inline bool is_gpu(std::string_view device) { return device.starts_with("cuda"); }

class PromisesOfRun {
 public:
  /// `highest`: what the inputs leave to promise. `small`: as in promised().
  PromisesOfRun(bool small, bool on_gpu, Determinism highest = Determinism::d3)
      : small_(small), on_gpu_(on_gpu), highest_(highest) {}

  /// The level of an operation, which is noted as used.
  Determinism use(Promise promise) { return used_[promise] = std::min(promised(promise, small_, on_gpu_), highest_); }
  const std::map<Promise, Determinism>& used() const { return used_; }

 private:
  bool small_, on_gpu_;
  Determinism highest_;
  std::map<Promise, Determinism> used_;
};

}  // namespace sigmahat::cli
