// The two passes over rows: a tree of nodes for p ≤ 64, one matrix C with panels of means above.
#pragma once

#include <memory>
#include <vector>

#include "moments_block.hpp"
#include "sigmahat/host/operations.hpp"

namespace sigmahat::backends {

/// A pass that can be used for one data set after another without new memory.
class ReusableMomentsPass : public MomentsPass {
 public:
  virtual void reset() = 0;
};

/// p ≤ 64: threads share the blocks. Level D3.
std::unique_ptr<ReusableMomentsPass> make_small_pass(Index columns, MissingRows missing, int threads);
/// Any p: threads share columns while packing and tiles while multiplying. Same bits for any number of threads.
std::unique_ptr<ReusableMomentsPass> make_large_pass(Index columns, MissingRows missing, int threads);

}  // namespace sigmahat::backends
