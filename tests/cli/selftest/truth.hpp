// Truths that share no code with the library, to set the stored results of the selftest beside: moments in whole
// numbers, which are exact, and elimination in long double.
#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "selftest/data.hpp"
#include "selftest/expected.hpp"

namespace sigmahat::cli::test {

using Real = long double;
__extension__ using Wide = __int128;

/// p × p numbers; entry (i, j) is at(i, j).
struct Square {
  explicit Square(Index size) : p(size), values(static_cast<std::size_t>(size * size), 0) {}
  Real& at(Index i, Index j) { return values[static_cast<std::size_t>(i * p + j)]; }
  Real at(Index i, Index j) const { return values[static_cast<std::size_t>(i * p + j)]; }
  Index p;
  std::vector<Real> values;
};

/// What is stored under a name: the values, or, where only their digest is, the reference's, which have that digest.
inline std::vector<double> stored(const std::string& name) {
  static const std::vector<selftest::Quantity> kFound = selftest::measure(Context({"reference", 0}));
  for (const selftest::Expected& one : selftest::expected_results()) {
    if (one.name != name) continue;
    if (!one.values.empty()) return one.values;
    for (const selftest::Quantity& quantity : kFound) {
      if (quantity.name == name && selftest::digest(quantity.values) == one.sha256) return quantity.values;
    }
    ADD_FAILURE() << name << ": the reference's results do not have the stored digest";
    return {};
  }
  ADD_FAILURE() << name << ": not in the table";
  return {};
}

inline void expect_near(Real found, Real truth, Real bound, const std::string& what) {
  EXPECT_TRUE(std::abs(found - truth) <= bound) << what << ": " << found << ", not " << truth << " within " << bound;
}
inline void expect_close(Real found, Real truth, Real relative, const std::string& what) {
  expect_near(found, truth, relative * std::abs(truth), what);
}

/// Weight, mean and scatter of rows first … last − 1, exactly; `extra` is one more column.
struct Exact {
  Exact(const selftest::Sample& sample, Index first, Index last, const std::vector<double>& extra = {})
      : p(sample.columns + (extra.empty() ? 0 : 1)), mean(static_cast<std::size_t>(p), 0), scatter(p) {
    std::vector<Wide> sums(static_cast<std::size_t>(p), 0), products(static_cast<std::size_t>(p * p), 0), v(sums);
    Wide total = 0;
    for (Index i = first; i < last; ++i) {
      const auto w = sample.weights.empty() ? Wide{1} : static_cast<Wide>(sample.weights[static_cast<std::size_t>(i)]);
      rows += w > 0 ? 1 : 0;
      total += w;
      for (Index j = 0; j < p; ++j) v[static_cast<std::size_t>(j)] = units(sample, extra, i, j);
      for (Index j = 0; j < p; ++j) {
        sums[static_cast<std::size_t>(j)] += w * v[static_cast<std::size_t>(j)];
        for (Index l = 0; l < p; ++l) {
          products[static_cast<std::size_t>(j * p + l)] +=
              w * v[static_cast<std::size_t>(j)] * v[static_cast<std::size_t>(l)];
        }
      }
    }
    weight = static_cast<Real>(total);
    for (Index j = 0; j < p; ++j) {
      const Wide sum = sums[static_cast<std::size_t>(j)];
      mean[static_cast<std::size_t>(j)] = static_cast<Real>(sum) / weight / kScale;
      for (Index l = 0; l < p; ++l) {
        const Wide numerator =
            total * products[static_cast<std::size_t>(j * p + l)] - sum * sums[static_cast<std::size_t>(l)];
        scatter.at(j, l) = static_cast<Real>(numerator) / weight / (kScale * kScale);
      }
    }
  }

  static Wide units(const selftest::Sample& sample, const std::vector<double>& extra, Index i, Index j) {
    const double value = j < sample.columns ? sample.values[static_cast<std::size_t>(i * sample.columns + j)]
                                            : extra[static_cast<std::size_t>(i)];
    const double scaled = value * static_cast<double>(kScale);
    if (scaled != std::nearbyint(scaled) || std::abs(scaled) > 0x1p40) throw std::logic_error("not in units");
    return static_cast<Wide>(scaled);
  }

  static constexpr Real kScale = 1024;
  Index p;
  Index rows = 0;
  Real weight = 0;
  std::vector<Real> mean;
  Square scatter;
};

/// The inverse and ln|A| of a positive definite matrix, by elimination without square roots.
struct Inverse {
  explicit Inverse(Square a) : inverse(a.p) {
    const Index p = a.p;
    for (Index i = 0; i < p; ++i) inverse.at(i, i) = 1;
    for (Index k = 0; k < p; ++k) {
      const Real pivot = a.at(k, k);
      log_determinant += std::log(pivot);
      for (Index j = 0; j < p; ++j) a.at(k, j) /= pivot, inverse.at(k, j) /= pivot;
      for (Index i = 0; i < p; ++i) {
        const Real factor = a.at(i, k);
        if (i == k || factor == 0) continue;
        for (Index j = 0; j < p; ++j) {
          a.at(i, j) -= factor * a.at(k, j);
          inverse.at(i, j) -= factor * inverse.at(k, j);
        }
      }
    }
  }
  Square inverse;
  Real log_determinant = 0;
};

}  // namespace sigmahat::cli::test
