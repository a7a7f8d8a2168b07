// Value and scores against an independent likelihood differentiated by dual numbers, on every device.
#include "sigmahat/gaussian_likelihood.hpp"

#include <gmock/gmock.h>

#include <boost/math/differentiation/autodiff.hpp>
#include <limits>

#include "support/compare.hpp"
#include "support/devices.hpp"
#include "support/independent_likelihood.hpp"
#include "support/random.hpp"

namespace sigmahat {
namespace {

using Dual = boost::math::differentiation::autodiff_fvar<long double, 1>;
using test::at_most;
using test::DenseMatrix;
using test::Tolerances;
using test::within;
using ::testing::HasSubstr;

class GaussianLikelihoodTest : public test::DeviceTest {};
SIGMAHAT_ON_EVERY_DEVICE(GaussianLikelihoodTest);

/// Moments of random rows and a random point (μ, Σ), with derivatives by dual numbers, one direction at a time.
class Case {
 public:
  Case(const Context& context, Index dimension, double condition_in, std::uint64_t seed)
      : p(dimension), condition(condition_in), scatter_(dimension) {
    test::Random random(seed);
    const Index n = 3 * p + 5;
    const std::vector<double> data = random.rows(n, p, 10, 0.5);
    moments = compute_moments(context, RowsView::row_major(data.data(), n, p));
    mean = random.normals(p);
    covariance = random.positive_definite(p, condition);
    for (Index i = 0; i < p; ++i) {
      for (Index j = 0; j < p; ++j) scatter_.at(i, j) = moments.scatter(i, j);
    }
  }

  double value() const {
    return static_cast<double>(test::independent_log_likelihood<long double>(
        moments.weight, moments.mean, scatter_, {mean.begin(), mean.end()}, dense<long double>()));
  }
  double by_mean(Index i) const {
    std::vector<Dual> mu(mean.begin(), mean.end());
    mu[i] = variable(mean[i]);
    return derivative(mu, dense<Dual>());
  }
  /// ∂ℓ/∂σ_ij with every element free, or with σ_ij = σ_ji moving together.
  double by_covariance(Index i, Index j, CovarianceScore convention) const {
    DenseMatrix<Dual> sigma = dense<Dual>();
    sigma.at(i, j) = variable(covariance(i, j));
    if (convention == CovarianceScore::symmetric) sigma.at(j, i) = sigma.at(i, j);
    return derivative(std::vector<Dual>(mean.begin(), mean.end()), sigma);
  }
  /// The per-observation form l = ln|Σ| + tr(Σ⁻¹S), S = M₀/n, and its derivative by σ_ij, every element free.
  double per_observation_by_covariance(Index i, Index j) const {
    DenseMatrix<Dual> sigma = dense<Dual>(), s(p);
    for (Index k = 0; k < p * p; ++k) s.values[k] = scatter_.values[k] / moments.weight;
    sigma.at(i, j) = variable(covariance(i, j));
    const test::DeterminantAndTrace<Dual> parts(sigma, s);
    return static_cast<double>((parts.log_determinant + parts.trace).derivative(1u));
  }

  /// Size of the terms whose difference the scores are: n‖Σ⁻¹‖(‖W‖ + 1) and the like.
  double score_scale() const {
    const double deviation = std::pow(test::relative_error(mean, moments.mean) * test::norm(moments.mean), 2);
    const double whitened = (test::norm(moments.covariance()) + deviation) * condition;
    return moments.weight * condition * (whitened + 1);
  }

  Index p;
  double condition;
  Moments moments;
  std::vector<double> mean;
  Matrix covariance;

 private:
  static Dual variable(double value) {
    return boost::math::differentiation::make_fvar<long double, 1>(static_cast<long double>(value));
  }
  template <class T>
  DenseMatrix<T> dense() const {
    DenseMatrix<T> result(p);
    for (Index i = 0; i < p; ++i) {
      for (Index j = 0; j < p; ++j) result.at(i, j) = T(covariance(i, j));
    }
    return result;
  }
  double derivative(const std::vector<Dual>& mu, const DenseMatrix<Dual>& sigma) const {
    const Dual l = test::independent_log_likelihood<Dual>(moments.weight, moments.mean, scatter_, mu, sigma);
    return static_cast<double>(l.derivative(1u));
  }

