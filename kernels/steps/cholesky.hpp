// Cholesky factor and triangular solves of one small problem. Matrices are p × p, column-major, ld = p.
// Every entry is one chain of fma in the order of k, then one division or square root: level D3.
#pragma once

#include "team.hpp"

namespace sigmahat::steps {

/// Replaces the lower triangle of a by L with LLᵀ = a and zeroes the upper one. Returns false at the first pivot that is
/// not positive (NaN included); a is then partly overwritten. p³/3 flops.
///   l_ij = (a_ij − Σ_{k<j} l_ik l_jk) / l_jj,  l_jj = √(a_jj − Σ_{k<j} l_jk²)
template <class Team>
SIGMAHAT_STEP bool cholesky(const Team& team, Index p, double* a) {
  for (Index j = 0; j < p; ++j) {
    team.for_each(p - j, [=](Index offset) {
      const Index i = j + offset;
      double sum = a[i + j * p];
      for (Index k = 0; k < j; ++k) sum = fma(-a[i + k * p], a[j + k * p], sum);
      a[i + j * p] = sum;
    });
    team.barrier();
    const double pivot = a[j + j * p];
    team.barrier();
    if (!(pivot > 0)) return false;
    const double root = sqrt(pivot);
    team.for_each(p, [=](Index i) {
      if (i < j) a[i + j * p] = 0;
      if (i == j) a[i + j * p] = root;
      if (i > j) a[i + j * p] /= root;
    });
    team.barrier();
  }
  return true;
}

/// v ← L⁻¹v for one vector whose element k is v[k·stride]. p² flops.
SIGMAHAT_STEP void forward_substitute(Index p, const double* l, double* v, Index stride) {
  for (Index i = 0; i < p; ++i) {
    double sum = v[i * stride];
    for (Index k = 0; k < i; ++k) sum = fma(-l[i + k * p], v[k * stride], sum);
    v[i * stride] = sum / l[i + i * p];
  }
}

/// v ← L⁻ᵀv for one vector whose element k is v[k·stride]. p² flops.
SIGMAHAT_STEP void back_substitute(Index p, const double* l, double* v, Index stride) {
  for (Index i = p - 1; i >= 0; --i) {
    double sum = v[i * stride];
    for (Index k = p - 1; k > i; --k) sum = fma(-l[k + i * p], v[k * stride], sum);
    v[i * stride] = sum / l[i + i * p];
  }
}

/// Copies the lower triangle onto the upper one.
template <class Team>
SIGMAHAT_STEP void mirror_lower(const Team& team, Index p, double* a) {
  for_each_lower(team, p, [=](Index i, Index j) { a[j + i * p] = a[i + j * p]; });
  team.barrier();
}

}  // namespace sigmahat::steps
