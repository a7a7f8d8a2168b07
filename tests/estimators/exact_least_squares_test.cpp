// The exact solver that the tests of least squares rely on, on problems that can be solved by hand.
#include "support/exact_least_squares.hpp"

#include <gmock/gmock.h>

#include <cmath>
#include <stdexcept>

namespace sigmahat::test {
namespace {

using ::testing::ElementsAre;

TEST(ExactLeastSquaresTest, ReadsDecimalsAndDoublesExactly) {
  EXPECT_EQ(exact("-0.25"), Rational(-1, 4));
  EXPECT_EQ(exact("0.150E-01"), Rational(3, 200));
  EXPECT_EQ(exact("1947"), 1947);
  EXPECT_EQ(exact("-00.0"), 0);
  EXPECT_EQ(exact("2.5e+3"), 2500);
  EXPECT_EQ(exact(0x1p-60), 1 / Rational(std::int64_t{1} << 60));
  EXPECT_NE(exact(0.1), exact("0.1"));
  EXPECT_EQ(rounded(exact("0.1")), 0.1);
  EXPECT_EQ(rounded_root(2), std::sqrt(2.0));
  for (const char* text : {"", "-", "1.2.3", "one", "0x10"}) EXPECT_THROW(exact(text), std::invalid_argument) << text;
  EXPECT_THROW(exact(std::nan("")), std::invalid_argument);
}

// The line through (0, 1), (1, 1), (2, 4): ȳ = 2, slope 3/2, intercept 1/2; residuals 1/2, −1, 1/2.
TEST(ExactLeastSquaresTest, LineThroughThreePoints) {
  const std::vector<double> x{0, 1, 2}, y{1, 1, 4};
  const ExactLeastSquares line = solve_exactly(ExactProblem::of(x, y, true));
  EXPECT_TRUE(line.full_rank);
  EXPECT_EQ(line.rank, 2);
  EXPECT_THAT(line.coefficients, ElementsAre(Rational(1, 2), Rational(3, 2)));
  EXPECT_EQ(line.rss, Rational(3, 2));
  EXPECT_EQ(line.tss, 6);
  EXPECT_EQ(line.dof, 1);
  EXPECT_EQ(line.r_squared(), 0.75);
  EXPECT_EQ(line.sigma(), std::sqrt(1.5));
  EXPECT_THAT(line.inverse_diagonal, ElementsAre(Rational(5, 6), Rational(1, 2)));
  EXPECT_EQ(line.sandwich_diagonal, line.inverse_diagonal);
  EXPECT_THAT(line.standard_errors(), ElementsAre(std::sqrt(1.25), std::sqrt(0.75)));
}

// Σxy/Σx² = 9/5, TSS about zero.
TEST(ExactLeastSquaresTest, WithoutAnIntercept) {
  const std::vector<double> x{0, 1, 2}, y{1, 1, 4};
  const ExactLeastSquares line = solve_exactly(ExactProblem::of(x, y, false));
  EXPECT_THAT(line.coefficients, ElementsAre(Rational(9, 5)));
  EXPECT_EQ(line.tss, 18);
  EXPECT_EQ(line.rss, 18 - Rational(81, 5));
  EXPECT_EQ(line.dof, 2);
}

// A weight of two is a row twice, except for n; a weight of zero is no row.
TEST(ExactLeastSquaresTest, Weights) {
  const std::vector<double> x{0, 1, 2, 5}, y{1, 1, 4, 100}, weights{1, 2, 1, 0};
  const std::vector<double> repeated_x{0, 1, 1, 2}, repeated_y{1, 1, 1, 4};
  const ExactLeastSquares weighted = solve_exactly(ExactProblem::of(x, y, true, weights));
  const ExactLeastSquares repeated = solve_exactly(ExactProblem::of(repeated_x, repeated_y, true));
  EXPECT_EQ(weighted.coefficients, repeated.coefficients);
  EXPECT_EQ(weighted.rss, repeated.rss);
  EXPECT_EQ(weighted.tss, repeated.tss);
  EXPECT_EQ(weighted.dof, 1);
  EXPECT_EQ(repeated.dof, 2);
}

// Centred Σx² = 2 and Σxy = 3: the slope is 3/(2 + λ), the line still goes through the means; tr H = 1 + 2/(2 + λ).
TEST(ExactLeastSquaresTest, RidgeLeavesTheInterceptFree) {
  const std::vector<double> x{0, 1, 2}, y{1, 1, 4};
  const ExactLeastSquares line = solve_exactly(ExactProblem::of(x, y, true, {}, 2));
  EXPECT_THAT(line.coefficients, ElementsAre(Rational(5, 4), Rational(3, 4)));
  EXPECT_EQ(line.rss, Rational(21, 8));  // residuals −1/4, −1, 5/4
  EXPECT_EQ(line.dof, Rational(3, 2));
  EXPECT_EQ(line.inverse_diagonal[1], Rational(1, 4));
  EXPECT_EQ(line.sandwich_diagonal[1], Rational(1, 8));
  EXPECT_EQ(line.standard_errors()[1], std::sqrt(7.0 / 32));  // σ̂² = (21/8)/(3/2) = 7/4
}

TEST(ExactLeastSquaresTest, DependentColumnsAreReported) {
  const std::vector<double> x{1, 2, 3, 0, 2, 2, 4, 1, 5, 2, 0, 2}, y{1, 2, 3, 4};  // the third is the sum of the others
  const ExactLeastSquares fit = solve_exactly(ExactProblem::of(x, y, false));
  EXPECT_FALSE(fit.full_rank);
  EXPECT_EQ(fit.rank, 2);
  EXPECT_TRUE(fit.coefficients.empty());
  const std::vector<double> constant{3, 3, 3, 3};
  EXPECT_EQ(solve_exactly(ExactProblem::of(constant, y, true)).rank, 1);
  EXPECT_TRUE(solve_exactly(ExactProblem::of(constant, y, true, {}, 0x1p-300)).full_rank);
  const std::vector<double> zero{0, 0, 0, 0};
  EXPECT_EQ(solve_exactly(ExactProblem::of(zero, y, false)).rank, 0);
  EXPECT_THROW(ExactProblem::of(x, std::vector<double>{1, 2, 3, 4, 5}, false), std::invalid_argument);
}

}  // namespace
}  // namespace sigmahat::test
