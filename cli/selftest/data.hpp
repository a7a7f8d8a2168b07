// The data of `sigmahat selftest`: Longley's, and samples that integer arithmetic makes, the same everywhere. Samples
// hold whole multiples of 2⁻¹⁰ below 2¹³, so that float32 holds them, and tests have their sums of squares exactly.
#pragma once

#include <vector>

#include "sigmahat/host/rows.hpp"

namespace sigmahat::cli::selftest {

/// Rows of numbers, row by row.
struct Sample {
  Index rows = 0, columns = 0;
  std::vector<double> values;
  std::vector<double> weights;  ///< whole numbers from 0 to 4, or none

  RowsView view() const {
    return RowsView::row_major(values.data(), rows, columns).weighted(weights.empty() ? nullptr : weights.data());
  }
};

/// Sums of uniform numbers, nearly normal: neighbouring columns are correlated, and each has its own mean, which for
/// column 3 is a thousand standard deviations from 0.
Sample normal_sample(Index rows, Index columns, bool weighted);

/// A response for the rows: a combination of their columns, and noise.
std::vector<double> response(const Sample& sample);

/// Regressions of unequal size on three columns, one below the other.
struct RaggedSample {
  static constexpr Index kProblems = 60;
  // Problems of their own kind.
  static constexpr Index kDependent = 7;    ///< column 2 is twice column 1
  static constexpr Index kNotFinite = 11;   ///< a NaN among the predictors
  static constexpr Index kTooFewRows = 13;  ///< 3 rows for 4 coefficients
  static constexpr Index kPowers = 17;      ///< t, t², t³ of t = 100, 101, ...: ill-conditioned

  std::vector<double> x, y;
  std::vector<Index> offsets;
};
RaggedSample ragged_sample();

/// Square matrices of small whole numbers, column by column.
std::vector<double> matrices(Index items, Index size);

/// Longley's six predictors of the years 1947 to 1962, row by row, and total employment.
struct Longley {
  static constexpr Index kRows = 16, kColumns = 6;
  static const std::vector<double>& x();
  static const std::vector<double>& y();
  /// NIST's certified values, the intercept first.
  static const std::vector<double>& coefficients();
  static const std::vector<double>& standard_errors();
  static constexpr double kResidualDeviation = 304.854073561965, kRSquared = 0.995479004577296;
};

}  // namespace sigmahat::cli::selftest
