// The Newton direction of the Gaussian log-likelihood, on every device: against the explicit Newton system of second
// derivatives by dual numbers of dual numbers, against the reference's bits, and where it does not exist.
#include <gtest/gtest.h>

#include <boost/math/differentiation/autodiff.hpp>

#include "support/compare.hpp"
#include "support/devices.hpp"
#include "support/independent_likelihood.hpp"
#include "support/operations_data.hpp"
#include "support/random.hpp"

namespace sigmahat {
namespace {

using test::at_most;
using test::DenseMatrix;
using test::GaussianArrays;
using test::Tolerances;
using test::within;

using Real = long double;
using Twice = boost::math::differentiation::autodiff_fvar<Real, 1, 1>;

/// Moments of one data set and a point whose T = L⁻¹SL⁻ᵀ has eigenvalues from `largest` to `least`: Σ = CQΛ⁻¹QᵀCᵀ for
/// S = CCᵀ and an orthogonal Q.
struct Case {
  Case(Index dimension, double least, double largest, double away, std::uint64_t seed)
      : p(dimension), s(p), sigma(p), x_bar(static_cast<std::size_t>(p)), mu(x_bar.size()) {
    test::Random random(seed);
    const Matrix a = random.positive_definite(p, 20), q = random.orthogonal(p);
    Matrix c(p, p), root(p, p);
    for (Index j = 0; j < p; ++j) {
      for (Index i = j; i < p; ++i) {
        double sum = a(i, j);
        for (Index k = 0; k < j; ++k) sum -= c(i, k) * c(j, k);
        c(i, j) = i == j ? std::sqrt(sum) : sum / c(j, j);
      }
    }
    for (Index i = 0; i < p; ++i) {
      for (Index k = 0; k < p; ++k) {
        const double share = p == 1 ? 0 : static_cast<double>(k) / static_cast<double>(p - 1);
        const double eigenvalue = least * std::pow(largest / least, share);
        for (Index j = 0; j <= i; ++j) root(i, k) += c(i, j) * q(j, k) / std::sqrt(eigenvalue);
      }
    }
    for (Index i = 0; i < p; ++i) {
      for (Index j = 0; j <= i; ++j) {
        s.at(i, j) = s.at(j, i) = a(i, j);
        for (Index k = 0; k < p; ++k) sigma.at(i, j) += root(i, k) * root(j, k);
        sigma.at(j, i) = sigma.at(i, j);
      }
      x_bar[static_cast<std::size_t>(i)] = random.normal();
      mu[static_cast<std::size_t>(i)] = x_bar[static_cast<std::size_t>(i)] + away * random.normal();
    }
  }

  Index p;
  DenseMatrix<double> s, sigma;
  std::vector<double> x_bar, mu;
};

/// The explicit Newton system of ℓ/n in (μ, σ_ij with i ≥ j): gradient and Hessian by dual numbers, one pair at a time.
class ExplicitSystem {
 public:
  explicit ExplicitSystem(const Case& at)
      : case_(at), size(at.p + at.p * (at.p + 1) / 2), gradient(static_cast<std::size_t>(size)), hessian(size) {
    for (Index j = 0; j < size; ++j) {
      for (Index i = 0; i <= j; ++i) {
        const Twice value = at_shifted(i, j);
        hessian.at(i, j) = hessian.at(j, i) = static_cast<Real>(value.derivative(1, 1));
        gradient[static_cast<std::size_t>(i)] = static_cast<Real>(value.derivative(1, 0));
      }
    }
  }

  /// Whether the negative Hessian has a Cholesky factor.
  bool definite() const { return solved().first; }
  /// −H⁻¹g.
  std::vector<Real> step() const { return solved().second; }

