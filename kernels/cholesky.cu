// Batched Cholesky factors for p ≤ 64. Header: sigmahat/kernels/cholesky_launch.hpp.
#include "sigmahat/kernels/cholesky_launch.hpp"

#include "device/block.cuh"
#include "steps/cholesky.hpp"

namespace sigmahat {
namespace {

using namespace device;

constexpr int kThreads = 128;

SIGMAHAT_KERNEL(kThreads) cholesky_batch(Index p, double* matrices, ProblemStatus* status) {
  SharedCarver carver;
  double* const s_a = carver.take<double>(p * p);
  double* const g_a = matrices + block_x() * p * p;
  const BlockTeam team;
  block_copy(g_a, s_a, p * p);
  team.barrier();
  const bool ok = steps::cholesky(team, p, s_a);
  team.for_each(p * p, [=](Index i) { g_a[i] = ok ? s_a[i] : kCanonicalNaN; });
  if (thread_index() == 0) status[block_x()] = ok ? ProblemStatus::ok : ProblemStatus::not_positive_definite;
}

}  // namespace

LaunchStatus launch_cholesky(DeviceStream stream, Index p, Index count, double* a, ProblemStatus* status) {
  const int threads = p <= 32 ? 64 : kThreads;
  return launch(cholesky_batch, {count}, threads, shared_bytes<double>(p * p), stream, p, a, status);
}

}  // namespace sigmahat
