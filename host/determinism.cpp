#include "sigmahat/host/determinism.hpp"

#include <array>
#include <cstddef>

namespace sigmahat {
namespace {

using enum Determinism;

constexpr std::array kPromises = {
    PromiseRow{Promise::moments, "moments, grouped moments", d3, d3, d3, d1},
    PromiseRow{Promise::cholesky, "Cholesky factor, whitening, scores, score norm", d3, d3, d1, d1},
    PromiseRow{Promise::mahalanobis, "Mahalanobis distances", d3, d3, d2, d1},
    PromiseRow{Promise::log_likelihood, "log-likelihood (it takes logarithms)", d2, d1, d1, d1},
    PromiseRow{Promise::ascent, "ascent (its path follows the log-likelihood)", d2, d1, d1, d1},
    PromiseRow{Promise::least_squares,
               "least squares (k ≤ 64): coefficients, classical standard errors, sums of squares, rank, condition, "
               "route, status",
               d3, d3, d1, d1},
    PromiseRow{Promise::least_squares_rows, "least squares: residuals, fitted values, robust errors, covariance", d2,
               d1, d1, d1},
    PromiseRow{Promise::distributions, "p-values, confidence limits", d2, d1, d1, d1},
    PromiseRow{Promise::matrix_functions, "functions of small matrices", d3, d3, d3, d3},
};

constexpr bool are_in_order() {
  for (std::size_t k = 0; k < kPromises.size(); ++k) {
    if (static_cast<std::size_t>(kPromises[k].promise) != k) return false;
  }
  return kPromises.back().promise == Promise::matrix_functions;  // the last
}
static_assert(are_in_order());

const PromiseRow& row_of(Promise promise) { return kPromises[static_cast<std::size_t>(promise)]; }

}  // namespace

const char* to_string(Determinism level) {
  switch (level) {
    case d1: return "D1";
    case d2: return "D2";
    case d3: return "D3";
  }
  return "D1";
}

std::span<const PromiseRow> promises() { return kPromises; }

const char* to_string(Promise promise) { return row_of(promise).operation; }

Determinism promised(Promise promise, bool small, bool on_gpu) {
  const PromiseRow& row = row_of(promise);
  if (small) return on_gpu ? row.small_gpu : row.small_cpu;
  return on_gpu ? row.large_gpu : row.large_cpu;
}

}  // namespace sigmahat