 private:
  /// ℓ/n where variable i has moved by ε₁ and variable j by ε₂.
  Twice at_shifted(Index i, Index j) const {
    const auto [first, second] = boost::math::differentiation::make_ftuple<Real, 1, 1>(Real{0}, Real{0});
    const Index p = case_.p;
    Index variable = 0;
    const auto next = [&, one = Twice(first), two = Twice(second)](double value) {
      Twice result(static_cast<Real>(value));
      if (variable == i) result += one;
      if (variable == j) result += two;
      ++variable;
      return result;
    };
    std::vector<Twice> mu;
    for (const double value : case_.mu) mu.push_back(next(value));
    DenseMatrix<Twice> sigma(p);
    for (Index column = 0; column < p; ++column) {
      for (Index row = column; row < p; ++row) {
        sigma.at(row, column) = sigma.at(column, row) = next(case_.sigma.at(row, column));
      }
    }
    return test::independent_log_likelihood<Twice>(1, case_.x_bar, case_.s, mu, sigma);
  }

  /// Cholesky's factor of −H, and the solution.
  std::pair<bool, std::vector<Real>> solved() const {
    DenseMatrix<Real> l(size);
    std::vector<Real> x = gradient;
    for (Index j = 0; j < size; ++j) {
      for (Index i = j; i < size; ++i) {
        Real sum = -hessian.at(i, j);
        for (Index k = 0; k < j; ++k) sum -= l.at(i, k) * l.at(j, k);
        if (i == j && !(sum > 0)) return {false, {}};
        l.at(i, j) = i == j ? std::sqrt(sum) : sum / l.at(j, j);
      }
    }
    for (Index i = 0; i < size; ++i) {
      for (Index k = 0; k < i; ++k) x[static_cast<std::size_t>(i)] -= l.at(i, k) * x[static_cast<std::size_t>(k)];
      x[static_cast<std::size_t>(i)] /= l.at(i, i);
    }
    for (Index i = size - 1; i >= 0; --i) {
      for (Index k = i + 1; k < size; ++k)
        x[static_cast<std::size_t>(i)] -= l.at(k, i) * x[static_cast<std::size_t>(k)];
      x[static_cast<std::size_t>(i)] /= l.at(i, i);
    }
    return {true, x};
  }

  const Case& case_;

 public:
  Index size;
  std::vector<Real> gradient;
  DenseMatrix<Real> hessian;
};

/// The operation on a batch of cases of one dimension: evaluated points, outcomes and targets.
struct NewtonBatch {
  NewtonBatch(Operations& operations, const std::vector<Case>& cases, std::span<const Index> active)
      : arrays(operations, std::ssize(cases), cases.front().p), outcomes(active.size()) {
    const Index p = arrays.p;
    std::vector<double> means, points, s, sigmas;
    for (const Case& c : cases) {
      means.insert(means.end(), c.x_bar.begin(), c.x_bar.end());
      points.insert(points.end(), c.mu.begin(), c.mu.end());
      s.insert(s.end(), c.s.values.begin(), c.s.values.end());
      sigmas.insert(sigmas.end(), c.sigma.values.begin(), c.sigma.values.end());
    }
    arrays.data_mean.upload(means);
    arrays.data_residual.upload(std::vector<double>(means.size(), 0.0));
    arrays.data_covariance.upload(s);
    arrays.mean.upload(points);
    arrays.covariance.upload(sigmas);
    arrays.direction_mean.upload(std::vector<double>(means.size(), kMark));
    arrays.direction_covariance.upload(std::vector<double>(s.size(), kMark));
    std::vector<GaussianEvaluation> evaluations(active.size());
    operations.gaussian_evaluate(p, active, arrays.data(), arrays.point(), evaluations);
    operations.gaussian_newton(p, active, arrays.data(), arrays.point(), arrays.direction(), outcomes);
    mean = GaussianArrays::host(arrays.direction_mean);
    covariance = GaussianArrays::host(arrays.direction_covariance);
  }
  std::span<const double> mean_of(Index b) const { return std::span(mean).subspan(b * arrays.p, arrays.p); }
  std::span<const double> covariance_of(Index b) const {
    return std::span(covariance).subspan(b * arrays.p * arrays.p, arrays.p * arrays.p);
  }