  DenseMatrix<double> scatter_;
};

std::vector<Case> cases(const Context& context) {
  std::vector<Case> result;
  for (Index p = 1; p <= 12; ++p) {
    for (const double condition : {2.0, 100.0}) {
      result.emplace_back(context, p, p == 1 ? 1.0 : condition, static_cast<std::uint64_t>(100 * p) + 1);
    }
  }
  return result;
}

TEST_P(GaussianLikelihoodTest, ValueAgreesWithAnIndependentOne) {
  for (const Case& c : cases(context())) {
    const double value = gaussian_log_likelihood(context(), c.moments, c.mean, c.covariance);
    EXPECT_TRUE(within(value, c.value(), Tolerances<double>::whitened(c.p, c.condition) * c.score_scale()));
    EXPECT_EQ(gaussian_score(context(), c.moments, c.mean, c.covariance, CovarianceScore::symmetric).value, value);
  }
}

TEST_P(GaussianLikelihoodTest, ScoresAgreeWithDualNumbersInBothConventions) {
  for (const Case& c : cases(context())) {
    SCOPED_TRACE("p = " + std::to_string(c.p) + ", condition " + std::to_string(c.condition));
    const double bound = Tolerances<double>::score(c.p, c.condition) * c.score_scale();
    for (const CovarianceScore convention : {CovarianceScore::unrestricted, CovarianceScore::symmetric}) {
      const GaussianScore score = gaussian_score(context(), c.moments, c.mean, c.covariance, convention);
      for (Index i = 0; i < c.p; ++i) {
        EXPECT_TRUE(within(score.mean[i], c.by_mean(i), bound));
        for (Index j = 0; j < c.p; ++j) {
          EXPECT_TRUE(within(score.covariance(i, j), c.by_covariance(i, j, convention), bound)) << i << ", " << j;
        }
      }
    }
  }
}

TEST_P(GaussianLikelihoodTest, SymmetricScoreIsTheUnrestrictedOneFoldedOver) {
  for (const Case& c : cases(context())) {
    const GaussianScore a = gaussian_score(context(), c.moments, c.mean, c.covariance, CovarianceScore::unrestricted);
    const GaussianScore g = gaussian_score(context(), c.moments, c.mean, c.covariance, CovarianceScore::symmetric);
    for (Index i = 0; i < c.p; ++i) {
      for (Index j = 0; j < c.p; ++j) {
        const double folded = i == j ? a.covariance(i, i) : a.covariance(i, j) + a.covariance(j, i);
        EXPECT_TRUE(within(g.covariance(i, j), folded, Tolerances<double>::kEpsilon * std::abs(folded)));
      }
    }
  }
}

TEST_P(GaussianLikelihoodTest, PerObservationFormIsTiedToTheScore) {
  // l = ln|Σ| + tr(Σ⁻¹S) = −(2/n)ℓ(x̄, Σ) − p ln 2π, so ∂l/∂Σ = (Σ⁻¹ − Σ⁻¹SΣ⁻¹)ᵀ = −(2/n)A at μ = x̄.
  for (const Case& c : cases(context())) {
    const GaussianScore a =
        gaussian_score(context(), c.moments, c.moments.mean, c.covariance, CovarianceScore::unrestricted);
    const double factor = -2 / c.moments.weight;
    const double bound = Tolerances<double>::score(c.p, c.condition) * c.score_scale() * std::abs(factor);
    for (Index i = 0; i < c.p; ++i) {
      for (Index j = 0; j < c.p; ++j) {
        EXPECT_TRUE(within(factor * a.covariance(j, i), c.per_observation_by_covariance(i, j), bound));
      }
    }
  }
}

TEST_P(GaussianLikelihoodTest, ScoresVanishAtTheMaximum) {
  for (const Case& c : cases(context())) {
    const GaussianScore score =
        gaussian_score(context(), c.moments, c.moments.mean, c.moments.covariance(), CovarianceScore::unrestricted);
    const double bound = Tolerances<double>::score(c.p, 1e3);  // the rows' condition is 10 before sampling
    EXPECT_TRUE(at_most(score.score_norm, bound));
    const double lower = gaussian_log_likelihood(context(), c.moments, c.mean, c.covariance);
    EXPECT_GT(score.value, lower);
  }
}

TEST_P(GaussianLikelihoodTest, ScoreNormHasNoUnits) {
  // Columns measured in other units: x' = Dx. Powers of two, so that the rounding is the same.
  const Case c(context(), 6, 50, 9);
  Moments scaled = c.moments;
  std::vector<double> mean = c.mean;
  Matrix covariance = c.covariance;
  const auto unit = [](Index i) { return std::ldexp(1.0, static_cast<int>(7 * i - 20)); };
  for (Index j = 0; j < c.p; ++j) {
    scaled.mean[j] *= unit(j);
    scaled.mean_residual[j] *= unit(j);
    mean[j] *= unit(j);
    for (Index i = 0; i < c.p; ++i) {
      scaled.scatter(i, j) *= unit(i) * unit(j);
      covariance(i, j) *= unit(i) * unit(j);
    }
  }
  const double norm =
      gaussian_score(context(), c.moments, c.mean, c.covariance, CovarianceScore::unrestricted).score_norm;
  const double other = gaussian_score(context(), scaled, mean, covariance, CovarianceScore::unrestricted).score_norm;
  EXPECT_TRUE(within(other, norm, Tolerances<double>::chain(c.p) * norm));
  EXPECT_GT(norm, 0.1);
}

TEST_P(GaussianLikelihoodTest, LargeDimensionAgreesWithAnIndependentValue) {
  const Index p = 70;
  const Case c(context(), p, 20, 4);
  const double value = gaussian_log_likelihood(context(), c.moments, c.mean, c.covariance);
  EXPECT_TRUE(within(value, c.value(), Tolerances<double>::whitened(p, c.condition) * std::abs(c.value())));
  const GaussianScore score = gaussian_score(context(), c.moments, c.mean, c.covariance, CovarianceScore::symmetric);
  const double bound = Tolerances<double>::score(p, c.condition) * c.score_scale();
  for (const Index i : {0, 35, 69}) {
    EXPECT_TRUE(within(score.mean[i], c.by_mean(i), bound));
    EXPECT_TRUE(within(score.covariance(i, 3), c.by_covariance(i, 3, CovarianceScore::symmetric), bound));
    EXPECT_EQ(score.covariance(i, 3), score.covariance(3, i));
  }
}

TEST_P(GaussianLikelihoodTest, DirectionsSlopesAndMovesAreThoseOfTheirMetric) {
  const Case c(context(), 4, 10, 77);
  const Index p = c.p;
  const std::vector<Index> only{0};
  for (const Metric metric : {Metric::fisher, Metric::frobenius, Metric::vech, Metric::newton}) {
    SCOPED_TRACE(to_string(metric));
    GaussianLikelihood objective(context(), MomentsBatch(c.moments), metric);
    objective.set_start(c.mean, test::entries(c.covariance));
    AscentObjective::Evaluation start, moved;
    AscentObjective::Direction direction;
    objective.evaluate(only, {&start, 1});
    ASSERT_TRUE(start.feasible);
    objective.accept(only);
    objective.direction(only, {&direction, 1});
    // The slope is the derivative of the value along the direction: a central difference over the moves.
    const double step = 1e-6;
    double change = 0, values[2];
    for (const int side : {0, 1}) {
      const double signed_step = side == 0 ? -step : step;
      objective.move(only, {&signed_step, 1}, {&change, 1});
      objective.evaluate(only, {&moved, 1});
      ASSERT_TRUE(moved.feasible);
      values[side] = moved.value;
    }
    EXPECT_TRUE(within((values[1] - values[0]) / (2 * step), direction.slope, 1e-6 * direction.slope));
    EXPECT_LE(direction.increase_rate, direction.slope);
    const bool to_target = metric == Metric::fisher || metric == Metric::newton;
    EXPECT_EQ(objective.maximum_step(), to_target ? 1 : std::numeric_limits<double>::infinity());
    // relative_change as it is documented.
    objective.move(only, {&step, 1}, {&change, 1});
    objective.evaluate(only, {&moved, 1});
    objective.accept(only);
    std::vector<double> mean(p), covariance(p * p), mean_change(p), covariance_change(p * p);
    objective.current(mean, covariance);
    for (Index i = 0; i < p; ++i) mean_change[i] = mean[i] - c.mean[i];
    for (Index i = 0; i < p * p; ++i) covariance_change[i] = covariance[i] - c.covariance.data()[i];
    const double size = test::norm(covariance);
    const double expected = std::max(test::norm(covariance_change) / size,
                                     test::norm(mean_change) / std::sqrt(test::norm(mean) * test::norm(mean) + size));
    EXPECT_TRUE(within(change, expected, 1e-9 * expected));
  }
}

TEST_P(GaussianLikelihoodTest, MomentsThatOverflowedAreRefusedAndOtherNaNsAreCanonical) {
  const Case c(context(), 3, 10, 5);
  Moments overflowed = c.moments;
  overflowed.scatter(1, 1) = std::numeric_limits<double>::infinity();
  Moments undefined = c.moments;
  undefined.mean[2] = -std::numeric_limits<double>::quiet_NaN();
  for (const Moments& moments : {overflowed, undefined}) {
    EXPECT_THROW(gaussian_log_likelihood(context(), moments, c.mean, c.covariance), NumericalError);
    EXPECT_THROW(gaussian_score(context(), moments, c.mean, c.covariance, CovarianceScore::symmetric), NumericalError);
  }
  EXPECT_THROW(gaussian_log_likelihood(context(), Moments{0, 0, 0, {1}, {0}, Matrix(1, 1)}, std::vector{0.0},
                                       Matrix::identity(1)),
               InvalidArgument);
  // Finite moments whose scores overflow: infinities of both signs meet.
  Moments wide = c.moments;
  for (Index j = 0; j < 3; ++j) {
    for (Index i = 0; i < 3; ++i) wide.scatter(i, j) = (i + j) % 2 == 0 ? 1e300 : -1e300;
  }
  Matrix narrow(3, 3);
  for (Index i = 0; i < 3; ++i) {
    for (Index j = 0; j < 3; ++j) narrow(i, j) = c.covariance(i, j) * 1e-200;
  }
  const GaussianScore score = gaussian_score(context(), wide, c.mean, narrow, CovarianceScore::unrestricted);
  std::vector<double> all{score.value, score.score_norm};
  all.insert(all.end(), score.mean.begin(), score.mean.end());
  all.insert(all.end(), score.covariance.data(), score.covariance.data() + 9);
  Index undefined_values = 0;
  for (const double value : all) {
    if (!std::isnan(value)) continue;
    ++undefined_values;
    EXPECT_TRUE(test::same_bits(std::vector{value}, std::vector{kCanonicalNaN}));
  }
  EXPECT_GT(undefined_values, 0);
}

TEST_P(GaussianLikelihoodTest, ArgumentsThatCannotBeAreNamed) {
  const Case c(context(), 3, 10, 5);
  const auto message = [&](const std::vector<double>& mean, const Matrix& covariance) -> std::string {
    try {
      gaussian_log_likelihood(context(), c.moments, mean, covariance);
    } catch (const InvalidArgument& error) {
      return std::string("InvalidArgument ") + error.what();
    } catch (const NumericalError& error) {
      return std::string("NumericalError ") + error.what();
    }
    return "nothing was thrown";
  };
  EXPECT_THAT(message({1, 2}, c.covariance), HasSubstr("InvalidArgument mean: it has 2 numbers; it must have 3"));
  EXPECT_THAT(message(c.mean, Matrix::identity(4)), HasSubstr("InvalidArgument covariance: it is 4 x 4"));
  Matrix asymmetric = c.covariance;
  asymmetric(0, 2) += 0.01;
  EXPECT_THAT(message(c.mean, asymmetric), HasSubstr("it must be symmetric"));
  Matrix indefinite = Matrix::identity(3);
  indefinite(1, 1) = -1;
  EXPECT_THAT(message(c.mean, indefinite), HasSubstr("NumericalError covariance: it is not positive definite"));
  indefinite(1, 1) = std::numeric_limits<double>::quiet_NaN();
  EXPECT_THAT(message(c.mean, indefinite), HasSubstr("InvalidArgument covariance: entry (1, 1)"));
}

}  // namespace
}  // namespace sigmahat
