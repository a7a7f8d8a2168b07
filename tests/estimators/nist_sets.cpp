#include "estimators/nist_sets.hpp"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <sstream>

#include "support/compare.hpp"

namespace sigmahat::test {
namespace {

using Table = std::vector<std::vector<std::string>>;

Table read_data(const std::string& name) { return read_cells("tests/data/nist/" + name); }

/// A number, or NaN for R's NA.
double number(const std::string& text) {
  return text == "NA" ? std::numeric_limits<double>::quiet_NaN() : std::stod(text);
}

/// Quantities are b0, b1, … and se0, se1, … in rising order, sigma and r2.
void add(Estimates& estimates, const std::string& quantity, double value) {
  if (quantity == "sigma") {
    estimates.sigma = value;
  } else if (quantity == "r2") {
    estimates.r_squared = value;
  } else if (quantity.starts_with("se")) {
    estimates.standard_errors.push_back(value);
  } else {
    estimates.coefficients.push_back(value);
  }
}

double shared(double found, double truth) { return std::clamp(log_relative_error(found, truth), 0.0, kMostDigits); }

double least(const std::vector<double>& found, const std::vector<double>& truth) {
  if (found.empty()) return std::numeric_limits<double>::quiet_NaN();
  if (found.size() != truth.size()) return 0;
  double digits = kMostDigits;
  for (std::size_t j = 0; j < found.size(); ++j) digits = std::min(digits, shared(found[j], truth[j]));
  return digits;
}

std::vector<double> rounded_to_float(std::vector<double> values) {
  for (double& value : values) value = static_cast<double>(static_cast<float>(value));
  return values;
}

template <class T>
LeastSquaresFit fit(const Context& context, const NistSet& set, const LeastSquaresOptions& options) {
  const std::vector<double> design = set.design(), response = set.response();
  std::vector<T> x, y;
  for (const double value : design) x.push_back(static_cast<T>(value));
  for (const double value : response) y.push_back(static_cast<T>(value));
  return fit_least_squares(context,
                           LeastSquaresBatch::single(RowsView::row_major(x.data(), set.rows(), set.columns()),
                                                     RowsView::row_major(y.data(), set.rows(), 1)),
                           options);
}

}  // namespace

std::vector<std::vector<std::string>> read_cells(const std::string& path) {
  std::istringstream file(nist_files().at(path));
  std::string line;
  std::getline(file, line);
  Table table;
  while (std::getline(file, line)) {
    std::vector<std::string> cells;
    std::istringstream parts(line);
    for (std::string cell; std::getline(parts, cell, ',');) cells.push_back(cell);
    table.push_back(cells);
  }
  return table;
}

Digits digits(const Estimates& found, const Estimates& truth) {
  const auto one = [](double value, double expected, bool reported) {
    return reported ? shared(value, expected) : std::numeric_limits<double>::quiet_NaN();
  };
  const bool more = !found.standard_errors.empty();  // who reports errors, reports the rest as well
  return {least(found.coefficients, truth.coefficients), least(found.standard_errors, truth.standard_errors),
          one(found.sigma, truth.sigma, more), one(found.r_squared, truth.r_squared, more)};
}

Index NistSet::columns() const { return std::max(static_cast<Index>(cells.front().size()) - 1, degree); }

std::vector<double> NistSet::design() const {
  std::vector<double> values;
  for (const std::vector<std::string>& row : cells) {
    for (std::size_t j = 1; j < row.size(); ++j) values.push_back(number(row[j]));
    const double x = values.back();
    for (Index power = 2; power <= degree; ++power) values.push_back(values.back() * x);
  }
  return values;
}

std::vector<double> NistSet::response() const {
  std::vector<double> values;
  for (const std::vector<std::string>& row : cells) values.push_back(number(row.front()));
  return values;
}

ExactProblem NistSet::decimals() const {
  ExactProblem problem;
  problem.rows = rows();
  problem.columns = columns();
  problem.intercept = intercept;
  for (const std::vector<std::string>& row : cells) {
    problem.y.push_back(exact(row.front()));
    for (std::size_t j = 1; j < row.size(); ++j) problem.x.push_back(exact(row[j]));
    const Rational x = problem.x.back();
    for (Index power = 2; power <= degree; ++power) problem.x.push_back(problem.x.back() * x);
  }
  return problem;
}

std::vector<NistSet> read_nist_sets() {
  std::vector<NistSet> sets;
  const Table certified = read_data("certified.csv");
  for (const std::vector<std::string>& row : read_data("sets.csv")) {
    NistSet set;
    set.name = row.at(0);
    set.degree = std::stol(row.at(1));
    set.intercept = row.at(2) == "yes";
    std::string file = set.name + ".csv";
    for (char& letter : file) letter = static_cast<char>(std::tolower(letter));
    set.cells = read_data(file);
    for (const std::vector<std::string>& value : certified) {
      if (value.at(0) == set.name) add(set.certified, value.at(1), number(value.at(2)));
    }
    sets.push_back(set);
  }
  return sets;
}

std::map<std::string, std::map<std::string, Estimates>> read_nist_peers() {
  std::map<std::string, std::map<std::string, Estimates>> peers;
  for (const std::vector<std::string>& row : read_data("peers.csv")) {
    add(peers[row.at(0)][row.at(1)], row.at(2), number(row.at(3)));
  }
  return peers;
}

Estimates exact_estimates(const NistSet& set, Precision precision) {
  std::vector<double> x = set.design(), y = set.response();
  if (precision == Precision::float32) {
    x = rounded_to_float(x);
    y = rounded_to_float(y);
  }
  const ExactLeastSquares solution = solve_exactly(ExactProblem::of(x, y, set.intercept));
  return {solution.rounded_coefficients(), solution.standard_errors(), solution.sigma(), solution.r_squared()};
}

NistFit fit_nist(const Context& context, const NistSet& set, LeastSquaresRoute route, Precision precision) {
  LeastSquaresOptions options;
  options.intercept = set.intercept;
  options.route = route;
  options.standard_errors = StandardErrors::classical;
  options.outputs.goodness = true;
  const LeastSquaresFit found =
      precision == Precision::float64 ? fit<double>(context, set, options) : fit<float>(context, set, options);
  return {{found.coefficients, found.standard_errors, std::sqrt(found.sigma_squared.at(0)), found.r_squared.at(0)},
          found.condition.at(0),
          found.route.at(0),
          found.status.at(0)};
}

}  // namespace sigmahat::test
