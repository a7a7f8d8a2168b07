// The Gaussian log-likelihood written once more, over any scalar type, by elimination without square roots. It shares
// no code with the library, and with dual numbers as the scalar its derivatives owe nothing to the formulas.
#pragma once

#include <cmath>
#include <numbers>
#include <vector>

#include "sigmahat/kernels/common.hpp"

namespace sigmahat::test {

/// A dense matrix over any scalar; entry (i, j) is at(i, j).
template <class T>
struct DenseMatrix {
  explicit DenseMatrix(Index size) : p(size), values(static_cast<std::size_t>(size * size), T(0)) {}
  T& at(Index i, Index j) { return values[static_cast<std::size_t>(i * p + j)]; }
  const T& at(Index i, Index j) const { return values[static_cast<std::size_t>(i * p + j)]; }

  Index p;
  std::vector<T> values;
};

/// ln|Σ| and tr(Σ⁻¹M) for a matrix Σ that need not be symmetric: Gauss elimination of [Σ M].
template <class T>
struct DeterminantAndTrace {
  T log_determinant{0}, trace{0};

  DeterminantAndTrace(DenseMatrix<T> sigma, DenseMatrix<T> m) {
    using std::log;
    const Index p = sigma.p;
    for (Index k = 0; k < p; ++k) {
      log_determinant += log(sigma.at(k, k));
      for (Index i = k + 1; i < p; ++i) {
        const T factor = sigma.at(i, k) / sigma.at(k, k);
        for (Index j = k; j < p; ++j) sigma.at(i, j) -= factor * sigma.at(k, j);
        for (Index j = 0; j < p; ++j) m.at(i, j) -= factor * m.at(k, j);
      }
    }
    for (Index k = p - 1; k >= 0; --k) {
      for (Index j = 0; j < p; ++j) {
        for (Index i = k + 1; i < p; ++i) m.at(k, j) -= sigma.at(k, i) * m.at(i, j);
        m.at(k, j) /= sigma.at(k, k);
      }
      trace += m.at(k, k);
    }
  }
};

/// ℓ(μ, Σ) = −½[n p ln 2π + n ln|Σ| + tr(Σ⁻¹M(μ))] with M(μ) = M₀ + n(x̄ − μ)(x̄ − μ)ᵀ.
template <class T>
T independent_log_likelihood(double n, const std::vector<double>& x_bar, const DenseMatrix<double>& scatter,
                             const std::vector<T>& mu, const DenseMatrix<T>& sigma) {
  const Index p = sigma.p;
  DenseMatrix<T> m(p);
  for (Index i = 0; i < p; ++i) {
    for (Index j = 0; j < p; ++j) m.at(i, j) = scatter.at(i, j) + n * (x_bar[i] - mu[i]) * (x_bar[j] - mu[j]);
  }
  const DeterminantAndTrace<T> parts(sigma, m);
  const long double constant = static_cast<long double>(p) * std::log(2 * std::numbers::pi_v<long double>);
  return -0.5L * (n * constant + n * parts.log_determinant + parts.trace);
}

}  // namespace sigmahat::test
