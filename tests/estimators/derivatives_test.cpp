// The derivatives as functions on batches: shapes, layouts, shared operands, bad items, and what is refused.
#include "sigmahat/derivatives.hpp"

#include <gmock/gmock.h>

#include <cmath>
#include <limits>
#include <numeric>

#include "backends/factory.hpp"
#include "sigmahat/host/error.hpp"
#include "support/counting_operations.hpp"
#include "support/devices.hpp"

namespace sigmahat {
namespace {

using namespace derivatives;
using ::testing::DoubleEq;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::NanSensitiveDoubleEq;
using Values = std::vector<double>;

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

class Derivatives : public test::DeviceTest {
 protected:
  MatrixBatch<double> batch(Index items, Index rows, Index columns, const Values& values) const {
    return {context(), items, rows, columns, values};
  }
  /// 1, 2, 3, ...
  MatrixBatch<double> counting(Index items, Index rows, Index columns, double first = 1) const {
    Values values(static_cast<std::size_t>(items * rows * columns));
    std::iota(values.begin(), values.end(), first);
    return batch(items, rows, columns, values);
  }
  std::string message_of(const std::function<void()>& call) const {
    try {
      call();
    } catch (const InvalidArgument& error) {
      return error.what();
    }
    return "nothing was thrown";
  }
};

TEST_P(Derivatives, BatchesKeepTheirNumbersInBothTypes) {
  for (const Index count : {1, 2, 3, 31}) {
    std::vector<float> values(static_cast<std::size_t>(count));
    std::iota(values.begin(), values.end(), 0.5F);
    EXPECT_EQ(MatrixBatch<float>(context(), 1, count, 1, values).values(), values);
    const MatrixBatch<float> reshaped = MatrixBatch<float>(context(), 1, count, 1, values).reshaped(count, 1, 1);
    EXPECT_EQ(reshaped.items(), count);
    EXPECT_EQ(reshaped.values(), values);
  }
  EXPECT_THAT(counting(2, 1, 2).values(), ElementsAre(1, 2, 3, 4));
  EXPECT_THAT(batch(0, 3, 2, {}).values(), IsEmpty());
}

TEST_P(Derivatives, BatchesOfImpossibleShapesAreRefused) {
  EXPECT_THAT(message_of([&] { batch(-1, 1, 1, {}); }), HasSubstr("-1 items of 1 × 1"));
  EXPECT_THAT(message_of([&] { batch(1, 0, 1, {}); }), HasSubstr("rows and columns ≥ 1"));
  EXPECT_THAT(message_of([&] { batch(1, 2, 1, {1}); }), HasSubstr("1 values for 1 items of 2 × 1"));
  EXPECT_THAT(message_of([&] { MatrixBatch<double>(context(), Index{1} << 40, Index{1} << 20, Index{1} << 10); }),
              HasSubstr("more than 2⁶⁰"));
  EXPECT_THAT(message_of([&] { counting(1, 2, 3).reshaped(1, 4, 1); }), HasSubstr("6 numbers do not make"));
}

TEST_P(Derivatives, ValuesAndGradientsOfSmallIntegersAreExact) {
  const auto x = batch(1, 2, 1, {1, 2});
  const auto a = batch(1, 2, 2, {1, 3, 2, 4});  // [1 2; 3 4]
  EXPECT_THAT(quadratic_form::value(context(), x, a).values(), ElementsAre(27));
  EXPECT_THAT(quadratic_form::gradient(context(), x, a).values(), ElementsAre(12, 21));
  EXPECT_THAT(quadratic_form::hessian(context(), a).values(), ElementsAre(2, 5, 5, 8));
  EXPECT_THAT(squared_norm::gradient(context(), x).values(), ElementsAre(2, 4));
  const auto b = batch(1, 2, 1, {5, 7});
  EXPECT_THAT(linear_form::gradient(context(), x, b).values(), ElementsAre(5, 7));
  EXPECT_THAT(product_of_forms::value(context(), x, b, b).values(), ElementsAre(361));
  EXPECT_THAT(product_of_forms::gradient(context(), x, b, x).values(), ElementsAre(5 * 5 + 19, 7 * 5 + 19 * 2));
}

TEST_P(Derivatives, LayoutsAreTransposesOfEachOther) {
  const auto x = counting(2, 3, 2), a = counting(1, 3, 1, 2), b = counting(1, 2, 1, 5);
  const auto shaped = bilinear_form::gradient(context(), x, a, b);
  EXPECT_EQ(shaped.rows(), 3);
  EXPECT_EQ(shaped.columns(), 2);
  EXPECT_THAT(shaped.values(), ElementsAre(10, 15, 20, 12, 18, 24, 10, 15, 20, 12, 18, 24));
  const auto turned = bilinear_form::gradient(context(), x, a, b, DerivativeLayout::numerator);
  EXPECT_EQ(turned.rows(), 2);
  EXPECT_EQ(turned.columns(), 3);
  EXPECT_THAT(turned.values(), ElementsAre(10, 12, 15, 18, 20, 24, 10, 12, 15, 18, 20, 24));
  const auto row = squared_norm::gradient(context(), a, DerivativeLayout::numerator);
  EXPECT_EQ(row.rows(), 1);
  EXPECT_EQ(row.columns(), 3);
  const auto map = counting(1, 2, 3);
  EXPECT_THAT(linear_map::jacobian(context(), a, map).values(), ElementsAre(1, 2, 3, 4, 5, 6));
  EXPECT_THAT(linear_map::jacobian(context(), a, map, DerivativeLayout::denominator).values(),
              ElementsAre(1, 3, 5, 2, 4, 6));
}

TEST_P(Derivatives, TheSizesOfTheTransposedFormAreThoseOfX) {
  const auto x = counting(1, 3, 2), a = counting(1, 2, 1), b = counting(1, 3, 1);
  EXPECT_THAT(transposed_bilinear_form::gradient(context(), x, a, b).values(), ElementsAre(1, 2, 3, 2, 4, 6));
  EXPECT_THAT(message_of([&] { transposed_bilinear_form::value(context(), x, b, a); }),
              HasSubstr("b: 2 × 1; must be 3 × 1"));
}

TEST_P(Derivatives, SharedOperandsServeAllItemsAndNoItemsAreNoResult) {
  const auto x = counting(3, 2, 1), a = batch(1, 2, 2, {1, 3, 2, 4});
  Values copies;
  for (int b = 0; b < 3; ++b) copies.insert(copies.end(), {1, 3, 2, 4});
  EXPECT_EQ(quadratic_form::gradient(context(), x, a).values(),
            quadratic_form::gradient(context(), x, batch(3, 2, 2, copies)).values());
  EXPECT_THAT(quadratic_form::gradient(context(), batch(0, 2, 1, {}), a).values(), IsEmpty());
  EXPECT_EQ(linear_form::gradient(context(), x, batch(1, 2, 1, {4, 5})).items(), 3);
}

TEST_P(Derivatives, ABadItemStaysAlone) {
  // Item 1 is singular, item 2 has a NaN; the neighbours keep their bits.
  const Values good = {2, 1, 0.5, 3};
  Values values = good;
  values.insert(values.end(), {1, 2, 2, 4});
  values.insert(values.end(), {kNaN, 1, 1, 1});
  values.insert(values.end(), good.begin(), good.end());
  const auto x = batch(4, 2, 2, values);
  const Values alone = log_determinant_form::gradient(context(), batch(1, 2, 2, good)).values();
  const Values all = log_determinant_form::gradient(context(), x).values();
  EXPECT_EQ(Values(all.begin(), all.begin() + 4), alone);
  EXPECT_EQ(Values(all.end() - 4, all.end()), alone);
  EXPECT_THAT(Values(all.begin() + 4, all.begin() + 12), Each(NanSensitiveDoubleEq(kNaN)));
  const Values logarithms = log_determinant_form::value(context(), x).values();
  EXPECT_EQ(logarithms[1], -std::numeric_limits<double>::infinity());
  EXPECT_THAT(determinant_form::gradient(context(), x).values()[4], DoubleEq(4));  // the cofactors of the singular one
}

TEST_P(Derivatives, TheLinkReadsADerivativeOffItsDifferential) {
  const auto a = counting(1, 2, 3);  // df = tr(A dX), X: 3 × 2
  int calls = 0;
  const DifferentialMap<double> differential = [&](const MatrixBatch<double>& directions) {
    ++calls;
    const Values rows = directions.values(), factors = a.values();
    Values df;
    for (Index b = 0; b < directions.items(); ++b) {
      double sum = 0;
      for (Index i = 0; i < 2; ++i) {
        for (Index j = 0; j < 3; ++j) sum += factors[i + 2 * j] * rows[b * 6 + j + 3 * i];
      }
      df.push_back(sum);
    }
    return batch(directions.items(), 1, 1, df);
  };
  const auto read = derivative_of_differential<double>(context(), 3, 2, differential);
  EXPECT_EQ(read.values(), derivative_of_trace_form(context(), a).values());
  EXPECT_EQ(calls, 1);
  const DifferentialMap<double> wrong = [&](const MatrixBatch<double>&) { return batch(1, 1, 1, {1}); };
  EXPECT_THAT(message_of([&] { derivative_of_differential<double>(context(), 3, 2, wrong); }),
              HasSubstr("one scalar for each of 6 directions"));
}

TEST_P(Derivatives, TheResidualGradientVanishesAtTheMinimiserAndDeficientProblemsHaveNone) {
  const auto x = batch(2, 3, 2, {1, 1, 1, 1, 2, 3, 1, 1, 1, 2, 2, 2}), y = batch(1, 3, 1, {1, 2, 4});
  const Values found = residual_form::minimiser(context(), x, y).values();
  EXPECT_NEAR(found[0], -2.0 / 3, 1e-14);
  EXPECT_NEAR(found[1], 1.5, 1e-14);
  EXPECT_TRUE(std::isnan(found[2]) && std::isnan(found[3]));
}

TEST_P(Derivatives, WrongShapesAreNamed) {
  const auto x = counting(1, 3, 1), square = counting(1, 3, 3), wide = counting(1, 2, 3);
  EXPECT_THAT(message_of([&] { quadratic_form::value(context(), x, wide); }), HasSubstr("A: 2 × 3; must be 3 × 3"));
  EXPECT_THAT(message_of([&] { squared_norm::value(context(), square); }), HasSubstr("x: 3 × 3; must be a vector"));
  EXPECT_THAT(message_of([&] { log_determinant_form::gradient(context(), wide); }), HasSubstr("must be square"));
  EXPECT_THAT(message_of([&] { linear_form::value(context(), counting(2, 3, 1), counting(3, 3, 1)); }),
              HasSubstr("a: 3 items, where x has 2"));
  EXPECT_THAT(message_of([&] { linear_map::jacobian(context(), x, counting(1, 3, 2)); }), HasSubstr("x has 3 rows"));
}

TEST_P(Derivatives, AGaussianThatIsNotDefiniteIsNaNAndItsNeighboursAreNot) {
  MomentsBatch moments(2, 2);
  moments.rows = {10, 10};
  moments.weight = {10, 10};
  moments.mean = {0, 1, 0, 1};
  moments.mean_residual = {0, 0, 0, 0};
  moments.scatter = {20, 5, 5, 10, 20, 5, 5, 10};
  const GaussianDerivatives at(context(), moments, batch(2, 2, 1, {0, 0, 0, 0}),
                               batch(2, 2, 2, {1, 2, 2, 1, 2, 0, 0, 1}));
  for (const Values& values : {at.value().values(), at.mean_score().values(), at.mean_hessian().values(),
                               at.covariance_score(CovarianceScore::symmetric).values(),
                               at.covariance_hessian().values(), at.cross_hessian().values()}) {
    const std::size_t half = values.size() / 2;
    for (std::size_t i = 0; i < values.size(); ++i) EXPECT_EQ(std::isnan(values[i]), i < half) << i;
  }
  EXPECT_THAT(message_of([&] { GaussianDerivatives(context(), moments, counting(1, 2, 1), counting(2, 2, 2)); }),
              HasSubstr("mean: 1 items of 2 × 1; must be 2 items of 2 × 1"));
  moments.weight[1] = 0;
  EXPECT_THAT(message_of([&] { GaussianDerivatives(context(), moments, counting(2, 2, 1), counting(2, 2, 2)); }),
              HasSubstr("data set 1 has no rows"));
}

SIGMAHAT_ON_EVERY_DEVICE(Derivatives);

TEST(DerivativesOfBatches, AreOneOperationWhateverTheNumberOfItems) {
  test::CallCounts counts;
  const Context context(std::make_unique<test::CountingOperations>(backends::make_cpu(0), counts), "counting");
  for (const Index items : {1, 1000}) {
    counts = {};
    const std::vector<double> ones(static_cast<std::size_t>(items * 9), 1.0);
    const MatrixBatch<double> x(context, items, 3, 1, std::span(ones).first(static_cast<std::size_t>(items * 3)));
    const MatrixBatch<double> a(context, items, 3, 3, ones);
    EXPECT_THAT(quadratic_form::gradient(context, x, a).values(), Each(DoubleEq(6)));
    EXPECT_EQ(counts.matrix_functions, 1);
  }
}

}  // namespace
}  // namespace sigmahat
