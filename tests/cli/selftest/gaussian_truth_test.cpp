// Stored moments, likelihoods and functions of matrices against exact arithmetic.
#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

#include "support/compare.hpp"
#include "truth.hpp"

namespace sigmahat::cli::test {
namespace {

using selftest::Sample;

const Sample& eight() {
  static const Sample kSample = selftest::normal_sample(1000, 8, true);
  return kSample;
}

/// Values in the order: rows, weight, means, what rounding left of them, scatter (lower triangle).
void expect_moments(const std::vector<double>& values, const Exact& truth, const std::string& what) {
  const Index p = truth.p;
  ASSERT_EQ(values.size(), static_cast<std::size_t>(2 + 2 * p + p * (p + 1) / 2)) << what;
  EXPECT_EQ(values[0], static_cast<double>(truth.rows)) << what;
  EXPECT_EQ(values[1], static_cast<double>(truth.weight)) << what;
  const double bound = sigmahat::test::Tolerances<double>::scatter(1000);
  std::size_t at = static_cast<std::size_t>(2 + 2 * p);
  for (Index j = 0; j < p; ++j) {
    const auto place = static_cast<std::size_t>(2 + j);
    const Real deviation = std::sqrt(truth.scatter.at(j, j) / truth.weight);
    const Real pair = static_cast<Real>(values[place]) + static_cast<Real>(values[place + static_cast<std::size_t>(p)]);
    EXPECT_LE(std::abs(pair - truth.mean[static_cast<std::size_t>(j)]), bound * deviation) << what << ", mean " << j;
    for (Index i = j; i < p; ++i) {
      const Real scale = std::sqrt(truth.scatter.at(i, i) * truth.scatter.at(j, j));
      expect_near(values[at++], truth.scatter.at(i, j), bound * scale, what);
    }
  }
}

TEST(SelftestTruth, Moments) {
  std::vector<double> weighted = stored("moments of 8 columns, weighted: rows, weight, means");
  const std::vector<double> scatter = stored("moments of 8 columns, weighted: scatter");
  weighted.insert(weighted.end(), scatter.begin(), scatter.end());
  expect_moments(weighted, Exact(eight(), 0, 1000), "8 columns");
  Sample plain = eight();
  plain.weights.clear();
  expect_moments(stored("moments of 8 columns, float32"), Exact(plain, 0, 1000), "float32");
  expect_moments(stored("moments of 33 columns"), Exact(selftest::normal_sample(300, 33, false), 0, 300), "33 columns");
  const Sample hundred = selftest::normal_sample(600, 100, false);
  const Exact truth(hundred, 0, 600);
  expect_moments(stored("moments of 100 columns"), truth, "100 columns");
  const std::vector<double> some = stored("moments of 100 columns: 20 of them");
  ASSERT_EQ(some.size(), 20u);
  for (std::size_t k = 0; k < 10; ++k) {
    expect_close(some[2 * k], truth.mean[11 * k], 1e-14L, "a mean");
    const auto j = static_cast<Index>(11 * k);
    expect_close(some[2 * k + 1], truth.scatter.at(j, 7 * j % 100), 1e-12L, "an entry of the scatter");
  }
}

TEST(SelftestTruth, GroupedMoments) {
  const std::vector<double> values = stored("moments of 8 columns in 3 groups");
  ASSERT_EQ(values.size(), 3u * (2 + 8 + 8 + 64));
  const Index starts[] = {0, 300, 301, 1000};
  for (Index g = 0; g < 3; ++g) {
    const Exact truth(eight(), starts[g], starts[g + 1]);
    std::vector<double> one = {values[static_cast<std::size_t>(g)], values[static_cast<std::size_t>(3 + g)]};
    const auto add = [&](Index place) { one.push_back(values[static_cast<std::size_t>(place)]); };
    for (Index j = 0; j < 8; ++j) add(6 + 8 * g + j);
    for (Index j = 0; j < 8; ++j) add(30 + 8 * g + j);
    for (Index j = 0; j < 8; ++j) {
      for (Index i = j; i < 8; ++i) add(54 + 64 * g + 8 * j + i);
    }
    expect_moments(one, truth, fmt::format("group {}", g));
  }
}

TEST(SelftestTruth, CholeskyAndDistances) {
  const Exact truth(eight(), 0, 1000);
  const std::vector<double> lower = stored("Cholesky factor of 8 columns");
  ASSERT_EQ(lower.size(), 36u);
  Square factor(8);
  std::size_t at = 0;
  for (Index j = 0; j < 8; ++j) {
    EXPECT_GT(lower[at], 0);
    for (Index i = j; i < 8; ++i) factor.at(i, j) = lower[at++];
  }
  Square covariance(8);
  for (Index i = 0; i < 8; ++i) {
    for (Index j = 0; j < 8; ++j) {
      covariance.at(i, j) = truth.scatter.at(i, j) / truth.weight;
      Real product = 0;
      for (Index k = 0; k <= std::min(i, j); ++k) product += factor.at(i, k) * factor.at(j, k);
      expect_near(product, covariance.at(i, j), 1e-13L * 20, "LLᵀ");
    }
  }
  const Inverse inverse(covariance);
  const std::vector<double> distances = stored("Mahalanobis distances of 1000 rows of 8 columns");
  ASSERT_EQ(distances.size(), 1000u);
  for (std::size_t i = 0; i < distances.size(); ++i) {
    Real sum = 0;
    for (std::size_t j = 0; j < 8; ++j) {
      for (std::size_t l = 0; l < 8; ++l) {
        sum += (eight().values[8 * i + j] - truth.mean[j]) * (eight().values[8 * i + l] - truth.mean[l]) *
               inverse.inverse.at(static_cast<Index>(j), static_cast<Index>(l));
      }
    }
    // The mean that a model takes is the rounded one: 4e-13 of a standard deviation in the far column.
    expect_close(distances[i], sum, 1e-11L, fmt::format("distance {}", i));
  }
}

Real log_likelihood(Real weight, Index p, Real log_determinant, Real trace) {
  return -(weight * static_cast<Real>(p) * std::log(2 * std::numbers::pi_v<Real>) + weight * log_determinant + trace) /
         2;
}

TEST(SelftestTruth, LikelihoodAndScores) {
  const Exact truth(eight(), 0, 1000);
  Square sigma(8), covariance(8), m(8);
  std::vector<Real> d;
  for (const Real mean : truth.mean) d.push_back(mean - std::nearbyint(mean));
  for (Index i = 0; i < 8; ++i) {
    for (Index j = 0; j < 8; ++j) {
      sigma.at(i, j) = i == j ? 16 : 4;
      covariance.at(i, j) = truth.scatter.at(i, j) / truth.weight;
      m.at(i, j) =
          truth.scatter.at(i, j) + truth.weight * d[static_cast<std::size_t>(i)] * d[static_cast<std::size_t>(j)];
    }
  }
  const Inverse at_point(sigma), at_maximum(covariance);
  const auto product = [](const Square& a, const Square& b) {
    Square out(a.p);
    for (Index i = 0; i < a.p; ++i) {
      for (Index j = 0; j < a.p; ++j) {
        for (Index k = 0; k < a.p; ++k) out.at(i, j) += a.at(i, k) * b.at(k, j);
      }
    }
    return out;
  };
  const Square sm = product(at_point.inverse, m), sms = product(sm, at_point.inverse);
  Real trace = 0, norm = 0, distance = 0;
  const std::vector<double> scores = stored("scores of the likelihood of 8 columns");
  ASSERT_EQ(scores.size(), 45u);
  std::size_t at = 8;
  for (Index j = 0; j < 8; ++j) {
    trace += sm.at(j, j);
    Real score = 0;
    for (Index l = 0; l < 8; ++l) {
      score += truth.weight * at_point.inverse.at(j, l) * d[static_cast<std::size_t>(l)];
      norm += (sm.at(j, l) / truth.weight - (j == l)) * (sm.at(l, j) / truth.weight - (j == l)) / 2;
    }
    distance += score * d[static_cast<std::size_t>(j)] / truth.weight;
    expect_near(scores[static_cast<std::size_t>(j)], score, 1e-11L, "score of the mean");
    for (Index i = j; i < 8; ++i) {
      const Real a = (sms.at(i, j) - truth.weight * at_point.inverse.at(i, j)) / 2;
      expect_near(scores[at++], i == j ? a : 2 * a, 1e-11L, "score of the covariance");
    }
  }
  expect_close(scores[44], std::sqrt(distance + norm), 1e-13L, "score norm");
  const std::vector<double> values = stored("log-likelihood of 8 columns: at the maximum, elsewhere");
  ASSERT_EQ(values.size(), 2u);
  expect_close(values[0], log_likelihood(truth.weight, 8, at_maximum.log_determinant, truth.weight * 8), 1e-13L, "ℓ");
  expect_close(values[1], log_likelihood(truth.weight, 8, at_point.log_determinant, trace), 1e-13L, "ℓ elsewhere");

  const Exact large(selftest::normal_sample(600, 100, false), 0, 600);
  Square s = large.scatter;
  for (Real& value : s.values) value /= large.weight;
  const std::vector<double> value = stored("log-likelihood of 100 columns");
  ASSERT_EQ(value.size(), 1u);
  expect_close(value[0], log_likelihood(large.weight, 100, Inverse(s).log_determinant, large.weight * 100), 1e-13L,
               "ℓ");
}

TEST(SelftestTruth, ClosedFormFitIsTheMoments) {
  const Exact truth(eight(), 0, 1000);
  const std::vector<double> fit = stored("Gaussian fit of 8 columns, closed form");
  ASSERT_EQ(fit.size(), 46u);
  std::size_t at = 8;
  for (Index j = 0; j < 8; ++j) {
    expect_close(fit[static_cast<std::size_t>(j)], truth.mean[static_cast<std::size_t>(j)], 1e-13L, "mean");
    for (Index i = j; i < 8; ++i) expect_near(fit[at++], truth.scatter.at(i, j) / truth.weight, 1e-12L, "covariance");
  }
  EXPECT_EQ(fit[44], 8) << "rank";
  EXPECT_EQ(fit[45], static_cast<double>(ProblemStatus::ok));
}

/// The determinant of a matrix of whole numbers, column by column, without fractions (Bareiss).
Real exact_determinant(const double* matrix, std::size_t n) {
  std::vector<Wide> a(n * n);
  for (std::size_t k = 0; k < n * n; ++k) a[k] = static_cast<Wide>(matrix[k]);
  Wide previous = 1;
  int sign = 1;
  for (std::size_t k = 0; k + 1 < n; ++k) {
    std::size_t row = k;
    while (row < n && a[row + k * n] == 0) ++row;
    if (row == n) return 0;
    if (row != k) sign = -sign;
    for (std::size_t j = 0; j < n && row != k; ++j) std::swap(a[row + j * n], a[k + j * n]);
    for (std::size_t i = k + 1; i < n; ++i) {
      for (std::size_t j = k + 1; j < n; ++j) {
        a[i + j * n] = (a[i + j * n] * a[k + k * n] - a[i + k * n] * a[k + j * n]) / previous;
      }
    }
    previous = a[k + k * n];
  }
  return static_cast<Real>(sign * a.back());
}

TEST(SelftestTruth, Matrices) {
  constexpr std::size_t kItems = 20, kSize = 6, kEntries = kSize * kSize;
  const std::vector<double> numbers = selftest::matrices(2 * kItems, kSize);
  const std::vector<double> inverses = stored("inverses of 20 matrices and their differentials");
  const std::vector<double> determinants = stored("determinants of 20 matrices and their differentials");
  ASSERT_EQ(inverses.size(), 2 * kItems * kEntries);
  ASSERT_EQ(determinants.size(), 2 * kItems);
  for (std::size_t b = 0; b < kItems; ++b) {
    const double* const x = numbers.data() + b * kEntries;
    const double* const dx = x + kItems * kEntries;
    const double* const inverse = inverses.data() + b * kEntries;
    const double* const d = inverse + kItems * kEntries;
    // X X⁻¹ = I, and so X dX⁻¹ + dX X⁻¹ = 0.
    for (std::size_t i = 0; i < kSize; ++i) {
      for (std::size_t j = 0; j < kSize; ++j) {
        Real product = 0, differential = 0;
        for (std::size_t k = 0; k < kSize; ++k) {
          product += static_cast<Real>(x[i + k * kSize]) * inverse[k + j * kSize];
          differential += static_cast<Real>(x[i + k * kSize]) * d[k + j * kSize];
          differential += static_cast<Real>(dx[i + k * kSize]) * inverse[k + j * kSize];
        }
        EXPECT_LE(std::abs(product - (i == j)), 1e-12L) << b;
        EXPECT_LE(std::abs(differential), 1e-11L) << b;
      }
    }
    const Real exact = exact_determinant(x, kSize);
    expect_close(determinants[b], exact, 1e-13L, "determinant");
    // |X + t dX| is a polynomial in t; the sum over its columns, each replaced in turn, is its derivative at 0.
    Real derivative = 0;
    for (std::size_t column = 0; column < kSize; ++column) {
      std::vector<double> replaced(x, x + kEntries);
      std::copy(dx + column * kSize, dx + (column + 1) * kSize,
                replaced.begin() + static_cast<std::ptrdiff_t>(column * kSize));
      derivative += exact_determinant(replaced.data(), kSize);
    }
    expect_near(determinants[kItems + b], derivative, 1e-12L * (std::abs(exact) + std::abs(derivative)), "d|X|");
  }
}

}  // namespace
}  // namespace sigmahat::cli::test
