// Eigenvalues and eigenvectors of one small symmetric matrix by Jacobi's rotations, in a fixed order. Matrices are p × p,
// column-major, ld = p. Only + − × ÷ √ and fma, each entry by one chain: level D3.
#pragma once

#include "team.hpp"

namespace sigmahat::steps {

/// Sweeps over all pairs; six to ten are enough for any matrix that was met, and more than this is given up.
constexpr Index kMostSweeps = 30;

/// Two rows that are rotated into each other, first < second; second = p where p is odd and the first has a rest.
struct JacobiPair {
  Index first, second;
};

/// Pair k of a round: a tournament of `players` (even), of whom the last sits still and the others move on by one place
/// a round, so that in players − 1 rounds everyone meets everyone once. The pairs of a round have no row in common.
SIGMAHAT_STEP JacobiPair jacobi_pair(Index players, Index round, Index k) {
  const Index last = players - 1;
  if (k == 0) return {round, last};
  const Index a = round + k < last ? round + k : round + k - last;
  const Index b = round - k >= 0 ? round - k : round - k + last;
  return a < b ? JacobiPair{a, b} : JacobiPair{b, a};
}

/// The rotation of (first, second) that makes their entry zero: diagonal and that entry of a are updated, cosine and sine
/// are left in c and s. An entry that is rounding beside its diagonal is left alone, a NaN is not: it spreads. Returns
/// whether there was a rotation.
///   τ = (a_qq − a_pp)/2a_pq,  t = sign(τ)/(|τ| + √(1 + τ²)),  a_pp ← a_pp − t·a_pq,  a_qq ← a_qq + t·a_pq
SIGMAHAT_STEP bool jacobi_rotation(Index p, JacobiPair pair, double* a, double* c, double* s) {
  constexpr double kNegligible = 0x1p-53;
  *c = 1;
  *s = 0;
  if (pair.second == p) return false;
  const Index i = pair.first, j = pair.second;
  const double entry = a[i + j * p], upper = a[i + i * p], lower = a[j + j * p];
  if (fabs(entry) <= kNegligible * (sqrt(fabs(upper)) * sqrt(fabs(lower)))) return false;
  const double tau = (lower - upper) / (2 * entry);
  const double size = 1 / (fabs(tau) + sqrt(fma(tau, tau, 1.0)));
  const double t = tau < 0 ? -size : size;
  *c = 1 / sqrt(fma(t, t, 1.0));
  *s = t * *c;
  a[i + i * p] = fma(-t, entry, upper);
  a[j + j * p] = fma(t, entry, lower);
  a[i + j * p] = a[j + i * p] = 0;
  return true;
}

/// The entries of a that both pairs touch: rows of the one, columns of the other, rotated from both sides, with their
/// mirror images.
SIGMAHAT_STEP void jacobi_block(Index p, JacobiPair rows, JacobiPair columns, double row_c, double row_s,
                                double column_c, double column_s, double* a) {
  const bool tall = rows.second < p, broad = columns.second < p;
  double* const left = a + columns.first * p;
  double* const right = a + columns.second * p;
  const double x = left[rows.first], y = broad ? right[rows.first] : 0;
  const double z = tall ? left[rows.second] : 0, w = tall && broad ? right[rows.second] : 0;
  const double x1 = fma(column_c, x, -(column_s * y)), y1 = fma(column_s, x, column_c * y);
  const double z1 = fma(column_c, z, -(column_s * w)), w1 = fma(column_s, z, column_c * w);
  const auto store = [=](Index i, Index j, double value) { a[i + j * p] = a[j + i * p] = value; };
  store(rows.first, columns.first, fma(row_c, x1, -(row_s * z1)));
  if (broad) store(rows.first, columns.second, fma(row_c, y1, -(row_s * w1)));
  if (tall) store(rows.second, columns.first, fma(row_s, x1, row_c * z1));
  if (tall && broad) store(rows.second, columns.second, fma(row_s, y1, row_c * w1));
}

/// One round: all its rotations, each from both sides of a and from the right of v. rotated[k] ← 1 where pair k turned.
template <class Team>
SIGMAHAT_STEP void jacobi_round(const Team& team, Index p, Index round, double* a, double* v, double* cosines,
                                double* sines, double* rotated) {
  const Index players = p + p % 2, pairs = players / 2;
  team.for_each(pairs, [=](Index k) {
    if (jacobi_rotation(p, jacobi_pair(players, round, k), a, cosines + k, sines + k)) rotated[k] = 1;
  });
  team.barrier();
  for_each_entry(team, pairs, pairs, [=](Index k, Index l) {
    if (k <= l || (sines[k] == 0 && sines[l] == 0)) return;
    jacobi_block(p, jacobi_pair(players, round, k), jacobi_pair(players, round, l), cosines[k], sines[k], cosines[l],
                 sines[l], a);
  });
  for_each_entry(team, p, pairs, [=](Index i, Index k) {
    if (sines[k] == 0) return;
    const JacobiPair pair = jacobi_pair(players, round, k);
    const double x = v[i + pair.first * p], y = v[i + pair.second * p];
    v[i + pair.first * p] = fma(cosines[k], x, -(sines[k] * y));
    v[i + pair.second * p] = fma(sines[k], x, cosines[k] * y);
  });
  team.barrier();
}

/// a = v·diag(λ)·vᵀ for a symmetric a with both triangles stored: λ_i is left in a_ii, in no order. `scratch` has
/// 3(p + 1)/2 numbers. Returns false where kMostSweeps did not suffice, as with a NaN they do not; all threads return the
/// same. About 9p³ flops a sweep.
template <class Team>
SIGMAHAT_STEP bool symmetric_eigen(const Team& team, Index p, double* a, double* v, double* scratch) {
  const Index players = p + p % 2, pairs = players / 2;
  double *const cosines = scratch, *const sines = scratch + pairs, *const rotated = scratch + 2 * pairs;
  for_each_entry(team, p, p, [=](Index i, Index j) { v[i + j * p] = i == j ? 1 : 0; });
  for (Index sweep = 0; sweep < kMostSweeps; ++sweep) {
    team.for_each(pairs, [=](Index k) { rotated[k] = 0; });
    team.barrier();
    for (Index round = 0; round < players - 1; ++round) jacobi_round(team, p, round, a, v, cosines, sines, rotated);
    bool turned = false;
    for (Index k = 0; k < pairs; ++k) turned = turned || rotated[k] != 0;
    team.barrier();
    if (!turned) return true;
  }
  return false;
}

}  // namespace sigmahat::steps
