#include "pivoted_rank.hpp"

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

namespace sigmahat::backends {
namespace {

/// The lower triangle of DaD, or an empty vector where an entry is not finite.
std::vector<double> scaled_copy(Index p, const double* a) {
  std::vector<int> exponent(static_cast<std::size_t>(p), 0);
  for (Index i = 0; i < p; ++i) {
    const double variance = a[i + i * p];
    if (variance > 0 && std::isfinite(variance)) exponent[i] = static_cast<int>(std::floor(std::ilogb(variance) / 2.0));
  }
  std::vector<double> scaled(static_cast<std::size_t>(p * p), 0.0);
  for (Index j = 0; j < p; ++j) {
    for (Index i = j; i < p; ++i) {
      scaled[i + j * p] = std::ldexp(a[i + j * p], -exponent[i] - exponent[j]);
      if (!std::isfinite(scaled[i + j * p])) return {};
    }
  }
  return scaled;
}

/// Exchanges rows and columns k and q > k of a symmetric matrix kept in its lower triangle.
void exchange(Index p, double* a, Index k, Index q) {
  for (Index j = 0; j < k; ++j) std::swap(a[k + j * p], a[q + j * p]);
  for (Index i = k + 1; i < q; ++i) std::swap(a[i + k * p], a[q + i * p]);
  for (Index i = q + 1; i < p; ++i) std::swap(a[i + k * p], a[i + q * p]);
  std::swap(a[k + k * p], a[q + q * p]);
}

}  // namespace

Index pivoted_rank(Index p, const double* a, double tolerance) {
  std::vector<double> scaled = scaled_copy(p, a);
  if (scaled.empty()) return 0;
  double* const s = scaled.data();
  double threshold = 0;
  for (Index k = 0; k < p; ++k) {
    Index q = k;
    for (Index i = k; i < p; ++i) {
      if (s[i + i * p] > s[q + q * p]) q = i;
    }
    if (k == 0) threshold = tolerance * s[q + q * p];
    if (!(s[q + q * p] > threshold)) return k;
    if (q != k) exchange(p, s, k, q);
    const double root = std::sqrt(s[k + k * p]);
    for (Index i = k + 1; i < p; ++i) s[i + k * p] /= root;
    for (Index j = k + 1; j < p; ++j) {
      for (Index i = j; i < p; ++i) s[i + j * p] -= s[i + k * p] * s[j + k * p];
    }
  }
  return p;
}

}  // namespace sigmahat::backends
