// Who shares the work of one problem. The mathematics in kernels/steps/ is written once over a Team: one CPU thread
// (SerialTeam), or the threads of a CUDA block (device/block.cuh). A Team divides entries, never the chain of operations
// that forms one entry, so all Teams give the same bits.
#pragma once

#include <cmath>

#include "sigmahat/kernels/common.hpp"

#if defined(__CUDACC__)
#define SIGMAHAT_STEP __host__ __device__ inline
#else
#define SIGMAHAT_STEP inline
#endif

namespace sigmahat::steps {

/// One thread does everything; barriers cost nothing.
struct SerialTeam {
  /// Calls f(i) for i = 0 … count−1; in other Teams the calls run concurrently.
  template <class F>
  SIGMAHAT_STEP void for_each(Index count, F&& f) const {
    for (Index i = 0; i < count; ++i) f(i);
  }
  /// All writes before it are visible to the whole Team after it.
  SIGMAHAT_STEP void barrier() const {}
};

/// Calls f(i, j) for every entry of a rows × columns matrix, for one thread in storage order.
template <class Team, class F>
SIGMAHAT_STEP void for_each_entry(const Team& team, Index rows, Index columns, F&& f) {
  team.for_each(rows * columns, [=](Index place) { f(place % rows, place / rows); });
}
template <class F>
SIGMAHAT_STEP void for_each_entry(const SerialTeam&, Index rows, Index columns, F&& f) {
  for (Index j = 0; j < columns; ++j) {
    for (Index i = 0; i < rows; ++i) f(i, j);
  }
}

/// Calls f(i, j) for every entry i ≥ j of a p × p matrix.
template <class Team, class F>
SIGMAHAT_STEP void for_each_lower(const Team& team, Index p, F&& f) {
  for_each_entry(team, p, p, [=](Index i, Index j) {
    if (i >= j) f(i, j);
  });
}
template <class F>
SIGMAHAT_STEP void for_each_lower(const SerialTeam&, Index p, F&& f) {
  for (Index j = 0; j < p; ++j) {
    for (Index i = j; i < p; ++i) f(i, j);
  }
}

}  // namespace sigmahat::steps
