// What each operation promises about the bits of its results: the table of ARCHITECTURE.md, section Determinism.
#pragma once

#include <span>

namespace sigmahat {

/// A promise that covers the same program, options and inputs.
enum class Determinism : int {
  d1 = 1,  ///< the same bits from run to run on one machine
  d2 = 2,  ///< also for any number of threads, pieces of input, and place of a problem in its batch
  d3 = 3,  ///< also across CPU instruction sets and backends
};
/// "D1", "D2", "D3".
const char* to_string(Determinism level);

enum class Promise : int {
  moments,
  cholesky,  ///< factors, ranks, whitening, scores
  mahalanobis,
  log_likelihood,      ///< takes logarithms
  ascent,              ///< its path follows the log-likelihood
  least_squares,       ///< coefficients, classical standard errors, sums of squares, rank, condition, route, status
  least_squares_rows,  ///< residuals, fitted values, robust errors, covariance
  distributions,       ///< p-values, confidence limits
  matrix_functions,    ///< batched, of small matrices, by +, −, ×, ÷, √ alone
};

/// A row of the table.
struct PromiseRow {
  Promise promise;
  const char* operation;  ///< the first column, in the page's words
  Determinism small_cpu, small_gpu, large_cpu, large_gpu;
};
std::span<const PromiseRow> promises();

const char* to_string(Promise promise);

/// The level of an operation where it ran. `small`: p ≤ 64, or for least squares k ≤ 64 predictors.
Determinism promised(Promise promise, bool small, bool on_gpu);

}  // namespace sigmahat
