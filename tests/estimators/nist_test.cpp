// Accuracy on NIST's linear regressions: digits shared with the exact solution of the doubles handed in, and with the
// certified values.
#include <gmock/gmock.h>

#include <cmath>
#include <stdexcept>

#include "estimators/nist_report.hpp"
#include "support/compare.hpp"
#include "support/devices.hpp"

namespace sigmahat::test {
namespace {

/// Digits of the coefficients that `auto` reaches at least, whatever the device.
const std::map<std::string, double> kFloors{{"Norris", 12},  {"Pontius", 11}, {"NoInt1", 13},  {"NoInt2", 13},
                                            {"Filip", 7},    {"Longley", 12}, {"Wampler1", 9}, {"Wampler2", 12},
                                            {"Wampler3", 9}, {"Wampler4", 9}, {"Wampler5", 7}};

/// The certified values are the exact ones to 15 digits.
::testing::AssertionResult is_certified(double exact, double certified) {
  if (certified == 0) return within(exact, 0, 0);
  const double unit = std::pow(10.0, std::floor(std::log10(std::abs(certified))) - 14);
  return within(exact, certified, 0.5 * unit + 0x1p-52 * std::abs(certified));  // both are rounded to doubles
}

/// The exact solutions, formed once for all devices.
const std::vector<Estimates>& truths(Precision precision) {
  const auto solve = [](Precision of) {
    std::vector<Estimates> solutions;
    for (const NistSet& set : read_nist_sets()) solutions.push_back(exact_estimates(set, of));
    return solutions;
  };
  static const std::vector<Estimates> float64 = solve(Precision::float64), float32 = solve(Precision::float32);
  return precision == Precision::float64 ? float64 : float32;
}

// Data and certified values prove each other: were one digit of them wrong, this would fail.
TEST(NistDataTest, TheDecimalsHaveTheCertifiedSolution) {
  const std::vector<NistSet> sets = read_nist_sets();
  EXPECT_EQ(sets.size(), kFloors.size());
  for (const NistSet& set : sets) {
    SCOPED_TRACE(set.name);
    const ExactLeastSquares solution = solve_exactly(set.decimals());
    ASSERT_TRUE(solution.full_rank);
    const std::vector<double> coefficients = solution.rounded_coefficients(), errors = solution.standard_errors();
    ASSERT_EQ(set.certified.coefficients.size(), coefficients.size());
    ASSERT_EQ(set.certified.standard_errors.size(), errors.size());
    for (std::size_t j = 0; j < coefficients.size(); ++j) {
      EXPECT_TRUE(is_certified(coefficients[j], set.certified.coefficients[j])) << "coefficient " << j;
      EXPECT_TRUE(is_certified(errors[j], set.certified.standard_errors[j])) << "standard error " << j;
    }
    EXPECT_TRUE(is_certified(solution.sigma(), set.certified.sigma));
    EXPECT_TRUE(is_certified(solution.r_squared(), set.certified.r_squared));
  }
}

// Of the decimals, which doubles can only approach, and of the powers of x in Filip.
TEST(NistDataTest, RoundingTheFilipDesignCostsHalfOfTheDigits) {
  for (const NistSet& set : read_nist_sets()) {
    const double shared = digits(exact_estimates(set, Precision::float64), set.certified).coefficients;
    if (set.name == "Filip") {
      EXPECT_NEAR(shared, 7.9, 0.1);
    } else {
      EXPECT_GE(shared, 13) << set.name;
    }
  }
}

TEST(NistDataTest, TheExampleOfLongleyIsTheSameTable) {
  EXPECT_EQ(read_cells("examples/data/longley.csv"), read_cells("tests/data/nist/longley.csv"));
}

// The regression of General Motors, as the literature has it: invest = −149.782 + 0.119281 value + 0.371445 capital.
TEST(NistDataTest, TheExampleOfGrunfeldIsTheRestoredPanel) {
  const auto cells = read_cells("examples/data/grunfeld.csv");
  std::map<std::string, int> firms;
  ExactProblem motors{20, 2, {}, {}, {}, true, 0};
  for (const auto& row : cells) {
    ASSERT_EQ(row.size(), 5u);
    EXPECT_EQ(std::stoi(row[1]), 1935 + firms[row[0]]++) << row[0];
    if (row[0] != "General Motors") continue;
    motors.y.push_back(exact(row[2]));
    motors.x.insert(motors.x.end(), {exact(row[3]), exact(row[4])});
  }
  EXPECT_EQ(firms.size(), 11u);
  for (const auto& [firm, years] : firms) EXPECT_EQ(years, 20) << firm;
  const ExactLeastSquares fit = solve_exactly(motors);
  EXPECT_NEAR(rounded(fit.coefficients.at(0)), -149.782453, 1e-6);
  EXPECT_NEAR(rounded(fit.coefficients.at(1)), 0.1192808, 1e-7);
  EXPECT_NEAR(rounded(fit.coefficients.at(2)), 0.3714448, 1e-7);
}

TEST(NistDataTest, DigitsAreThoseOfTheWorstNumber) {
  const Estimates truth{{1, 0, -2}, {1, 1, 1}, 3, 0.5};
  EXPECT_EQ(digits(truth, truth).coefficients, kMostDigits);
  const Digits found = digits({{1.001, 1e-5, -2}, {1, 1, 1.01}, 3.0003, std::nan("")}, truth);
  EXPECT_NEAR(found.coefficients, 3, 1e-9);
  EXPECT_NEAR(found.standard_errors, 2, 1e-9);
  EXPECT_NEAR(found.sigma, 4, 1e-9);
  EXPECT_EQ(found.r_squared, 0);
  EXPECT_NEAR(digits({{1, 1e-5, -2}, {}, 0, 0}, truth).coefficients, 5, 1e-9);  // absolute where the truth is 0
  EXPECT_TRUE(std::isnan(digits({{1, 0, -2}, {}, 0, 0}, truth).sigma));
  EXPECT_EQ(digits({{std::nan(""), 0, -2}, {}, 0, 0}, truth).coefficients, 0);
  EXPECT_EQ(digits({{1, 0}, {}, 0, 0}, truth).coefficients, 0);
  EXPECT_EQ(digits({{1, 0, 2e9}, {}, 0, 0}, truth).coefficients, 0);
}

class NistTest : public DeviceTest {
 protected:
  /// Compares f(set, place in the list) for every set.
  template <class Function>
  void for_every_set(const Function& function) {
    const std::vector<NistSet> sets = read_nist_sets();
    for (std::size_t s = 0; s < sets.size(); ++s) {
      SCOPED_TRACE(sets[s].name);
      function(sets[s], s);
    }
  }
};
SIGMAHAT_ON_EVERY_DEVICE(NistTest);

TEST_P(NistTest, AutoReachesItsFloors) {
  for_every_set([this](const NistSet& set, std::size_t s) {
    const NistFit fit = fit_nist(context(), set, LeastSquaresRoute::automatic, Precision::float64);
    EXPECT_GE(digits(fit.estimates, truths(Precision::float64)[s]).coefficients, kFloors.at(set.name));
    EXPECT_GE(digits(fit.estimates, set.certified).coefficients, kFloors.at(set.name))
        << "against the certified values";
    const NistFit narrow = fit_nist(context(), set, LeastSquaresRoute::automatic, Precision::float32);
    EXPECT_GE(digits(narrow.estimates, truths(Precision::float32)[s]).coefficients, kFloors.at(set.name)) << "float32";
  });
}

TEST_P(NistTest, QrReachesTheSameFloors) {
  for_every_set([this](const NistSet& set, std::size_t s) {
    const NistFit fit = fit_nist(context(), set, LeastSquaresRoute::qr, Precision::float64);
    EXPECT_GE(digits(fit.estimates, truths(Precision::float64)[s]).coefficients, kFloors.at(set.name));
    EXPECT_EQ(fit.route, RouteTaken::qr);
  });
}

TEST_P(NistTest, CoefficientsAreNowhereMoreThanADigitBelowR) {
  const auto peers = read_nist_peers();
  const auto r = peers.lower_bound("R ");
  ASSERT_TRUE(r != peers.end() && r->first.starts_with("R ")) << "tests/data/nist/peers.csv has no results of R";
  for_every_set([&](const NistSet& set, std::size_t s) {
    const NistFit fit = fit_nist(context(), set, LeastSquaresRoute::automatic, Precision::float64);
    for (const Estimates* truth : {&truths(Precision::float64)[s], &set.certified}) {
      EXPECT_GE(digits(fit.estimates, *truth).coefficients, digits(r->second.at(set.name), *truth).coefficients - 1)
          << (truth == &set.certified ? "against the certified values" : "against the exact solution");
    }
  });
}

// Standard errors carry the error of the inverse, about κ² times the rounding by Cholesky. R² of Wampler5 is 0.002, what
// is left of 1 − RSS/TSS. σ̂ of Wampler2 comes from the rounding of its decimals alone, so the certified 0 is its measure.
TEST_P(NistTest, AutoReachesTheFloorsOfInference) {
  for_every_set([this](const NistSet& set, std::size_t s) {
    const NistFit fit = fit_nist(context(), set, LeastSquaresRoute::automatic, Precision::float64);
    const Digits shared = digits(fit.estimates, set.name == "Wampler2" ? set.certified : truths(Precision::float64)[s]);
    EXPECT_GE(shared.standard_errors, set.name == "Filip" ? 7 : 10);
    EXPECT_GE(shared.sigma, 13);
    EXPECT_GE(shared.r_squared, 13);
  });
}

// The routes promise the same bits on every device, so the page holds for all of them.
TEST_P(NistTest, ThePageHasTheseTables) {
  const std::string& page = nist_files().at("docs/accuracy.md");
  const std::string tables =
      nist_tables(run_nist(context(), Precision::float64), run_nist(context(), Precision::float32));
  EXPECT_EQ(page_with_tables(page, tables), page) << "scripts/accuracy writes the page anew";
  EXPECT_THROW(page_with_tables("no marks", tables), std::invalid_argument);
}

}  // namespace
}  // namespace sigmahat::test
