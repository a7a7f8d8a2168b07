// Least squares solved exactly, in rational numbers: what a fit of the doubles (or decimals) handed in would be without
// any rounding. Slow: for small problems of the tests.
#pragma once

#include <boost/multiprecision/cpp_int.hpp>

#include <span>
#include <string_view>
#include <vector>

#include "sigmahat/kernels/common.hpp"

namespace sigmahat::test {

using Rational = boost::multiprecision::cpp_rational;

/// The value of a decimal such as "-0.316E-14", or of a finite double. Throws std::invalid_argument for anything else.
Rational exact(std::string_view decimal);
Rational exact(double value);
/// The double nearest to a rational number, and to its square root.
double rounded(const Rational& value);
double rounded_root(const Rational& value);

/// Minimise Σ w_i (y_i − α − x_iᵀβ)² + λ‖β‖², the intercept α not penalised.
struct ExactProblem {
  Index rows = 0, columns = 0;
  std::vector<Rational> x;        ///< [rows, columns], row-major
  std::vector<Rational> y;        ///< [rows]
  std::vector<Rational> weights;  ///< [rows]; empty: all one
  bool intercept = false;         ///< a first coefficient α
  Rational ridge = 0;             ///< λ

  static ExactProblem of(std::span<const double> x, std::span<const double> y, bool intercept,
                         std::span<const double> weights = {}, double ridge = 0);
};

/// With A = XᵀWX + λD, D the identity without a place for the intercept. Where the columns depend on each other there is
/// a rank, and nothing else.
struct ExactLeastSquares {
  Index rank = 0;  ///< of A
  bool full_rank = false;
  std::vector<Rational> coefficients;       ///< [K], the intercept first
  std::vector<Rational> inverse_diagonal;   ///< [K] of A⁻¹
  std::vector<Rational> sandwich_diagonal;  ///< [K] of A⁻¹ XᵀWX A⁻¹; the same without a ridge
  Rational rss, tss;                        ///< Σ w (y − ŷ)²; Σ w (y − ȳ)², about zero without an intercept
  Rational dof;                             ///< n − tr(A⁻¹ XᵀWX), n the number of rows with w > 0

  std::vector<double> rounded_coefficients() const;
  /// √(σ̂² · sandwich_diagonal), σ̂² = RSS/dof, which needs dof > 0.
  std::vector<double> standard_errors() const;
  double sigma() const { return rounded_root(rss / dof); }
  double r_squared() const { return rounded(1 - rss / tss); }
};

ExactLeastSquares solve_exactly(const ExactProblem& problem);

}  // namespace sigmahat::test
