// Nodes of moments as kernels/moments.hpp defines them, centred, and raw ones as kernels/least_squares.hpp does: sequential
// loops.
#pragma once

#include <cmath>
#include <vector>

#include "sigmahat/host/rows.hpp"
#include "sigmahat/kernels/moments_launch.hpp"

namespace sigmahat::test {

/// A node as the definition describes it; the lower triangle of the scatter counts. Raw nodes have zeros for m and c.
struct Node {
  double n = 0;
  std::vector<double> m, c, scatter;
  MomentCounts counts;
};

inline Node defined_block(const RowsView& rows, Index first, Index last, bool drop, bool centred = true) {
  const Index p = rows.columns;
  std::vector<Index> kept;
  Node node{0, std::vector<double>(p), std::vector<double>(p), std::vector<double>(p * p), {}};
  for (Index i = first; i < last; ++i) {
    bool finite = std::isfinite(rows.weight(i));
    for (Index j = 0; j < p; ++j) finite = finite && std::isfinite(rows.at(i, j));
    if (drop && !finite) {
      ++node.counts.dropped;
      continue;
    }
    kept.push_back(i);
    node.n += rows.weight(i);
    if (rows.weight(i) > 0) ++node.counts.rows;
  }
  if (node.n == 0) return node;
  for (Index j = 0; centred && j < p; ++j) {
    double s = 0, t = 0;
    for (const Index i : kept) s = std::fma(rows.weight(i), rows.at(i, j), s);
    node.m[j] = s / node.n;
    if (!std::isfinite(node.m[j])) node.counts.not_finite = 1;
    for (const Index i : kept) t = std::fma(rows.weight(i), rows.at(i, j) - node.m[j], t);
    node.c[j] = t / node.n;
  }
  for (Index j = 0; j < p; ++j) {
    for (Index i = j; i < p; ++i) {
      double sum = 0;
      for (const Index k : kept) {
        sum = std::fma(rows.weight(k) * (rows.at(k, i) - node.m[i]), rows.at(k, j) - node.m[j], sum);
      }
      node.scatter[i + j * p] = centred ? std::fma(-(node.n * node.c[i]), node.c[j], sum) : sum;
    }
  }
  return node;
}

inline Node defined_merge(Index p, Node a, const Node& b, bool centred = true) {
  const MomentCounts counts{a.counts.rows + b.counts.rows, a.counts.dropped + b.counts.dropped,
                            a.counts.not_finite | b.counts.not_finite};
  if (a.n == 0) {
    a = b;
  } else if (b.n != 0 && !centred) {
    for (Index place = 0; place < p * p; ++place) a.scatter[place] += b.scatter[place];
    a.n += b.n;
  } else if (b.n != 0) {
    const double n = a.n + b.n, share = b.n / n, f = a.n * share;
    std::vector<double> d(p);
    for (Index j = 0; j < p; ++j) d[j] = (b.m[j] - a.m[j]) + (b.c[j] - a.c[j]);
    for (Index j = 0; j < p; ++j) {
      for (Index i = j; i < p; ++i) {
        a.scatter[i + j * p] = std::fma(f * d[i], d[j], a.scatter[i + j * p] + b.scatter[i + j * p]);
      }
      const double t = std::fma(d[j], share, a.c[j]), sum = a.m[j] + t, shadow = sum - a.m[j];
      a.c[j] = (a.m[j] - (sum - shadow)) + (t - shadow);
      a.m[j] = sum;
    }
    a.n = n;
  }
  a.counts = counts;
  return a;
}

/// Rows first … last−1 as one data set: node over 2^level blocks from block `place`.
inline Node defined_tree(const RowsView& rows, Index first, Index last, bool drop, bool centred = true) {
  const Index blocks = (last - first + kCanonicalBlock - 1) / kCanonicalBlock;
  if (blocks <= 1) return defined_block(rows, first, last, drop, centred);
  Index left = 1;
  while (2 * left < blocks) left *= 2;
  const Index middle = first + left * kCanonicalBlock;
  return defined_merge(rows.columns, defined_tree(rows, first, middle, drop, centred),
                       defined_tree(rows, middle, last, drop, centred), centred);
}

}  // namespace sigmahat::test
