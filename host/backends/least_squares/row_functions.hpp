// The functions of RowSteps, written once. Every table of RowSteps inlines them, so that they are compiled for its
// instruction set. Loops over columns are innermost where they can be: those the compiler turns into vectors.
#pragma once

#include "double_double.hpp"
#include "householder.hpp"
#include "row_steps.hpp"

namespace sigmahat::backends::row_functions {

inline void residuals(Index k, const StagedBlock& block, const double* intercept, const double* b,
                      const Residuals& out) {
  for (Index i = 0; i < block.count; ++i) {
    const double* const z = block.z + i * (k + 1);
    double hi = z[k], lo = -intercept[1];
    steps::add_compensated(-intercept[0], hi, lo);
    for (Index j = 0; j < k; ++j) steps::add_product(-z[j], b[j], hi, lo);
    out.hi[i] = hi + lo;
    out.lo[i] = (hi - out.hi[i]) + lo;
  }
}

inline void gradient(Index k, const StagedBlock& block, const Residuals& r, double* hi, double* lo) {
  for (Index i = 0; i < block.count; ++i) {
    if (block.weight(i) == 0) continue;
    const double* const z = block.z + i * (k + 1);
    double t = r.hi[i], t_lo = r.lo[i];
    if (block.weights != nullptr) {
      const double w = block.weights[i];
      t = w * r.hi[i];
      t_lo = fma(w, r.lo[i], fma(w, r.hi[i], -t));
    }
    for (Index j = 0; j < k; ++j) steps::add_product(z[j], t, t_lo, hi[j], lo[j]);
    lo[k] += t_lo;
    steps::add_compensated(t, hi[k], lo[k]);
  }
}

inline void sum_of_squares(const StagedBlock& block, const Residuals& r, double* sum) {
  for (Index i = 0; i < block.count; ++i) {
    if (block.weight(i) == 0) continue;
    const double weighted = block.weights == nullptr ? r.hi[i] : block.weights[i] * r.hi[i];
    steps::add_product(weighted, r.hi[i], 2 * r.lo[i], sum[0], sum[1]);
  }
}

inline void standardise(Index q, Index stride, const StagedBlock& block, const double* mean, const double* residual,
                        const double* s, double* out) {
  for (Index i = 0; i < block.count; ++i) {
    const double root = sqrt(block.weight(i));
    const double* const z = block.z + i * q;
    if (root == 0) continue;  // the row of `out` stays zero
    for (Index j = 0; j < q; ++j) {
      const double deviation = mean == nullptr ? z[j] : (z[j] - mean[j]) - residual[j];
      out[i * stride + j] = (deviation * s[j]) * root;
    }
  }
}

inline void scores(Index k, const StagedBlock& block, const double* mean, const double* residual, Index r,
                   const double* root, double* out) {
  for (Index i = 0; i < block.count; ++i) {
    const double* const x = block.z + i * (k + 1);
    double* const row = out + i * r;
    for (Index c = 0; c < r; ++c) row[c] = 0;
    for (Index j = 0; j < k; ++j) {
      const double deviation = mean == nullptr ? x[j] : (x[j] - mean[j]) - residual[j];
      for (Index c = 0; c < r; ++c) row[c] = fma(deviation, root[j * r + c], row[c]);
    }
  }
}

inline void add_outer_products(Index d, Index count, const double* v, double* sum) {
  for (Index i = 0; i < count; ++i) {
    const double* const row = v + i * d;
    for (Index a = 0; a < d; ++a) {
      for (Index c = 0; c <= a; ++c) sum[a * d + c] = fma(row[a], row[c], sum[a * d + c]);
    }
  }
}

inline void congruence(Index n, Index d, const double* root, const double* meat, double* product, double* out) {
  for (Index i = 0; i < n; ++i) {
    double* const row = product + i * d;
    for (Index c = 0; c < d; ++c) row[c] = 0;
    for (Index a = 0; a < d; ++a) {
      for (Index c = 0; c < d; ++c) row[c] = fma(root[i * d + a], meat[a * d + c], row[c]);
    }
    for (Index j = 0; j <= i; ++j) {
      double sum = 0;
      for (Index c = 0; c < d; ++c) sum = fma(row[c], root[j * d + c], sum);
      out[i * n + j] = out[j * n + i] = sum;
    }
  }
}

}  // namespace sigmahat::backends::row_functions
