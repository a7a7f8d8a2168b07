// The backends that tests of operations compare.
#pragma once

#include <memory>
#include <vector>

#include "backends/cuda/operations.hpp"
#include "backends/factory.hpp"

namespace sigmahat::test {

/// The CUDA backend with room for few rows at a time, so that small data take many chunks.
inline std::unique_ptr<Operations> make_cuda(Index chunk_bytes = 40000) {
  return std::make_unique<backends::cuda::CudaOperations>(backends::cuda::UsableGpu{0, "under test"}, chunk_bytes);
}

/// What it is compared with; two threads, so that work is divided.
struct Other {
  const char* name;
  std::unique_ptr<Operations> operations;
};
inline std::vector<Other> others() {
  std::vector<Other> all;
  all.push_back({"reference", backends::make_reference()});
  all.push_back({"cpu", backends::make_cpu(2)});
  return all;
}

}  // namespace sigmahat::test
