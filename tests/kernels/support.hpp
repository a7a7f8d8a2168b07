// Data and comparisons for the tests of kernels; what runs them: kernel_test.hpp.
#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <initializer_list>
#include <limits>
#include <random>
#include <span>
#include <vector>

#include "sigmahat/host/rows.hpp"
#include "sigmahat/kernels/rows_launch.hpp"

namespace sigmahat::test {

inline constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
inline constexpr double kInfinity = std::numeric_limits<double>::infinity();
inline constexpr double kRoundoff = 0x1p-53;  ///< u: an operation's result is within u of its size
inline constexpr Index kDimensions[] = {1, 3, 4, 13, 31, 32, 33, 64};

/// Bits, so that NaN equals NaN and −0 differs from +0.
inline ::testing::AssertionResult same_bits(std::span<const double> actual, std::span<const double> expected) {
  if (actual.size() != expected.size()) {
    return ::testing::AssertionFailure() << actual.size() << " numbers, expected " << expected.size();
  }
  for (std::size_t i = 0; i < actual.size(); ++i) {
    if (std::memcmp(&actual[i], &expected[i], sizeof(double)) != 0) {
      return ::testing::AssertionFailure() << "number " << i << " is " << actual[i] << ", expected " << expected[i]
                                           << ", difference " << actual[i] - expected[i];
    }
  }
  return ::testing::AssertionSuccess();
}
inline ::testing::AssertionResult same_bits(double actual, double expected) {
  return same_bits(std::span(&actual, 1), std::span(&expected, 1));
}

/// |actual − expected| ≤ bound; NaN never is.
inline ::testing::AssertionResult within(double actual, double expected, double bound) {
  if (std::abs(actual - expected) <= bound) return ::testing::AssertionSuccess();
  return ::testing::AssertionFailure() << actual << ", expected " << expected << " within " << bound << ", difference "
                                       << actual - expected;
}

/// A number of rows and a dimension.
struct Shape {
  Index rows, columns;
};
/// Every p ≤ 64 of the list with one number of rows, and every number of rows with p = 3 and 33: not all combinations.
inline std::vector<Shape> small_shapes(Index usual_rows, std::initializer_list<Index> rows) {
  std::vector<Shape> shapes;
  for (const Index p : kDimensions) shapes.push_back({usual_rows, p});
  for (const Index n : rows) {
    for (const Index p : {3, 33}) shapes.push_back({n, p});
  }
  return shapes;
}

/// What the rows of a test look like.
struct RowsCase {
  Index rows = 0, columns = 0;
  ScalarType type = ScalarType::float64;
  Layout layout = Layout::row_major;
  Index padding = 0;
  bool weighted = false;  ///< weights 0, ¼, ½, … 2¼
  bool holes = false;     ///< NaN and infinities in some rows and weights
};

/// Owns the memory of a RowsView. Columns lie around −3 to 3 with different scales; padding is NaN.
class TestRows {
 public:
  explicit TestRows(const RowsCase& c) {
    std::mt19937_64 random(static_cast<std::uint64_t>(c.rows * 1000 + c.columns));
    std::normal_distribution<double> normal;
    const bool by_row = c.layout == Layout::row_major;
    const Index ld = (by_row ? c.columns : c.rows) + c.padding;
    doubles_.assign(static_cast<std::size_t>(ld * (by_row ? c.rows : c.columns)), kNaN);
    for (Index i = 0; i < c.rows; ++i) {
      for (Index j = 0; j < c.columns; ++j) {
        doubles_[static_cast<std::size_t>(by_row ? i * ld + j : i + j * ld)] =
            static_cast<double>(j % 7 - 3) + normal(random) * (1 + static_cast<double>(j % 3));
      }
    }
    for (Index i = 0; c.weighted && i < c.rows; ++i) weights_.push_back(0.25 * static_cast<double>(i * 7 % 10));
    const auto hole = [&](Index i, Index j, double value) {
      if (c.holes && i < c.rows) doubles_[static_cast<std::size_t>(by_row ? i * ld + j : i + j * ld)] = value;
    };
    hole(0, 0, kNaN);
    hole(30, c.columns - 1, kInfinity);
    hole(256, c.columns / 2, -kInfinity);
    if (c.holes && c.weighted && c.rows > 5) weights_[5] = kNaN;
    floats_.assign(doubles_.begin(), doubles_.end());
    const bool wide = c.type == ScalarType::float64;
    view_ = {wide ? static_cast<const void*>(doubles_.data()) : floats_.data(),
             c.type,
             c.layout,
             c.rows,
             c.columns,
             ld,
             c.weighted ? weights_.data() : nullptr};
  }
  TestRows(const TestRows&) = delete;
  TestRows& operator=(const TestRows&) = delete;

  const RowsView& view() const { return view_; }
  /// All values with their padding, as they lie in memory.
  std::span<const char> bytes() const {
    return view_.type == ScalarType::float64 ? bytes_of(doubles_) : bytes_of(floats_);
  }
  std::span<const double> weights() const { return weights_; }

 private:
  template <class T>
  static std::span<const char> bytes_of(const std::vector<T>& values) {
    return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T)};
  }

  std::vector<double> doubles_, weights_;
  std::vector<float> floats_;
  RowsView view_;
};

/// All combinations of type, layout with and without padding, and weights for one shape.
inline std::vector<RowsCase> rows_cases(Index rows, Index columns, bool holes) {
  std::vector<RowsCase> cases;
  for (const ScalarType type : {ScalarType::float64, ScalarType::float32}) {
    for (const Layout layout : {Layout::row_major, Layout::column_major}) {
      for (const bool weighted : {false, true}) {
        cases.push_back({rows, columns, type, layout, weighted ? 3 : 0, weighted, holes});
      }
    }
  }
  return cases;
}

inline std::string describe(const RowsCase& c) {
  return "n = " + std::to_string(c.rows) + ", p = " + std::to_string(c.columns) +
         (c.type == ScalarType::float64 ? ", float64" : ", float32") +
         (c.layout == Layout::row_major ? ", row-major" : ", column-major") + ", padding " + std::to_string(c.padding) +
         (c.weighted ? ", weighted" : "") + (c.holes ? ", holes" : "");
}

/// B symmetric positive definite p × p matrices, column-major.
inline std::vector<double> covariances(Index problems, Index p, unsigned seed) {
  std::mt19937_64 random(seed);
  std::normal_distribution<double> normal;
  std::vector<double> result(static_cast<std::size_t>(problems * p * p));
  std::vector<double> g(static_cast<std::size_t>(p * p));
  for (Index b = 0; b < problems; ++b) {
    for (double& value : g) value = normal(random);
    for (Index j = 0; j < p; ++j) {
      for (Index i = j; i < p; ++i) {
        double sum = i == j ? 1.0 : 0.0;
        for (Index k = 0; k < p; ++k) sum += g[i + k * p] * g[j + k * p] / static_cast<double>(p);
        result[b * p * p + i + j * p] = result[b * p * p + j + i * p] = sum;
      }
    }
  }
  return result;
}

inline std::vector<double> normals(Index count, unsigned seed) {
  std::mt19937_64 random(seed);
  std::normal_distribution<double> normal;
  std::vector<double> result(static_cast<std::size_t>(count));
  for (double& value : result) value = normal(random);
  return result;
}

}  // namespace sigmahat::test
