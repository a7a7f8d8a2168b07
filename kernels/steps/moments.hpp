// Merging of two moment nodes, written once for the CPU and for CUDA. Formulas: kernels/moments.hpp.
#pragma once

#include "team.hpp"

namespace sigmahat::steps {

/// The pair (sum, error) with sum + error = a + b exactly. Source: Knuth, TAOCP vol. 2, 4.2.2, theorem B.
struct Pair {
  double sum, error;
};
SIGMAHAT_STEP Pair two_sum(double a, double b) {
  const double sum = a + b;
  const double shadow = sum - a;
  return {sum, (a - (sum - shadow)) + (b - shadow)};
}

/// One node of the tree: weight n, mean pair (mean, residual), scatter [p, p] of which the lower triangle is kept.
struct MomentsNode {
  double* weight;
  double* mean;
  double* residual;
  double* scatter;
};

/// a ← merge(a, b), a being the earlier node; `delta` is scratch for p numbers. About 2p² flops.
template <class Team>
SIGMAHAT_STEP void merge_moments(const Team& team, Index p, const MomentsNode& a, const MomentsNode& b, double* delta) {
  const double n_a = *a.weight, n_b = *b.weight;
  team.barrier();
  if (n_b == 0) return;
  if (n_a == 0) {
    team.for_each(p * p, [=](Index i) { a.scatter[i] = b.scatter[i]; });
    team.for_each(p, [=](Index i) {
      a.mean[i] = b.mean[i];
      a.residual[i] = b.residual[i];
      if (i == 0) *a.weight = n_b;
    });
    team.barrier();
    return;
  }
  const double n = n_a + n_b, share = n_b / n, factor = n_a * share;
  team.for_each(p, [=](Index i) { delta[i] = (b.mean[i] - a.mean[i]) + (b.residual[i] - a.residual[i]); });
  team.barrier();
  for_each_lower(team, p, [=](Index i, Index j) {
    const Index place = i + j * p;
    a.scatter[place] = fma(factor * delta[i], delta[j], a.scatter[place] + b.scatter[place]);
  });
  team.for_each(p, [=](Index i) {
    const Pair mean = two_sum(a.mean[i], fma(delta[i], share, a.residual[i]));
    a.mean[i] = mean.sum;
    a.residual[i] = mean.error;
    if (i == 0) *a.weight = n;
  });
  team.barrier();
}

}  // namespace sigmahat::steps
