#include "support/exact_least_squares.hpp"

#include <boost/multiprecision/cpp_bin_float.hpp>

#include <cmath>
#include <stdexcept>
#include <string>

namespace sigmahat::test {
namespace {

using Integer = boost::multiprecision::cpp_int;
/// 332 bits: twice rounded only where the bits 54 to 332 are a tie.
using Wide = boost::multiprecision::cpp_bin_float_100;

struct Normal {
  Index size = 0;
  std::vector<Rational> gram;    ///< [K, K] XᵀWX
  std::vector<Rational> moment;  ///< [K] XᵀWy
  Rational weight, sum, square;  ///< Σw, Σwy, Σwy²
  Index used = 0;                ///< rows with w > 0
};

/// Column j of row i of the design, the intercept's first.
Rational design(const ExactProblem& problem, Index i, Index j) {
  if (problem.intercept && j == 0) return 1;
  return problem.x[static_cast<std::size_t>(i * problem.columns + j - (problem.intercept ? 1 : 0))];
}

Normal normal_equations(const ExactProblem& problem) {
  Normal normal;
  const Index size = problem.columns + (problem.intercept ? 1 : 0);
  normal.size = size;
  normal.gram.resize(static_cast<std::size_t>(size * size));
  normal.moment.resize(static_cast<std::size_t>(size));
  for (Index i = 0; i < problem.rows; ++i) {
    const auto row = static_cast<std::size_t>(i);
    const Rational w = problem.weights.empty() ? Rational(1) : problem.weights[row];
    if (w == 0) continue;
    ++normal.used;
    const Rational wy = w * problem.y[row];
    normal.weight += w;
    normal.sum += wy;
    normal.square += wy * problem.y[row];
    for (Index a = 0; a < size; ++a) {
      const Rational x = design(problem, i, a), wx = w * x;
      normal.moment[static_cast<std::size_t>(a)] += x * wy;
      for (Index b = 0; b <= a; ++b) normal.gram[static_cast<std::size_t>(a * size + b)] += wx * design(problem, i, b);
    }
  }
  for (Index a = 0; a < size; ++a) {
    for (Index b = 0; b < a; ++b) {
      normal.gram[static_cast<std::size_t>(b * size + a)] = normal.gram[static_cast<std::size_t>(a * size + b)];
    }
  }
  return normal;
}

/// Gauss and Jordan without exchanges on the positive semidefinite a [size, size], which becomes its inverse where it is
/// regular. Returns the rank: a pivot of zero has nothing but zeros in its row, and is left out.
Index invert(std::vector<Rational>& a, Index size) {
  const auto at = [&a, size](Index i, Index j) -> Rational& { return a[static_cast<std::size_t>(i * size + j)]; };
  Index rank = 0;
  for (Index c = 0; c < size; ++c) {
    if (at(c, c) == 0) continue;
    ++rank;
    const Rational pivot = 1 / at(c, c);
    at(c, c) = 1;
    for (Index j = 0; j < size; ++j) at(c, j) *= pivot;
    for (Index i = 0; i < size; ++i) {
      if (i == c || at(i, c) == 0) continue;
      const Rational factor = at(i, c);
      at(i, c) = 0;
      for (Index j = 0; j < size; ++j) at(i, j) -= factor * at(c, j);
    }
  }
  return rank;
}

/// Diagonal of V G V, and the trace of V G.
Rational sandwich(const std::vector<Rational>& v, const std::vector<Rational>& g, Index size,
                  std::vector<Rational>& diagonal) {
  const auto place = [size](Index i, Index j) { return static_cast<std::size_t>(i * size + j); };
  Rational trace;
  diagonal.assign(static_cast<std::size_t>(size), 0);
  for (Index i = 0; i < size; ++i) {
    for (Index j = 0; j < size; ++j) {
      Rational product;  // (V G)_ij
      for (Index c = 0; c < size; ++c) product += v[place(i, c)] * g[place(c, j)];
      if (i == j) trace += product;
      diagonal[static_cast<std::size_t>(i)] += product * v[place(j, i)];
    }
  }
  return trace;
}

Rational power_of_ten(int exponent) {
  const Integer power = boost::multiprecision::pow(Integer(10), static_cast<unsigned>(std::abs(exponent)));
  return exponent < 0 ? Rational(Integer(1), power) : Rational(power);
}

}  // namespace

Rational exact(std::string_view decimal) {
  const std::size_t mark = decimal.find_first_of("eE");
  std::string digits(decimal.substr(0, mark));
  int exponent = mark == std::string_view::npos ? 0 : std::stoi(std::string(decimal.substr(mark + 1)));
  if (const std::size_t point = digits.find('.'); point != std::string::npos) {
    exponent -= static_cast<int>(digits.size() - point - 1);
    digits.erase(point, 1);
  }
  const bool negative = digits.starts_with('-');
  const std::string magnitude = digits.substr(negative ? 1 : 0);
  if (magnitude.empty() || magnitude.find_first_not_of("0123456789") != std::string::npos) {
    throw std::invalid_argument("not a decimal number: " + std::string(decimal));
  }
  // Leading zeros would make it octal.
  const std::size_t first = magnitude.find_first_not_of('0');
  const Rational value =
      (first == std::string::npos ? Rational(0) : Rational(Integer(magnitude.substr(first)))) * power_of_ten(exponent);
  return negative ? -value : value;
}

Rational exact(double value) {
  if (!std::isfinite(value)) throw std::invalid_argument("not a finite number: " + std::to_string(value));
  return Rational(value);
}

double rounded(const Rational& value) { return static_cast<double>(static_cast<Wide>(value)); }

double rounded_root(const Rational& value) { return static_cast<double>(sqrt(static_cast<Wide>(value))); }

ExactProblem ExactProblem::of(std::span<const double> x, std::span<const double> y, bool intercept,
                              std::span<const double> weights, double ridge) {
  if (y.empty() || x.size() % y.size() != 0 || (!weights.empty() && weights.size() != y.size())) {
    throw std::invalid_argument("shapes that do not fit: " + std::to_string(x.size()) + " numbers in X, " +
                                std::to_string(y.size()) + " in y, " + std::to_string(weights.size()) + " weights");
  }
  ExactProblem problem;
  problem.rows = static_cast<Index>(y.size());
  problem.columns = static_cast<Index>(x.size() / y.size());
  for (const double value : x) problem.x.push_back(exact(value));
  for (const double value : y) problem.y.push_back(exact(value));
  for (const double value : weights) problem.weights.push_back(exact(value));
  problem.intercept = intercept;
  problem.ridge = exact(ridge);
  return problem;
}

std::vector<double> ExactLeastSquares::rounded_coefficients() const {
  std::vector<double> values;
  for (const Rational& coefficient : coefficients) values.push_back(rounded(coefficient));
  return values;
}

std::vector<double> ExactLeastSquares::standard_errors() const {
  std::vector<double> values;
  for (const Rational& entry : sandwich_diagonal) values.push_back(rounded_root(rss / dof * entry));
  return values;
}

ExactLeastSquares solve_exactly(const ExactProblem& problem) {
  const Normal normal = normal_equations(problem);
  const Index size = normal.size;
  std::vector<Rational> inverse = normal.gram;
  for (Index j = problem.intercept ? 1 : 0; j < size; ++j) {
    inverse[static_cast<std::size_t>(j * size + j)] += problem.ridge;
  }
  ExactLeastSquares solution;
  solution.rank = invert(inverse, size);
  solution.full_rank = solution.rank == size;
  if (!solution.full_rank) return solution;

  Rational explained, quadratic;  // βᵀXᵀWy and βᵀXᵀWXβ
  for (Index i = 0; i < size; ++i) {
    Rational coefficient;
    for (Index j = 0; j < size; ++j) {
      coefficient += inverse[static_cast<std::size_t>(i * size + j)] * normal.moment[static_cast<std::size_t>(j)];
    }
    solution.coefficients.push_back(coefficient);
    solution.inverse_diagonal.push_back(inverse[static_cast<std::size_t>(i * size + i)]);
    explained += coefficient * normal.moment[static_cast<std::size_t>(i)];
  }
  for (Index i = 0; i < size; ++i) {
    for (Index j = 0; j < size; ++j) {
      quadratic += solution.coefficients[static_cast<std::size_t>(i)] *
                   normal.gram[static_cast<std::size_t>(i * size + j)] *
                   solution.coefficients[static_cast<std::size_t>(j)];
    }
  }
  solution.rss = normal.square - 2 * explained + quadratic;
  solution.tss = problem.intercept ? Rational(normal.square - normal.sum * normal.sum / normal.weight) : normal.square;
  solution.dof = normal.used - sandwich(inverse, normal.gram, size, solution.sandwich_diagonal);
  return solution;
}

}  // namespace sigmahat::test
