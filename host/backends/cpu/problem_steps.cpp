#include "problem_steps.hpp"

#include <algorithm>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "backends/cpu/problem_steps.cpp"  // relative to host/, an include folder
#include <hwy/foreach_target.h>
//
#include <hwy/highway.h>

#include "gaussian.hpp"
#include "gaussian_newton.hpp"

// flatten: the steps are compiled inside these functions, hence for their instruction set.
#define SIGMAHAT_FLATTEN __attribute__((flatten))

HWY_BEFORE_NAMESPACE();
namespace sigmahat::backends::problem_vectors {
namespace HWY_NAMESPACE {

SIGMAHAT_FLATTEN GaussianEvaluation evaluate(Index p, const OneGaussian& g, double* scratch) {
  constexpr steps::SerialTeam team;
  std::copy_n(g.covariance, p * p, g.factor);
  if (!steps::cholesky(team, p, g.factor)) return {};
  steps::whiten(team, p, g.data_mean, g.data_residual, g.data_covariance, g.mean, g.factor, g.offset, g.whitened);
  return steps::evaluate(team, p, g.factor, g.offset, g.whitened, scratch);
}

SIGMAHAT_FLATTEN void target(Index p, bool mean_only, const OneGaussian& g, double* scratch) {
  steps::target(steps::SerialTeam{}, p, mean_only, g.data_mean, g.data_residual, g.data_covariance, g.mean,
                g.covariance, scratch, g.direction_mean, g.direction_covariance);
}

SIGMAHAT_FLATTEN GaussianNewton newton(Index p, const OneGaussian& g, double* work) {
  const steps::NewtonProblem at{g.data_mean,  g.data_residual, g.data_covariance, g.mean,
                                g.covariance, g.factor,        g.offset};
  return steps::newton_target(steps::SerialTeam{}, p, at, {work, work + p * p, work + 2 * p * p}, g.direction_mean,
                              g.direction_covariance);
}

SIGMAHAT_FLATTEN double score(Index p, CovarianceScore convention, const OneGaussian& g) {
  steps::score(steps::SerialTeam{}, p, convention, g.factor, g.offset, g.whitened, g.direction_mean,
               g.direction_covariance);
  return steps::slope(p, convention, g.direction_mean, g.direction_covariance);
}

SIGMAHAT_FLATTEN bool cholesky(Index p, double* a) { return steps::cholesky(steps::SerialTeam{}, p, a); }

SIGMAHAT_FLATTEN void merge(Index p, const steps::MomentsNode& a, const steps::MomentsNode& b, double* delta) {
  steps::merge_moments(steps::SerialTeam{}, p, a, b, delta);
}

SIGMAHAT_FLATTEN ProblemSteps::Norms move(Index count, double keep, double step, const double* from,
                                          const double* direction, double* to) {
  ProblemSteps::Norms norms{0, 0};
  for (Index i = 0; i < count; ++i) {
    const double moved = steps::combine(keep, from[i], step, direction[i]);
    const double change = moved - from[i];
    norms.change_squared = __builtin_fma(change, change, norms.change_squared);
    norms.norm_squared = __builtin_fma(moved, moved, norms.norm_squared);
    to[i] = moved;
  }
  return norms;
}

ProblemSteps table() { return {&evaluate, &target, &newton, &score, &cholesky, &merge, &move}; }

}  // namespace HWY_NAMESPACE
}  // namespace sigmahat::backends::problem_vectors
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace sigmahat::backends::problem_vectors {
HWY_EXPORT(table);
}  // namespace sigmahat::backends::problem_vectors

namespace sigmahat::backends {

ProblemSteps problem_steps() { return HWY_DYNAMIC_DISPATCH(problem_vectors::table)(); }

}  // namespace sigmahat::backends
#endif
