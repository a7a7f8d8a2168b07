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
  const MatrixBatch<double> original = counting(2, 1, 2), copy = original.copy(context());
  EXPECT_NE(copy.device(), original.device());
  EXPECT_EQ(copy.items(), 2);
  EXPECT_EQ(copy.values(), original.values());
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
  EXPECT_EQ(linear_map::jacobian(context(), x, a).items(), 3);
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

TEST_P(Derivatives, EveryGradientHasBothLayouts) {
  const auto x = counting(1, 3, 2), beta = counting(1, 2, 1), a = counting(1, 3, 1), b = counting(1, 2, 1, 3),
             y = counting(1, 3, 1, 2), square = batch(1, 2, 2, {2, 1, 0.5, 3}), m = counting(1, 2, 2),
             narrow = batch(1, 3, 2, {0.1, 0.2, 0.3, 0.4, 0.5, 0.6});
  using L = DerivativeLayout;
  const std::vector<std::function<MatrixBatch<double>(L)>> gradients = {
      [&](L layout) { return linear_form::gradient(context(), b, beta, layout); },
      [&](L layout) { return quadratic_form::gradient(context(), b, m, layout); },
      [&](L layout) { return product_of_forms::gradient(context(), b, beta, b, layout); },
      [&](L layout) { return transposed_bilinear_form::gradient(context(), x, b, a, layout); },
      [&](L layout) { return row_gram_form::gradient(context(), x, a, y, layout); },
      [&](L layout) { return column_gram_form::gradient(context(), x, b, beta, layout); },
      [&](L layout) { return exponential_form::gradient(context(), narrow, a, b, layout); },
      [&](L layout) { return residual_form::gradient(context(), beta, x, y, layout); },
      [&](L layout) { return determinant_form::gradient(context(), square, layout); },
      [&](L layout) { return log_determinant_form::gradient(context(), square, ArgumentStructure::general, layout); },
      [&](L layout) { return inverse_trace_form::gradient(context(), square, m, ArgumentStructure::general, layout); }};
  for (std::size_t k = 0; k < gradients.size(); ++k) {
    const auto shaped = gradients[k](L::denominator), turned = gradients[k](L::numerator);
    ASSERT_EQ(shaped.rows(), turned.columns()) << k;
    const Values columns = shaped.values(), rows = turned.values();
    for (Index i = 0; i < shaped.rows(); ++i) {
      for (Index j = 0; j < shaped.columns(); ++j) {
        EXPECT_EQ(columns[i + j * shaped.rows()], rows[j + i * turned.rows()]) << k;
      }
    }
  }
}

TEST_P(Derivatives, TheDifferentialOfARegularDeterminantIsThatOfItsLogarithmTimesIt) {
  const auto x = [&] { return batch(1, 3, 3, {2, 1, 0, 1, 3, 1, 0.5, 0, 2}); };
  const auto dx = [&] { return counting(1, 3, 3); };
  const Differential<double> plain = determinant(context(), Differential<double>{x(), dx()});
  const Differential<double> logarithm = log_determinant(context(), Differential<double>{x(), dx()});
  EXPECT_NEAR(plain.d.values()[0], plain.value.values()[0] * logarithm.d.values()[0], 1e-12);
}

TEST_P(Derivatives, AnAdjugateBeyondTheRangeKeepsItsZeros) {
  const auto x = batch(1, 3, 3, {1e160, 0, 0, 0, 1e160, 0, 0, 0, 1e160});
  const Values cofactors = determinant_form::gradient(context(), x).values();
  const double infinity = std::numeric_limits<double>::infinity();
  EXPECT_THAT(cofactors, ElementsAre(infinity, 0, 0, 0, infinity, 0, 0, 0, infinity));
}

TEST_P(Derivatives, AMatrixThatIsNotSymmetricIsRefusedWhereSymmetryIsStated) {
  const auto x = batch(2, 2, 2, {2, 1, 1, 2, 2, 1, 0.5, 2}), a = counting(1, 2, 1), m = counting(1, 2, 2);
  const std::string what = "item 1 is not symmetric: entry (1, 0) is 1";
  const auto symmetric = ArgumentStructure::symmetric;
  EXPECT_THAT(message_of([&] { log_determinant_form::gradient(context(), x, symmetric); }), HasSubstr("X: " + what));
  EXPECT_THAT(message_of([&] { inverse_trace_form::gradient(context(), x, m, symmetric); }), HasSubstr("X: " + what));
  EXPECT_THAT(message_of([&] { symmetric_bilinear_form::gradient(context(), x, a, a); }), HasSubstr("X: " + what));
  MomentsBatch moments(2, 2);
  moments.weight = {10, 10};
  EXPECT_THAT(message_of([&] { GaussianDerivatives(context(), moments, counting(2, 2, 1), x); }),
              HasSubstr("covariance: " + what));
  // Rounding is no asymmetry, and a NaN stays in its item.
  const auto close = batch(2, 2, 2, {2, 1, 1 + 1e-16, 2, kNaN, 1, 1, 2});
  EXPECT_TRUE(std::isnan(log_determinant_form::gradient(context(), close, symmetric).values()[4]));
}

