// Moments of rows on every device: accuracy, layouts, weights, missing values, groups and errors.
#include "sigmahat/moments.hpp"

#include <gmock/gmock.h>

#include <limits>

#include "support/compare_moments.hpp"
#include "support/devices.hpp"
#include "support/random.hpp"

namespace sigmahat {
namespace {

using test::at_most;
using test::same_bits;
using test::Tolerances;
using test::within;
using ::testing::HasSubstr;

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();

class MomentsTest : public test::DeviceTest {};
SIGMAHAT_ON_EVERY_DEVICE(MomentsTest);

/// Mean and scatter by the definition in long double, two passes. 64-bit significands: 11 bits to spare.
struct Exact {
  std::vector<double> mean;
  Matrix scatter;
  double weight = 0;

  explicit Exact(const RowsView& rows) : mean(rows.columns), scatter(rows.columns, rows.columns) {
    const Index p = rows.columns;
    long double n = 0;
    std::vector<long double> m(p, 0), sums(p * p, 0);
    for (Index i = 0; i < rows.rows; ++i) n += rows.weight(i);
    for (Index j = 0; j < p; ++j) {
      for (Index i = 0; i < rows.rows; ++i) m[j] += static_cast<long double>(rows.weight(i)) * rows.at(i, j);
      m[j] /= n;
      mean[j] = static_cast<double>(m[j]);
    }
    for (Index i = 0; i < rows.rows; ++i) {
      for (Index j = 0; j < p; ++j) {
        const long double r = rows.weight(i) * (rows.at(i, j) - m[j]);
        for (Index k = 0; k < p; ++k) sums[j * p + k] += r * (rows.at(i, k) - m[k]);
      }
    }
    for (Index k = 0; k < p * p; ++k) scatter.data()[k] = static_cast<double>(sums[k]);
    weight = static_cast<double>(n);
  }
};

/// Worst error of an entry of the scatter relative to √(M_ii M_jj).
double scatter_error(const Matrix& actual, const Matrix& exact) {
  double worst = 0;
  for (Index j = 0; j < exact.columns(); ++j) {
    for (Index i = 0; i < exact.rows(); ++i) {
      const double scale = std::sqrt(exact(i, i) * exact(j, j));
      const double error = std::abs(actual(i, j) - exact(i, j)) / (scale > 0 ? scale : 1);
      if (!(error <= worst)) worst = error;
    }
  }
  return worst;
}

double standard_deviation(const Moments& moments) { return std::sqrt(moments.unbiased_covariance()(0, 0)); }

struct NistSet {
  const char* name;
  std::vector<double> values;
  double mean, deviation;
  double mean_digits, deviation_digits;
};

/// NIST StRD, univariate summary statistics, by their definition; the deviations are those of the decimal values.
std::vector<NistSet> nist_sets() {
  const auto alternating = [](double first, double low, double high) {
    std::vector<double> values{first};
    for (int i = 1; i < 1001; ++i) values.push_back(i % 2 == 1 ? low : high);
    return values;
  };
  return {{"NumAcc1", {10000001, 10000003, 10000002}, 10000002, 1, 15, 13},
          {"NumAcc2", alternating(1.2, 1.1, 1.3), 1.2, 0.1, 15, 13},
          {"NumAcc3", alternating(1000000.2, 1000000.1, 1000000.3), 1000000.2, 0.1, 15, 9},
          {"NumAcc4", alternating(10000000.2, 10000000.1, 10000000.3), 10000000.2, 0.1, 15, 8}};
}

TEST_P(MomentsTest, NistUnivariateSetsKeepTheirDigits) {
  for (const NistSet& set : nist_sets()) {
    const auto n = static_cast<Index>(set.values.size());
    const Moments moments = compute_moments(context(), RowsView::row_major(set.values.data(), n, 1));
    const double mean_digits = test::log_relative_error(moments.mean[0], set.mean);
    const double deviation_digits = test::log_relative_error(standard_deviation(moments), set.deviation);
    std::printf("%s on %s: mean %.1f digits, standard deviation %.1f digits\n", set.name, GetParam(), mean_digits,
                deviation_digits);
    EXPECT_GE(mean_digits, set.mean_digits) << set.name;
    EXPECT_GE(deviation_digits, set.deviation_digits) << set.name;
  }
}

TEST_P(MomentsTest, LargeOffsetsLoseNothing) {
  for (const Index p : {4, 80}) {
    const Index n = p == 4 ? 20000 : 3000;
    const std::vector<double> data = test::Random(7).rows(n, p, 1, 1e8);
    const RowsView rows = RowsView::row_major(data.data(), n, p);
    const Moments moments = compute_moments(context(), rows);
    const Exact exact(rows);
    double mean_digits = 17, deviation_digits = 17;
    for (Index j = 0; j < p; ++j) {
      mean_digits = std::min(mean_digits, test::log_relative_error(moments.mean[j], exact.mean[j]));
      deviation_digits = std::min(
          deviation_digits, test::log_relative_error(std::sqrt(moments.scatter(j, j)), std::sqrt(exact.scatter(j, j))));
    }
    std::printf("offset 1e8, p = %d on %s: mean %.1f digits, standard deviation %.1f digits\n", static_cast<int>(p),
                GetParam(), mean_digits, deviation_digits);
    EXPECT_GE(mean_digits, 15);
    EXPECT_GE(deviation_digits, 13);
    EXPECT_TRUE(at_most(scatter_error(moments.scatter, exact.scatter), Tolerances<double>::scatter(n)));
  }
}

TEST_P(MomentsTest, AgreesWithTheDefinitionForEverySize) {
  for (const Index p : {1, 2, 3, 31, 64, 65, 100}) {
    for (const Index n : {1, 2, 255, 256, 257, 1000}) {
      const std::vector<double> data = test::Random(static_cast<std::uint64_t>(1000 * p + n)).rows(n, p, 100, 3);
      const RowsView rows = RowsView::row_major(data.data(), n, p);
      const Moments moments = compute_moments(context(), rows);
      const Exact exact(rows);
      SCOPED_TRACE("p = " + std::to_string(p) + ", n = " + std::to_string(n));
      EXPECT_EQ(moments.rows, n);
      EXPECT_EQ(moments.dropped, 0);
      EXPECT_EQ(moments.weight, static_cast<double>(n));
      EXPECT_TRUE(at_most(test::relative_error(moments.mean, exact.mean), Tolerances<double>::chain(1)));
      EXPECT_TRUE(at_most(scatter_error(moments.scatter, exact.scatter), Tolerances<double>::scatter(n)));
      for (Index j = 0; j < p; ++j) {
        for (Index i = 0; i < j; ++i) ASSERT_EQ(moments.scatter(i, j), moments.scatter(j, i));
      }
    }
  }
}

TEST_P(MomentsTest, LayoutPaddingAndPrecisionDoNotChangeTheBits) {
  for (const Index p : {3, 70}) {
    const Index n = 777, row_ld = p + 5, column_ld = n + 3;
    // Values that float32 holds exactly, so that all four views show the same numbers.
    std::vector<double> data = test::Random(11).rows(n, p, 10, 2);
    for (double& value : data) value = static_cast<float>(value);
    std::vector<double> padded_rows(n * row_ld, kNaN), columns(p * column_ld, kNaN);
    std::vector<float> single_rows(n * row_ld, std::numeric_limits<float>::quiet_NaN());
    std::vector<float> single_columns(p * column_ld, std::numeric_limits<float>::quiet_NaN());
    for (Index i = 0; i < n; ++i) {
      for (Index j = 0; j < p; ++j) {
        padded_rows[i * row_ld + j] = columns[i + j * column_ld] = data[i * p + j];
        single_rows[i * row_ld + j] = single_columns[i + j * column_ld] = static_cast<float>(data[i * p + j]);
      }
    }
    const Moments plain = compute_moments(context(), RowsView::row_major(data.data(), n, p));
    for (const RowsView& rows : {RowsView::row_major(padded_rows.data(), n, p, row_ld),
                                 RowsView::column_major(columns.data(), n, p, column_ld),
                                 RowsView::row_major(single_rows.data(), n, p, row_ld),
                                 RowsView::column_major(single_columns.data(), n, p, column_ld)}) {
      test::expect_same(compute_moments(context(), rows), plain, same_bits_promised(p));
    }
  }
}

TEST_P(MomentsTest, IntegerWeightsEqualRepeatedRows) {
  const Index n = 300, p = 5;
  test::Random random(3);
  const std::vector<double> data = random.rows(n, p, 10, 4);
  std::vector<double> weights(n), repeated;
  for (Index i = 0; i < n; ++i) {
    weights[i] = static_cast<double>(random.below(4));
    for (int k = 0; k < static_cast<int>(weights[i]); ++k) {
      repeated.insert(repeated.end(), data.begin() + i * p, data.begin() + (i + 1) * p);
    }
  }
  const Index count = static_cast<Index>(repeated.size()) / p;
  const Moments weighted = compute_moments(context(), RowsView::row_major(data.data(), n, p).weighted(weights.data()));
  const Moments plain = compute_moments(context(), RowsView::row_major(repeated.data(), count, p));
  EXPECT_EQ(weighted.weight, plain.weight);
  EXPECT_EQ(weighted.rows, n - std::count(weights.begin(), weights.end(), 0.0));
  EXPECT_TRUE(at_most(test::relative_error(weighted.mean, plain.mean), Tolerances<double>::chain(4)));
  EXPECT_TRUE(at_most(scatter_error(weighted.scatter, plain.scatter), 2 * Tolerances<double>::scatter(count)));
}

TEST_P(MomentsTest, DroppedRowsAreCountedAndContributeNothing) {
  for (const Index p : {3, 66}) {
    const Index n = 600;
    std::vector<double> data = test::Random(5).rows(n, p, 10, 1);
    std::vector<double> weights(n, 1.0), without(n, 1.0);
    for (const Index bad : {0, 255, 256, 599}) {
      data[bad * p + bad % p] = bad % 2 == 0 ? kNaN : -kInfinity;
      without[bad] = 0;
    }
    weights[400] = kNaN;
    without[400] = 0;
    const MomentsOptions drop{MissingRows::drop};
    const RowsView rows = RowsView::row_major(data.data(), n, p);
    const Moments dropped = compute_moments(context(), rows.weighted(weights.data()), drop);
    EXPECT_EQ(dropped.dropped, 5);
    EXPECT_EQ(dropped.rows, n - 5);
    EXPECT_EQ(dropped.weight, static_cast<double>(n - 5));
    EXPECT_TRUE(dropped.finite());
    // The same data with finite values of weight 0 in those places: the numbering of the blocks stays, so do the bits.
    std::vector<double> finite = data;
    for (double& value : finite) value = std::isfinite(value) ? value : 1e300;
    const Moments masked =
        compute_moments(context(), RowsView::row_major(finite.data(), n, p).weighted(without.data()));
    EXPECT_TRUE(test::same(same_bits_promised(p), dropped.mean, masked.mean, Tolerances<double>::chain(1)));
    EXPECT_TRUE(test::same(same_bits_promised(p), test::entries(dropped.scatter), test::entries(masked.scatter),
                           Tolerances<double>::scatter(n)));
  }
}

TEST_P(MomentsTest, FirstRowThatIsNotFiniteIsNamed) {
  for (const Index p : {2, 66}) {
    const Index n = 1000;
    std::vector<double> data = test::Random(5).rows(n, p);
    data[700 * p + 1] = kInfinity;
    data[300 * p + 1] = kNaN;
    try {
      compute_moments(context(), RowsView::row_major(data.data(), n, p));
      FAIL() << "a NaN was taken";
    } catch (const NonFiniteRow& error) {
      EXPECT_EQ(error.row(), 300);
      EXPECT_EQ(error.column(), 1);
      EXPECT_THAT(error.what(), HasSubstr("row 300, column 1"));
    }
    data[300 * p + 1] = 0;
    data[700 * p + 1] = 0;
    std::vector<double> weights(n, 1.0);
    for (const double bad : {kNaN, kInfinity, -kInfinity}) {
      weights[4] = bad;
      const RowsView rows = RowsView::row_major(data.data(), n, p).weighted(weights.data());
      try {
        compute_moments(context(), rows);
        FAIL() << "a weight of " << bad << " was taken";
      } catch (const NonFiniteRow& error) {
        EXPECT_EQ(error.row(), 4);
        EXPECT_EQ(error.column(), -1);
        EXPECT_THAT(error.what(), HasSubstr("weight of row 4"));
      }
      const Moments dropped = compute_moments(context(), rows, {MissingRows::drop});
      EXPECT_EQ(dropped.dropped, 1);
      EXPECT_EQ(dropped.weight, static_cast<double>(n - 1));
      EXPECT_TRUE(dropped.finite());
    }
  }
}

TEST_P(MomentsTest, RowThatIsNotFiniteIsFoundInABlockWithoutWeight) {
  std::vector<double> data(600, 1.0), weights(600, 1.0);
  std::fill_n(weights.begin(), 256, 0.0);
  data[17] = kNaN;
  EXPECT_THROW(compute_moments(context(), RowsView::row_major(data.data(), 600, 1).weighted(weights.data())),
               NonFiniteRow);
}

TEST_P(MomentsTest, OverflowIsAnOutcomeAndNotAnError) {
  std::vector<double> data(20, 1e308);
  data[3] = -1e308;
  const Moments moments = compute_moments(context(), RowsView::row_major(data.data(), 10, 2));
  EXPECT_FALSE(moments.finite());
  EXPECT_EQ(moments.rows, 10);
}

TEST_P(MomentsTest, WeightsThatCannotBeAreRefused) {
  const std::vector<double> data = test::Random(1).rows(10, 2);
  const RowsView rows = RowsView::row_major(data.data(), 10, 2);
  std::vector<double> weights(10, 1.0);
  weights[6] = -0.5;
  try {
    compute_moments(context(), rows.weighted(weights.data()));
    FAIL() << "a negative weight was taken";
  } catch (const DataError& error) {
    EXPECT_THAT(error.what(), HasSubstr("weight of row 6"));
    EXPECT_THAT(error.what(), HasSubstr("-0.5"));
  }
  std::fill(weights.begin(), weights.end(), 0.0);
  try {
    compute_moments(context(), rows.weighted(weights.data()));
    FAIL() << "weights that are all zero were taken";
  } catch (const DataError& error) {
    EXPECT_THAT(error.what(), HasSubstr("all 10 weights are zero"));
  }
}

TEST_P(MomentsTest, NoRowsGiveNoWeightAndNoMean) {
  for (const Index p : {2, 70}) {
    const Moments moments = compute_moments(context(), RowsView::row_major(static_cast<double*>(nullptr), 0, p));
    EXPECT_EQ(moments.weight, 0);
    EXPECT_EQ(moments.rows, 0);
    EXPECT_TRUE(same_bits(moments.mean, std::vector<double>(p, kCanonicalNaN)));
    EXPECT_TRUE(same_bits(moments.covariance(), Matrix(p, p, kCanonicalNaN)));
    EXPECT_FALSE(moments.finite());
  }
}

TEST_P(MomentsTest, GroupsHaveTheBitsOfAPassOverEachAlone) {
  for (const Index p : {3, 64, 70}) {
    const Index n = 2000;
    test::Random random(17);
    const std::vector<double> data = random.rows(n, p, 50, 2);
    std::vector<double> weights(n);
    for (double& weight : weights) weight = random.uniform();
    std::fill_n(weights.begin() + 900, 40, 0.0);  // group 5 has no weight
    const std::vector<Index> offsets{10, 11, 11, 300, 900, 940, 1990};
    for (const bool weighted : {false, true}) {
      RowsView rows = RowsView::row_major(data.data(), n, p);
      if (weighted) rows = rows.weighted(weights.data());
      const MomentsBatch batch = compute_grouped_moments(context(), rows, offsets);
      ASSERT_EQ(batch.problems(), 6);
      for (Index g = 0; g < batch.problems(); ++g) {
        SCOPED_TRACE("p = " + std::to_string(p) + ", group " + std::to_string(g));
        const Moments moments = batch[g];
        if (weighted && g == 4) {
          EXPECT_EQ(moments.weight, 0);
          EXPECT_TRUE(same_bits(moments.mean, std::vector<double>(p, kCanonicalNaN)));
          continue;
        }
        const Moments alone = compute_moments(context(), rows.slice(offsets[g], offsets[g + 1] - offsets[g]));
        test::expect_same(moments, alone, same_bits_promised(p));
      }
    }
  }
}

TEST_P(MomentsTest, GroupsNameTheGuiltyRowAndDropPerGroup) {
  const Index n = 30, p = 2;
  std::vector<double> data = test::Random(2).rows(n, p);
  data[25 * p] = kNaN;
  const RowsView rows = RowsView::row_major(data.data(), n, p);
  const std::vector<Index> offsets{0, 10, 20, 30};
  try {
    compute_grouped_moments(context(), rows, offsets);
    FAIL() << "a NaN was taken";
  } catch (const NonFiniteRow& error) {
    EXPECT_EQ(error.row(), 25);
    EXPECT_EQ(error.column(), 0);
  }
  const MomentsBatch batch = compute_grouped_moments(context(), rows, offsets, {MissingRows::drop});
  EXPECT_EQ(batch.dropped, (std::vector<Index>{0, 0, 1}));
  EXPECT_EQ(batch.rows, (std::vector<Index>{10, 10, 9}));
  const std::vector<Index> before{0, 10, 20};
  EXPECT_EQ(compute_grouped_moments(context(), rows, before).problems(), 2) << "the NaN lies outside the groups";
}

TEST_P(MomentsTest, ArgumentsThatCannotBeAreNamed) {
  const std::vector<double> data(20, 1.0);
  const auto message = [&](const RowsView& rows, const std::vector<Index>& offsets) -> std::string {
    try {
      offsets.empty() ? void(compute_moments(context(), rows))
                      : void(compute_grouped_moments(context(), rows, offsets));
    } catch (const InvalidArgument& error) {
      return error.what();
    }
    return "nothing was thrown";
  };
  const RowsView good = RowsView::row_major(data.data(), 10, 2);
  EXPECT_THAT(message(RowsView::row_major(data.data(), 10, 2, 1), {}), HasSubstr("leading dimension is 1"));
  EXPECT_THAT(message(RowsView::column_major(data.data(), 10, 2, 9), {}), HasSubstr("at least 10"));
  EXPECT_THAT(message(RowsView::row_major(data.data(), 10, 2, -2), {}), HasSubstr("leading dimension is -2"));
  EXPECT_THAT(message(RowsView::column_major(data.data(), 10, 2, -7), {}), HasSubstr("leading dimension is -7"));
  EXPECT_THROW(Matrix(2, 2, std::vector<double>(3)), InvalidArgument);
  EXPECT_THAT(message(RowsView::row_major(data.data(), 10, 0), {}), HasSubstr("columns is 0"));
  EXPECT_THAT(message(RowsView::row_major(data.data(), -1, 2), {}), HasSubstr("rows is -1"));
  EXPECT_THAT(message(RowsView::row_major(static_cast<float*>(nullptr), 1, 2), {}), HasSubstr("null"));
  EXPECT_THAT(message(good, {0, 5, 4}), HasSubstr("offsets[2]: 4"));
  EXPECT_THAT(message(good, {0, 11}), HasSubstr("offsets[1]: 11"));
  EXPECT_THAT(message(good, {-1, 5}), HasSubstr("offsets[0]: -1"));
}

}  // namespace
}  // namespace sigmahat
