// A batch is its problems: ragged or uniform, in any order and chunk, with bad neighbours, on any device.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>

#include "support/compare.hpp"
#include "support/devices.hpp"
#include "support/regression_data.hpp"

namespace sigmahat {
namespace {

using test::item;
using test::Regressions;
using test::same_bits;
using ::testing::Each;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();

class LeastSquaresBatches : public test::DeviceTest {};

LeastSquaresOptions classical(bool intercept) {
  LeastSquaresOptions options;
  options.intercept = intercept;
  options.standard_errors = StandardErrors::classical;
  options.outputs.goodness = true;
  return options;
}

/// Problem `a` of `first` and problem `b` of `second` have the same bits in everything.
void expect_same_problem(const LeastSquaresFit& first, Index a, const LeastSquaresFit& second, Index b) {
  SCOPED_TRACE("problems " + std::to_string(a) + " and " + std::to_string(b));
  const Index count = first.coefficient_count;
  for (const auto member : {&LeastSquaresFit::coefficients, &LeastSquaresFit::standard_errors}) {
    EXPECT_TRUE(same_bits(item(first.*member, a, count), item(second.*member, b, count)));
  }
  for (const auto member : {&LeastSquaresFit::rss, &LeastSquaresFit::tss, &LeastSquaresFit::residual_dof,
                            &LeastSquaresFit::condition, &LeastSquaresFit::sigma_squared}) {
    EXPECT_TRUE(same_bits(item(first.*member, a, 1), item(second.*member, b, 1)));
  }
  EXPECT_EQ(first.rank[a], second.rank[b]);
  EXPECT_EQ(first.route[a], second.route[b]);
  EXPECT_EQ(first.status[a], second.status[b]);
  EXPECT_EQ(first.rows[a], second.rows[b]);
  EXPECT_EQ(first.dropped[a], second.dropped[b]);
}

TEST_P(LeastSquaresBatches, HaveTheBitsOfTheReference) {
  const Context reference({"reference", 0});
  for (const Index k : {1, 2, 3, 4, 5, 8, 9, 16, 17, 31, 32, 33, 64}) {
    for (const Index m : {1, 31, 32, 33, 100, 257, 600}) {
      if (k > 33 && m > 300) continue;
      Regressions data(static_cast<std::uint64_t>(100 * k + m), k > 16 ? 3 : 11, m, k, 1);
      for (const bool intercept : {false, true}) {
        const auto batch = m % 2 == 0 ? data.batch() : data.batch().weighted(data.weights.data());
        const auto fit = fit_least_squares(context(), batch, classical(intercept));
        const auto expected = fit_least_squares(reference, batch, classical(intercept));
        for (Index b = 0; b < data.problems; ++b) expect_same_problem(fit, b, expected, b);
        if (HasFailure()) FAIL() << "k " << k << " m " << m << " intercept " << intercept;
      }
    }
  }
}

TEST_P(LeastSquaresBatches, TallProblemsHaveTheBitsOfTheReference) {
  const Context reference({"reference", 0});
  const Regressions data(5, 1, 20'000, 3, 10);
  for (const bool intercept : {false, true}) {
    expect_same_problem(fit_least_squares(context(), data.batch(), classical(intercept)), 0,
                        fit_least_squares(reference, data.batch(), classical(intercept)), 0);
  }
}

TEST_P(LeastSquaresBatches, PlaceOrderChunksAndRaggednessChangeNoBit) {
  const std::vector<Index> sizes = {40, 0, 3, 257, 5, 300, 40, 1, 64, 8, 9, 513, 17};
  std::vector<Index> offsets = {0};
  for (const Index size : sizes) offsets.push_back(offsets.back() + size);
  Regressions data(9, 1, offsets.back(), 4, 3);
  const auto x = RowsView::row_major(data.x.data(), data.rows, 4), y = RowsView::row_major(data.y.data(), data.rows, 1);
  LeastSquaresOptions options = classical(true);
  const auto all = fit_least_squares(context(), LeastSquaresBatch::ragged(x, y, offsets), options);
  Index told = 0;
  options.progress = [&](Index done, Index problems) {
    EXPECT_GT(done, told);
    EXPECT_EQ(problems, 13);
    told = done;
  };
  const auto chunked = fit_least_squares(context(), LeastSquaresBatch::ragged(x, y, offsets), options);
  EXPECT_EQ(told, 13);
  for (Index b = 0; b < 13; ++b) {
    const auto one = LeastSquaresBatch::single(x.slice(offsets[b], sizes[b]), y.slice(offsets[b], sizes[b]));
    expect_same_problem(all, b, fit_least_squares(context(), one, classical(true)), 0);
    expect_same_problem(all, b, chunked, b);
    EXPECT_EQ(all.status[b], sizes[b] < 5 ? ProblemStatus::too_few_rows : ProblemStatus::ok);
    EXPECT_EQ(all.rows[b], sizes[b]);
  }
}

TEST_P(LeastSquaresBatches, ABadProblemChangesNoBitOfItsNeighbours) {
  for (const Index m : {40, 300}) {
    const Regressions good(15, 20, m, 3, 1);
    Regressions bad = good;
    bad.row_of(3, 7)[1] = kNaN;
    bad.y[static_cast<std::size_t>(6 * m + 2)] = kInfinity;
    for (Index i = 0; i < m; ++i) bad.row_of(11, i)[2] = 3 * bad.row_of(11, i)[0];
    for (Index i = 0; i < m; ++i) bad.row_of(12, i)[2] = bad.row_of(12, i)[0] * (1 + 0x1p-30 * static_cast<double>(i));
    for (const bool intercept : {false, true}) {
      const auto clean = fit_least_squares(context(), good.batch(), classical(intercept));
      const auto fit = fit_least_squares(context(), bad.batch(), classical(intercept));
      for (Index b = 0; b < 20; ++b) {
        if (b != 3 && b != 6 && b != 11 && b != 12) expect_same_problem(fit, b, clean, b);
      }
      for (const Index b : {3, 6}) {
        EXPECT_EQ(fit.status[b], ProblemStatus::not_finite);
        EXPECT_TRUE(same_bits(item(fit.coefficients, b, fit.coefficient_count),
                              std::vector<double>(static_cast<std::size_t>(fit.coefficient_count), kCanonicalNaN)));
        EXPECT_TRUE(std::isnan(fit.rss[b]) && std::isnan(fit.condition[b]));
      }
      EXPECT_EQ(fit.status[11], ProblemStatus::rank_deficient);
      EXPECT_EQ(fit.status[12], ProblemStatus::refined_by_qr);
      const auto counts = fit.status_counts();
      ASSERT_EQ(counts.size(), 4U);
      EXPECT_EQ(counts[0].problems, 16);
    }
  }
}

TEST_P(LeastSquaresBatches, DroppedRowsAreLeftOutAndCounted) {
  Regressions data(21, 3, 300, 2, 1);
  data.row_of(1, 4)[0] = kNaN;
  data.y[2 * 300 + 299] = kInfinity;
  data.weights[2 * 300 + 7] = kNaN;
  LeastSquaresOptions options = classical(true);
  options.drop_missing = true;
  options.outputs.residuals = options.outputs.fitted = true;
  const auto fit = fit_least_squares(context(), data.batch().weighted(data.weights.data()), options);
  EXPECT_THAT(fit.dropped, ::testing::ElementsAre(0, 1, 2));
  EXPECT_THAT(fit.rows, ::testing::ElementsAre(300, 299, 298));
  EXPECT_THAT(fit.status, Each(ProblemStatus::ok));
  EXPECT_TRUE(std::isnan(fit.residuals[300 + 4]) && std::isnan(fit.fitted[2 * 300 + 7]));
  EXPECT_FALSE(std::isnan(fit.residuals[300 + 5]));
  // A row of weight 0 contributes nothing, just as a dropped one.
  Regressions zeroed = data;
  zeroed.row_of(1, 4)[0] = 1;
  zeroed.y[2 * 300 + 299] = 1;
  zeroed.weights[300 + 4] = zeroed.weights[2 * 300 + 299] = zeroed.weights[2 * 300 + 7] = 0;
  options.drop_missing = false;
  const auto same = fit_least_squares(context(), zeroed.batch().weighted(zeroed.weights.data()), options);
  EXPECT_TRUE(same_bits(fit.coefficients, same.coefficients));
}

TEST_P(LeastSquaresBatches, LayoutAndPrecisionOfStorageOnlyWiden) {
  const Regressions data(25, 1, 290, 5, 2);
  std::vector<float> x(data.x.begin(), data.x.end()), y(data.y.begin(), data.y.end());
  const std::vector<double> wide_x(x.begin(), x.end()), wide_y(y.begin(), y.end());
  std::vector<float> padded(290 * 9, 7.0F), columns(5 * 300, 7.0F);
  for (Index i = 0; i < 290; ++i) {
    for (Index j = 0; j < 5; ++j) padded[i * 9 + j] = columns[j * 300 + i] = x[i * 5 + j];
  }
  const auto wide = fit_least_squares(context(), LeastSquaresBatch::uniform(wide_x.data(), wide_y.data(), 1, 290, 5),
                                      classical(true));
  const auto response = RowsView::row_major(y.data(), 290, 1);
  expect_same_problem(
      fit_least_squares(context(), LeastSquaresBatch::uniform(x.data(), y.data(), 1, 290, 5), classical(true)), 0, wide,
      0);
  for (const RowsView& view :
       {RowsView::row_major(padded.data(), 290, 5, 9), RowsView::column_major(columns.data(), 290, 5, 300)}) {
    expect_same_problem(fit_least_squares(context(), LeastSquaresBatch::single(view, response), classical(true)), 0,
                        wide, 0);
  }
  // x and y side by side in one table.
  std::vector<double> table;
  for (Index i = 0; i < 290; ++i) {
    table.insert(table.end(), wide_x.begin() + i * 5, wide_x.begin() + (i + 1) * 5);
    table.push_back(wide_y[i]);
  }
  expect_same_problem(fit_least_squares(context(),
                                        LeastSquaresBatch::single(RowsView::row_major(table.data(), 290, 5, 6),
                                                                  RowsView::row_major(table.data() + 5, 290, 1, 6)),
                                        classical(true)),
                      0, wide, 0);
}

TEST_P(LeastSquaresBatches, WhatIsNotAskedForIsNotThereAndChangesNothing) {
  const Regressions data(27, 9, 40, 4, 1);
  LeastSquaresOptions options;
  options.intercept = true;
  const auto bare = fit_least_squares(context(), data.batch(), options);
  EXPECT_TRUE(same_bits(bare.coefficients, fit_least_squares(context(), data.batch(), classical(true)).coefficients));
  for (const auto member : {&LeastSquaresFit::standard_errors, &LeastSquaresFit::t, &LeastSquaresFit::p,
                            &LeastSquaresFit::lower, &LeastSquaresFit::covariance, &LeastSquaresFit::rss,
                            &LeastSquaresFit::r_squared, &LeastSquaresFit::residuals, &LeastSquaresFit::fitted}) {
    EXPECT_THAT(bare.*member, IsEmpty());
  }
}

TEST_P(LeastSquaresBatches, NoProblemsAreAnEmptyResult) {
  const double nothing = 0;
  const std::vector<Index> no_offsets = {0};
  for (const auto& batch : {LeastSquaresBatch::uniform(&nothing, &nothing, 0, 10, 2),
                            LeastSquaresBatch::ragged(RowsView::row_major(&nothing, 0, 2),
                                                      RowsView::row_major(&nothing, 0, 1), no_offsets)}) {
    LeastSquaresOptions options = classical(true);
    options.compare = true;
    const auto fit = fit_least_squares(context(), batch, options);
    EXPECT_EQ(fit.problems, 0);
    EXPECT_EQ(fit.coefficient_count, 3);
    EXPECT_THAT(fit.coefficients, IsEmpty());
    EXPECT_THAT(fit.status_counts(), IsEmpty());
  }
}

TEST_P(LeastSquaresBatches, AboveTheOwnKernelsBlasAndLapackServe) {
  const Regressions data(33, 3, 200, 70, 1);
  LeastSquaresOptions options = classical(true);
  const auto expected = fit_least_squares(Context({"reference", 0}), data.batch(), options);
  for (const auto route : {LeastSquaresRoute::automatic, LeastSquaresRoute::qr}) {
    options.route = route;
    const auto fit = fit_least_squares(context(), data.batch(), options);
    EXPECT_THAT(fit.status, Each(ProblemStatus::ok));
    EXPECT_TRUE(test::at_most(test::relative_error(fit.coefficients, expected.coefficients), 1e-12));
    EXPECT_TRUE(test::at_most(test::relative_error(fit.standard_errors, expected.standard_errors), 1e-12));
    EXPECT_TRUE(test::at_most(test::relative_error(fit.rss, expected.rss), 1e-12));
  }
}

SIGMAHAT_ON_EVERY_DEVICE(LeastSquaresBatches);

/// The message of the InvalidArgument (or DataError) that a call throws.
template <class Error, class F>
std::string message_of(F&& call) {
  try {
    call();
  } catch (const Error& error) {
    return error.what();
  }
  return "nothing was thrown";
}

class LeastSquaresErrors : public ::testing::Test {
 protected:
  const Context context{{"cpu", 1}};
  const Regressions data{1, 2, 10, 2};
  const RowsView x = RowsView::row_major(data.x.data(), 20, 2), y = RowsView::row_major(data.y.data(), 20, 1);

  std::string of(const LeastSquaresOptions& options) const {
    return message_of<InvalidArgument>([&] { fit_least_squares(context, data.batch(), options); });
  }
  static std::string of_ragged(const RowsView& rows, const RowsView& response, const std::vector<Index>& offsets) {
    return message_of<InvalidArgument>([&] { LeastSquaresBatch::ragged(rows, response, offsets); });
  }
};

TEST_F(LeastSquaresErrors, NameWhatIsWrongWithTheShapes) {
  EXPECT_THAT(of_ragged(x, y, {}), HasSubstr("B + 1"));
  EXPECT_THAT(of_ragged(x, y, {0, 5, 4}), HasSubstr("offset 2 is 4; it must be at least 5"));
  EXPECT_THAT(of_ragged(x, y, {-1, 5}), HasSubstr("offset 0 is -1"));
  EXPECT_THAT(of_ragged(x, y, {0, 21}), HasSubstr("offset 1 is 21; there are only 20 rows"));
  EXPECT_THAT(of_ragged(x, RowsView::row_major(data.y.data(), 19, 1), {0, 5}), HasSubstr("X has 20 rows and y has 19"));
  EXPECT_THAT(of_ragged(x, x, {0, 5}), HasSubstr("y has 2 columns"));
  EXPECT_THAT(of_ragged(RowsView::row_major(data.x.data(), 20, 0), y, {0, 5}), HasSubstr("X has 0 columns"));
  const std::vector<float> narrow(20);
  EXPECT_THAT(of_ragged(x, RowsView::row_major(narrow.data(), 20, 1), {0, 5}), HasSubstr("different precision"));
  const auto huge = [&] {
    LeastSquaresBatch::uniform(data.x.data(), data.y.data(), Index{1} << 40, Index{1} << 30, 2);
  };
  EXPECT_THAT(message_of<InvalidArgument>(huge), HasSubstr("does not fit into 64 bits"));
  const auto negative = [&] { LeastSquaresBatch::uniform(data.x.data(), data.y.data(), -1, 3, 2); };
  EXPECT_THAT(message_of<InvalidArgument>(negative), HasSubstr("problems is -1"));
}

TEST_F(LeastSquaresErrors, NameWhatIsWrongWithTheOptions) {
  LeastSquaresOptions options;
  options.ridge = -1;
  EXPECT_THAT(of(options), HasSubstr("ridge: -1"));
  options.ridge = kNaN;
  EXPECT_THAT(of(options), HasSubstr("ridge"));
  options = {};
  options.confidence_level = 1;
  EXPECT_THAT(of(options), HasSubstr("confidence_level: 1"));
  options = {};
  options.rank_tolerance = 1;
  EXPECT_THAT(of(options), HasSubstr("rank_tolerance"));
  options = {};
  options.outputs.p = true;
  EXPECT_THAT(of(options), HasSubstr("outputs.p: true; it needs standard_errors"));
}

TEST_F(LeastSquaresErrors, NameANegativeWeight) {
  std::vector<double> weights(20, 1.0);
  weights[13] = -0.5;
  const auto call = [&] { fit_least_squares(context, data.batch().weighted(weights.data())); };
  EXPECT_THAT(message_of<DataError>(call), HasSubstr("the weight of row 13 is -0.5"));
}

}  // namespace
}  // namespace sigmahat
