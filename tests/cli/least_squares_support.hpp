// Regressions for the tests of `least-squares fit`: data, runs, and an oracle that has nothing in common with the library.
#pragma once

#include <limits>
#include <string>
#include <vector>

#include "cli_support.hpp"

namespace sigmahat::cli::test {

inline constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

struct Regression {
  std::vector<double> coef, se, residuals;
  double rss = 0;
};

/// By modified Gram-Schmidt in long double, after which R is inverted.
Regression regress(const std::vector<std::vector<double>>& x, const std::vector<double>& y);

/// "least-squares fit" and what follows.
std::vector<std::string> fit(std::vector<std::string> more);

/// What the run prints with --json; a failure of the test where it does not succeed.
Json json_of(std::vector<std::string> arguments);

std::vector<double> numbers(const Json& array);

/// .npy files of this shape, "(2, 3)", and of one dimension.
std::string npy_numbers(const std::vector<double>& values, const std::string& shape, bool fortran = false);
std::string npy_integers(const std::vector<std::int64_t>& values);

/// A stream of numbers in (−1, 1).
std::vector<double> draws(std::size_t count, std::uint64_t state = 1);

/// B problems of m rows and k columns in files X.npy and y.npy.
struct Batch {
  std::size_t columns;
  std::vector<double> x, y;
  std::string x_path, y_path;

  Batch(const Folder& folder, std::size_t problems, std::size_t rows, std::size_t k);
  /// Rows first … first+count−1 of all.
  Regression expected(std::size_t first, std::size_t count) const;
};

}  // namespace sigmahat::cli::test
