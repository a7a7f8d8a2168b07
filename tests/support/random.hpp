// Random test data, the same on every machine: a fixed generator and our own transformations of its bits.
#pragma once

#include <cmath>
#include <cstdint>
#include <numbers>
#include <random>
#include <vector>

#include "sigmahat/host/matrix.hpp"

namespace sigmahat::test {

class Random {
 public:
  explicit Random(std::uint64_t seed) : generator_(seed) {}

  /// Uniform in [0, 1) with 53 bits.
  double uniform() { return static_cast<double>(generator_() >> 11) * 0x1p-53; }
  /// Standard normal (Box and Muller).
  double normal() {
    const double radius = std::sqrt(-2 * std::log(1 - uniform()));
    return radius * std::cos(2 * std::numbers::pi * uniform());
  }
  Index below(Index limit) { return static_cast<Index>(generator_() % static_cast<std::uint64_t>(limit)); }

  std::vector<double> normals(Index count) {
    std::vector<double> result(static_cast<std::size_t>(count));
    for (double& value : result) value = normal();
    return result;
  }

  /// An orthogonal matrix: Gram-Schmidt, twice, on random columns.
  Matrix orthogonal(Index p) {
    Matrix q(p, p, normals(p * p));
    for (Index j = 0; j < p; ++j) {
      for (int pass = 0; pass < 2; ++pass) {
        for (Index k = 0; k < j; ++k) {
          double dot = 0;
          for (Index i = 0; i < p; ++i) dot += q(i, k) * q(i, j);
          for (Index i = 0; i < p; ++i) q(i, j) -= dot * q(i, k);
        }
      }
      double sum = 0;
      for (Index i = 0; i < p; ++i) sum += q(i, j) * q(i, j);
      for (Index i = 0; i < p; ++i) q(i, j) /= std::sqrt(sum);
    }
    return q;
  }

  /// A symmetric positive definite matrix with eigenvalues from `largest` to largest/condition, even in logarithm.
  Matrix positive_definite(Index p, double condition, double largest = 1) {
    const Matrix q = orthogonal(p);
    Matrix result(p, p);
    for (Index k = 0; k < p; ++k) {
      const double share = p == 1 ? 0 : static_cast<double>(k) / static_cast<double>(p - 1);
      const double eigenvalue = largest * std::pow(condition, -share);
      for (Index j = 0; j < p; ++j) {
        for (Index i = j; i < p; ++i) result(i, j) += eigenvalue * q(i, k) * q(j, k);
      }
    }
    for (Index j = 0; j < p; ++j) {
      for (Index i = 0; i < j; ++i) result(i, j) = result(j, i);
    }
    return result;
  }

  /// n rows, row-major: `mean` in every column plus a random mix of normals whose covariance has about that condition.
  std::vector<double> rows(Index n, Index p, double condition = 10, double mean = 0, double scale = 1) {
    const Matrix q = orthogonal(p);
    std::vector<double> result(static_cast<std::size_t>(n * p));
    for (Index i = 0; i < n; ++i) {
      for (Index j = 0; j < p; ++j) result[i * p + j] = mean;
      for (Index k = 0; k < p; ++k) {
        const double share = p == 1 ? 0 : static_cast<double>(k) / static_cast<double>(p - 1);
        const double z = normal() * std::pow(condition, -share / 2);
        for (Index j = 0; j < p; ++j) result[i * p + j] += z * q(j, k);
      }
      for (Index j = 0; j < p; ++j) result[i * p + j] *= scale;
    }
    return result;
  }

 private:
  std::mt19937_64 generator_;
};

}  // namespace sigmahat::test
