// What least squares does with the rows of one problem beyond the Gram matrix, block by block, as functions that a backend
// compiles for its instruction set. Rows of weight 0 are not looked at. Written in row_functions.hpp; the same bits in every
// backend.
#pragma once

#include "gram_solve.hpp"

namespace sigmahat::backends {

/// Rows of one canonical block, dropped ones left out: entry (i, j) of z = (x, y) at z[i·q + j].
struct StagedBlock {
  Index count = 0;
  const double* z = nullptr;
  const double* weights = nullptr;  ///< null: 1 each

  double weight(Index i) const { return weights == nullptr ? 1.0 : weights[i]; }
};

/// Residuals r = hi + lo of a block.
struct Residuals {
  double *hi, *lo;
};

struct RowSteps {
  /// Steps 2 to 5 for one problem.
  steps::GramSummary<double> (*solve_gram)(Index k, double weight, const double* mean, double ridge,
                                           const steps::GramWork<double>& work);
  /// r_i = y_i − α − Σ x_ij b_j in twice the precision. α = intercept[0] + intercept[1].
  void (*residuals)(Index k, const StagedBlock& block, const double* intercept, const double* b,
                    const Residuals& residuals);
  /// Adds Σ w_i x_ij r_i to (hi[j], lo[j]) for j < k, and Σ w_i r_i to place k.
  void (*gradient)(Index k, const StagedBlock& block, const Residuals& residuals, double* hi, double* lo);
  /// Adds Σ w_i r_i² to (sum[0], sum[1]).
  void (*sum_of_squares)(const StagedBlock& block, const Residuals& residuals, double* sum);
  /// out[i·stride + j] ← ((z_ij − m_j) − c_j)·s_j·√w_i, untouched where w_i = 0; without an intercept m and c are null. `s` are powers of two.
  void (*standardise)(Index q, Index stride, const StagedBlock& block, const double* mean, const double* residual,
                      const double* s, double* out);
  /// Householder QR (steps/householder.hpp); `stride` is a multiple of 8, `dots` is scratch for `stride` numbers.
  void (*householder)(Index rows, Index columns, Index stride, double* a, double* dots);
  /// The triangle's rank, inverse and pseudo-inverse (steps/householder.hpp).
  Index (*drop_dependent)(Index k, Index q, double* r, const double* reference, double tolerance, Index* accepted,
                          double* dots);
  void (*invert_accepted)(Index q, const double* r, Index rank, const Index* accepted, double* inverse);
  void (*pseudo_inverse)(Index k, Index q, const double* r, const double* scale, Index rank, double* work,
                         double* heads, double* dots, double* pseudo);
  /// scores[i·r + c] ← Σ_j ((x_ij − m_j) − c_j)·root[j·r + c], the row in whitened coordinates.
  void (*scores)(Index k, const StagedBlock& block, const double* mean, const double* residual, Index r,
                 const double* root, double* scores);
  /// sum[a·d + c] += Σ_i v_ia v_ic for c ≤ a, v being [count, d].
  void (*add_outer_products)(Index d, Index count, const double* v, double* sum);
  /// out [n, n] ← root·meat·rootᵀ, root being [n, d], meat [d, d] symmetric; `product` is scratch of n·d.
  void (*congruence)(Index n, Index d, const double* root, const double* meat, double* product, double* out);
};

/// Compiled for the processors that the whole library is compiled for: the reference.
RowSteps plain_row_steps();
/// The version for this processor, chosen at run time (row_steps_vectors.cpp).
RowSteps row_steps();

}  // namespace sigmahat::backends