TEST_P(Derivatives, PairsMustFit) {
  const auto pair = [&](Index rows, Index columns, Index d_rows, Index d_columns, Index d_items = 1) {
    return Differential<double>{counting(1, rows, columns), counting(d_items, d_rows, d_columns)};
  };
  const auto good = pair(3, 3, 3, 3), bad = pair(3, 3, 3, 2);
  for (const auto& call : std::vector<std::function<void()>>{
           [&] { sum(context(), bad, good); }, [&] { difference(context(), bad, good); },
           [&] { product(context(), bad, good); }, [&] { hadamard(context(), bad, good); },
           [&] { transpose(context(), bad); }, [&] { trace(context(), bad); }, [&] { inverse(context(), bad); },
           [&] { determinant(context(), bad); }, [&] { log_determinant(context(), bad); },
           [&] { element_function(context(), ElementFunction::exp, bad); }}) {
    EXPECT_THAT(message_of(call), HasSubstr("dX: 3 × 2; must be 3 × 3"));
  }
  EXPECT_THAT(message_of([&] { sum(context(), good, bad); }), HasSubstr("dY: 3 × 2"));
  EXPECT_THAT(message_of([&] { product(context(), good, pair(2, 3, 2, 3)); }), HasSubstr("Y: 2 × 3; must be 3 × 3"));
  const Differential<double> items{counting(2, 2, 2), counting(3, 2, 2)};
  EXPECT_THAT(message_of([&] { transpose(context(), items); }), HasSubstr("dX: 3 items, where X has 2"));
}

TEST_P(Derivatives, WrongShapesAreNamed) {
  const auto x = counting(1, 3, 1), square = counting(1, 3, 3), wide = counting(1, 2, 3);
  EXPECT_THAT(message_of([&] { quadratic_form::value(context(), x, wide); }), HasSubstr("A: 2 × 3; must be 3 × 3"));
  EXPECT_THAT(message_of([&] { squared_norm::value(context(), square); }), HasSubstr("x: 3 × 3; must be a vector"));
  EXPECT_THAT(message_of([&] { log_determinant_form::gradient(context(), wide); }), HasSubstr("must be square"));
  EXPECT_THAT(message_of([&] { linear_form::value(context(), counting(2, 3, 1), counting(3, 3, 1)); }),
              HasSubstr("a: 3 items, where x has 2"));
  EXPECT_THAT(message_of([&] { linear_map::jacobian(context(), x, counting(1, 3, 2)); }),
              HasSubstr("x: 3 × 1; must be 2"));
  EXPECT_THAT(message_of([&] { inverse_trace_form::value(context(), square, wide); }),
              HasSubstr("M: 2 × 3; must be 3"));
  EXPECT_THAT(message_of([&] { trace_of_product(context(), wide, wide); }), HasSubstr("B: 2 × 3; must be 3 × 2"));
  const DifferentialMap<double> none;
  EXPECT_THAT(message_of([&] { derivative_of_differential(context(), 2, 2, none); }), HasSubstr("it is empty"));
  EXPECT_THAT(message_of([&] { derivative_of_differential(context(), Index{1} << 32, Index{1} << 32, none); }),
              HasSubstr("rows·columns ≤ 2³⁰"));
}

TEST_P(Derivatives, SecondDerivativesAreExactlySymmetric) {
  MomentsBatch moments(1, 3);
  moments.rows = {10};
  moments.weight = {10};
  moments.mean = {0.1, 1, 2};
  moments.mean_residual = {0, 0, 0};
  moments.scatter = {20, 5, 1, 5, 10, 2, 1, 2, 7};
  const GaussianDerivatives at(context(), moments, batch(1, 3, 1, {0.3, 0.7, 0.9}),
                               batch(1, 3, 3, {2, 0.3, 0.1, 0.3, 1.7, 0.7, 0.1, 0.7, 1.1}));
  for (const auto& hessian :
       {at.mean_hessian().values(), at.covariance_hessian().values(), at.covariance_information().values()}) {
    const auto n = static_cast<Index>(std::sqrt(hessian.size()));
    for (Index i = 0; i < n; ++i) {
      for (Index j = 0; j < i; ++j) EXPECT_EQ(hessian[i + j * n], hessian[j + i * n]);
    }
  }
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
  EXPECT_THAT(message_of([&] {
                GaussianDerivatives(context(), moments, counting(2, 2, 1), batch(2, 2, 2, {1, 0, 0, 1, 1, 0, 0, 1}));
              }),
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
