// Data and comparisons for the emulated kernels. Device memory is host memory here.
#pragma once

#include <gtest/gtest.h>

#include <cstring>
#include <limits>
#include <random>
#include <span>
#include <vector>

#include "emulator.hpp"
#include "sigmahat/host/rows.hpp"
#include "sigmahat/kernels/rows_launch.hpp"

namespace sigmahat::test {

inline constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
inline constexpr double kInfinity = std::numeric_limits<double>::infinity();
inline constexpr Index kDimensions[] = {1, 3, 4, 31, 32, 33, 64};

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
  DeviceRows on_device() const {
    const bool by_row = view_.layout == Layout::row_major;
    return {view_.data, view_.type == ScalarType::float32, by_row ? view_.leading_dimension : 1,
            by_row ? 1 : view_.leading_dimension, view_.weights};
  }

 private:
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

/// Runs each test with the turns of blocks and threads in ascending and in descending order.
class EmulatedTest : public ::testing::TestWithParam<emulator::Order> {
 protected:
  void SetUp() override { emulator::set_order(GetParam()); }
};
inline std::string order_name(const ::testing::TestParamInfo<emulator::Order>& info) {
  return info.param == emulator::Order::ascending ? "ascending" : "descending";
}
#define SIGMAHAT_BOTH_ORDERS(suite)                                                                                  \
  INSTANTIATE_TEST_SUITE_P(Order, suite, ::testing::Values(emulator::Order::ascending, emulator::Order::descending), \
                           order_name)

}  // namespace sigmahat::test
