// The eleven linear regressions of NIST's StRD (tests/data/nist/): data, certified values, what other programs find, and
// how many digits an estimate shares with the truth.
#pragma once

#include <limits>
#include <map>
#include <string>
#include <vector>

#include "sigmahat/least_squares.hpp"
#include "support/exact_least_squares.hpp"

namespace sigmahat::test {

/// What a program reports of a fit; empty or NaN where it reports nothing.
struct Estimates {
  std::vector<double> coefficients, standard_errors;
  double sigma = std::numeric_limits<double>::quiet_NaN();
  double r_squared = std::numeric_limits<double>::quiet_NaN();
};

/// Digits shared with the truth: the least log relative error of each kind, from 0 to kMostDigits; NaN: not reported.
struct Digits {
  double coefficients, standard_errors, sigma, r_squared;
};
inline constexpr double kMostDigits = 15.9;  ///< of equal doubles; one unit in the last place off is 15.7 to 16
/// A coefficient that is not a number shares none.
Digits digits(const Estimates& found, const Estimates& truth);

struct NistSet {
  std::string name;
  Index degree = 1;  ///< powers of x, where there is one x
  bool intercept = true;
  std::vector<std::vector<std::string>> cells;  ///< y, then x, as the file writes them
  Estimates certified;

  Index rows() const { return static_cast<Index>(cells.size()); }
  Index columns() const;
  /// [rows, columns] doubles; the powers by repeated multiplication, xʲ = xʲ⁻¹·x, each product rounded.
  std::vector<double> design() const;
  std::vector<double> response() const;
  /// The decimals themselves, and their exact powers.
  ExactProblem decimals() const;
};

/// The files of tests/data/nist/, docs/accuracy.md, and Longley and Grunfeld of examples/data/, by their paths in the
/// project, as they were when CMake made the build.
const std::map<std::string, std::string>& nist_files();

/// The cells of a CSV file among them, below its head.
std::vector<std::vector<std::string>> read_cells(const std::string& path);

std::vector<NistSet> read_nist_sets();
/// Results of other programs by name ("R 4.2.2 lm") and set.
std::map<std::string, std::map<std::string, Estimates>> read_nist_peers();

enum class Precision { float64, float32 };

/// The exact solution of the doubles handed in; for float32 of the doubles that the floats are.
Estimates exact_estimates(const NistSet& set, Precision precision);

struct NistFit {
  Estimates estimates;
  double condition = 0;
  RouteTaken route = RouteTaken::none;
  ProblemStatus status = ProblemStatus::ok;
};
NistFit fit_nist(const Context& context, const NistSet& set, LeastSquaresRoute route, Precision precision);

}  // namespace sigmahat::test
