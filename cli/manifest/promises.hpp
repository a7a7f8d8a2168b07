// What a run's results promise, operation by operation, gathered while its arrays are listed.
#pragma once

#include <algorithm>
#include <map>

#include "sigmahat/host/determinism.hpp"

namespace sigmahat::cli {

class PromisesOfRun {
 public:
  /// `highest`: what the inputs leave to promise. `small`: as in promised().
  PromisesOfRun(bool small, bool on_gpu, Determinism highest = Determinism::d3)
      : small_(small), on_gpu_(on_gpu), highest_(highest) {}

  /// The level of an operation, which is noted as used.
  Determinism of(Promise promise) { return used_[promise] = std::min(promised(promise, small_, on_gpu_), highest_); }
  const std::map<Promise, Determinism>& used() const { return used_; }

 private:
  bool small_, on_gpu_;
  Determinism highest_;
  std::map<Promise, Determinism> used_;
};

}  // namespace sigmahat::cli