  static constexpr double kMark = 123.5;
  GaussianArrays arrays;
  std::vector<GaussianNewton> outcomes;
  std::vector<double> mean, covariance;
};

class GaussianNewtonTest : public test::DeviceTest {};
SIGMAHAT_ON_EVERY_DEVICE(GaussianNewtonTest);

TEST_P(GaussianNewtonTest, StepSolvesTheExplicitSystem) {
  for (const Index p : {1, 2, 3, 4}) {
    // Near S (the target is written on S), around it, and where S is the larger (on Σ), with means near and far.
    for (const auto& [least, largest] : {std::pair(0.9, 1.1), std::pair(0.6, 1.9), std::pair(0.8, 30.0)}) {
      for (const double away : {0.0, 0.3, 5.0}) {
        SCOPED_TRACE("p = " + std::to_string(p) + ", eigenvalues " + std::to_string(least) + " to " +
                     std::to_string(largest) + ", away " + std::to_string(away));
        const Case c(p, least, largest, away, static_cast<std::uint64_t>(p));
        const ExplicitSystem system(c);
        ASSERT_TRUE(system.definite());
        const std::vector<Real> expected = system.step();
        const Index only[] = {0};
        const NewtonBatch actual(operations(), {c}, only);
        ASSERT_EQ(actual.outcomes[0].status, ProblemStatus::ok);
        // T is whitened with a factor of condition below 20·largest/least; the step divides by 2λ − 1 ≥ 0.2, and is the
        // difference of the target and the point.
        const double z_squared = 1 + away * away * 20 * largest * static_cast<double>(p);
        const double bound = Tolerances<double>::whitened(p, 20 * largest / least) * 10 * largest * z_squared;
        std::size_t place = 0;
        double slope = 0;
        for (Index i = 0; i < p; ++i, ++place) {
          EXPECT_TRUE(within(actual.mean[place] - c.mu[place], static_cast<double>(expected[place]), bound));
        }
        for (Index j = 0; j < p; ++j) {
          for (Index i = j; i < p; ++i, ++place) {
            const double step = actual.covariance[static_cast<std::size_t>(i + j * p)] - c.sigma.at(i, j);
            EXPECT_TRUE(within(step, static_cast<double>(expected[place]), bound)) << i << ", " << j;
          }
        }
        for (std::size_t k = 0; k < place; ++k) slope += static_cast<double>(expected[k] * system.gradient[k]);
        EXPECT_TRUE(within(actual.outcomes[0].slope, slope, bound * (1 + slope)));
      }
    }
  }
}

TEST_P(GaussianNewtonTest, ThereIsAStepExactlyWhereTheNegativeHessianIsDefinite) {
  for (const Index p : {1, 2, 3}) {
    for (const double least : {0.05, 0.4, 0.499, 0.501, 0.6, 1.0}) {
      for (const double away : {0.0, 2.0}) {
        const Case c(p, least, p == 1 ? least : 1.5, away, 7);
        EXPECT_EQ(ExplicitSystem(c).definite(), least > 0.5) << "p = " << p << ", " << least;
      }
    }
  }
  // The margin above ½, in every dimension; what is not formed is not written, and neighbours are not touched.
  for (const Index p : {1, 2, 33, 64, 65, 100}) {
    SCOPED_TRACE("p = " + std::to_string(p));
    const double edge = kNewtonLeastEigenvalue, inside = edge * (1 + 1e-9), outside = edge * (1 - 1e-9);
    const std::vector<Case> cases{{p, inside, p == 1 ? inside : 3, 1, 1},
                                  {p, outside, p == 1 ? outside : 3, 1, 2},
                                  {p, 0.1, p == 1 ? 0.1 : 0.4, 0, 3},
                                  {p, 0.9, p == 1 ? 0.9 : 1.1, 0.1, 4},
                                  {p, 1, p == 1 ? 1 : 1e6, 50, 5}};
    const std::vector<Index> active{4, 2, 1, 0};
    const NewtonBatch batch(operations(), cases, active);
    const bool formed[] = {true, false, false, true};
    for (std::size_t k = 0; k < active.size(); ++k) {
      SCOPED_TRACE("problem " + std::to_string(active[k]));
      EXPECT_EQ(batch.outcomes[k].status, formed[k] ? ProblemStatus::ok : ProblemStatus::not_positive_definite);
      EXPECT_EQ(std::isnan(batch.outcomes[k].slope), !formed[k]);
      EXPECT_EQ(batch.mean_of(active[k])[0] == NewtonBatch::kMark, !formed[k]);
      EXPECT_EQ(batch.covariance_of(active[k])[0] == NewtonBatch::kMark, !formed[k]);
    }
    EXPECT_EQ(batch.mean_of(3)[0], NewtonBatch::kMark) << "not active";
    EXPECT_EQ(batch.covariance_of(3)[0], NewtonBatch::kMark);
  }
}

TEST_P(GaussianNewtonTest, HasTheReferencesBitsForSmallDimensions) {
  const Context reference({"reference", 1});
  for (const Index p : {1, 2, 3, 31, 32, 33, 63, 64, 65, 100}) {
    const double scale = p == 1 ? 1 : 3;
    const std::vector<Case> cases{
        {p, 0.7, 0.7 * scale, 0.2, 1}, {p, 0.4, 0.4 * scale, 0.5, 2}, {p, 5, 5 * scale, 0.1, 3}, {p, 0.95, 0.95, 0, 4}};
    const std::vector<Index> active{3, 0, 1, 2};
    const NewtonBatch actual(operations(), cases, active), expected(reference.operations(), cases, active);
    for (std::size_t k = 0; k < active.size(); ++k) {
      SCOPED_TRACE("p = " + std::to_string(p) + ", problem " + std::to_string(active[k]));
      const Index b = active[k];
      EXPECT_EQ(actual.outcomes[k].status, expected.outcomes[k].status);
      if (p <= kSmallDimension) {
        EXPECT_TRUE(test::same_bits(std::vector{actual.outcomes[k].slope}, std::vector{expected.outcomes[k].slope}));
        EXPECT_TRUE(test::same_bits(actual.mean_of(b), expected.mean_of(b)));
        EXPECT_TRUE(test::same_bits(actual.covariance_of(b), expected.covariance_of(b)));
        continue;
      }
      if (expected.outcomes[k].status != ProblemStatus::ok) continue;
      const double bound = Tolerances<double>::whitened(p, 20 * scale) * 15;
      EXPECT_TRUE(within(actual.outcomes[k].slope, expected.outcomes[k].slope, bound * expected.outcomes[k].slope));
      EXPECT_TRUE(at_most(test::relative_error(actual.mean_of(b), expected.mean_of(b)), bound));
      EXPECT_TRUE(at_most(test::relative_error(actual.covariance_of(b), expected.covariance_of(b)), bound));
    }
  }
}

TEST_P(GaussianNewtonTest, AtTheMaximumItLeadsToItBitByBit) {
  for (const Index p : {1, 5, 64, 65}) {
    Case c(p, 1, 1, 0, 9);
    c.sigma = c.s;
    const Index only[] = {0};
    const NewtonBatch batch(operations(), {c}, only);
    ASSERT_EQ(batch.outcomes[0].status, ProblemStatus::ok);
    EXPECT_TRUE(test::same_bits(batch.mean, c.x_bar));
    EXPECT_TRUE(test::same_bits(batch.covariance, c.s.values));
    EXPECT_TRUE(at_most(batch.outcomes[0].slope, 1e-20));
  }
}

TEST_P(GaussianNewtonTest, ASlopeThatOverflowsIsNoStep) {
  Case c(3, 1, 1, 0, 9);
  for (double& mean : c.mu) mean += 1e80;
  const Index only[] = {0};
  const NewtonBatch batch(operations(), {c}, only);
  EXPECT_EQ(batch.outcomes[0].status, ProblemStatus::not_positive_definite);
  EXPECT_EQ(batch.mean[0], NewtonBatch::kMark);
}

}  // namespace
}  // namespace sigmahat
