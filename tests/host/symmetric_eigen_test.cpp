// Eigenvalues by Jacobi's rotations, as Newton's step uses them.
#include "steps/symmetric_eigen.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>
#include <string>
#include <utility>
#include <vector>

namespace sigmahat {
namespace {

constexpr steps::SerialTeam kSerial;

/// BBᵀ/p for random B: symmetric, positive definite.
std::vector<double> random_covariance(Index p) {
  std::mt19937_64 random(static_cast<std::uint64_t>(p));
  std::normal_distribution<double> normal;
  std::vector<double> b(p * p), a(p * p, 0.0);
  for (double& value : b) value = normal(random);
  for (Index i = 0; i < p; ++i) {
    for (Index j = 0; j <= i; ++j) {
      for (Index k = 0; k < p; ++k) a[i + j * p] += b[i + k * p] * b[j + k * p] / static_cast<double>(p);
      a[j + i * p] = a[i + j * p];
    }
  }
  return a;
}

/// max |vdiag(λ)vᵀ − a| and max |vᵀv − I|.
std::pair<double, double> eigen_errors(Index p, const std::vector<double>& a, std::vector<double>& spent) {
  std::vector<double> v(p * p), scratch(3 * (p + 1) / 2);
  EXPECT_TRUE(steps::symmetric_eigen(kSerial, p, spent.data(), v.data(), scratch.data()));
  double restored = 0, orthogonal = 0;
  for (Index i = 0; i < p; ++i) {
    for (Index j = 0; j < p; ++j) {
      long double entry = 0, product = i == j ? -1 : 0;
      for (Index k = 0; k < p; ++k) {
        entry += static_cast<long double>(v[i + k * p]) * spent[k + k * p] * v[j + k * p];
        product += static_cast<long double>(v[k + i * p]) * v[k + j * p];
      }
      restored = std::max(restored, std::abs(static_cast<double>(entry - a[i + j * p])));
      orthogonal = std::max(orthogonal, std::abs(static_cast<double>(product)));
    }
  }
  return {restored, orthogonal};
}

TEST(SymmetricEigen, RestoresTheMatrixWithOrthogonalVectors) {
  for (const Index p : {1, 2, 3, 5, 8, 31, 32, 33, 64, 100}) {
    for (const double shift : {0.0, 1e3}) {
      SCOPED_TRACE("p = " + std::to_string(p));
      std::vector<double> a = random_covariance(p);
      for (Index i = 0; i < p; ++i) a[i * (p + 1)] += shift;  // eigenvalues close together, relatively
      std::vector<double> spent = a;
      const auto [restored, orthogonal] = eigen_errors(p, a, spent);
      double trace = 0;
      for (Index i = 0; i < p; ++i) trace += a[i * (p + 1)];
      // Ten sweeps of p − 1 rotations for each row, an error of a few u each.
      const double bound = 10 * 4 * static_cast<double>(p) * 0x1p-53;
      EXPECT_TRUE(restored <= bound * trace) << restored / trace;
      EXPECT_TRUE(orthogonal <= bound) << orthogonal;
    }
  }
}

TEST(SymmetricEigen, DiagonalMatricesStayAsTheyAre) {
  const Index p = 6;
  std::vector<double> a(p * p, 0.0);
  for (Index i = 0; i < p; ++i) a[i * (p + 1)] = std::pow(10.0, static_cast<double>(60 * i - 150));
  std::vector<double> spent = a;
  const auto [restored, orthogonal] = eigen_errors(p, a, spent);
  EXPECT_EQ(restored, 0);
  EXPECT_EQ(orthogonal, 0);
  EXPECT_EQ(spent, a);
}

TEST(SymmetricEigen, ANumberThatIsNotFiniteIsNoResult) {
  for (const double bad : {std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity()}) {
    const Index p = 4;
    std::vector<double> a = random_covariance(p), v(p * p), scratch(3 * p);
    a[1] = a[p] = bad;
    EXPECT_FALSE(steps::symmetric_eigen(kSerial, p, a.data(), v.data(), scratch.data()));
  }
}

}  // namespace
}  // namespace sigmahat
