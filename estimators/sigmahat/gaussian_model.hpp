// A multivariate normal distribution: mean, covariance and its Cholesky factor, formed once.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "sigmahat/host/context.hpp"
#include "sigmahat/moments.hpp"

namespace sigmahat {

class GaussianModel {
 public:
  /// Factors the covariance once. Throws InvalidArgument for wrong shapes, non-finite entries or asymmetry beyond
  /// rounding, NumericalError if the covariance is not positive definite. Nothing is added to the diagonal.
  GaussianModel(const Context& context, std::vector<double> mean, Matrix covariance);

  Index dimension() const { return static_cast<Index>(mean_.size()); }
  const std::vector<double>& mean() const { return mean_; }
  const Matrix& covariance() const { return covariance_; }
  const Matrix& factor() const { return factor_; }  ///< lower L, LLᵀ = Σ
  double log_determinant() const { return log_determinant_; }

  /// ℓ from moments, whatever n is: O(p³).
  double log_likelihood(const Context& context, const Moments& moments) const;
  /// ℓ = Σ wᵢ ln φ(xᵢ), from the rows: O(n p²). 0 without rows. Throws NonFiniteRow for the first row or weight that is
  /// not finite, DataError for a negative weight, NumericalError for a row whose distance overflows float64.
  double log_likelihood(const Context& context, const RowsView& rows) const;
  /// ln φ(xᵢ) = −½[p ln 2π + ln|Σ| + (xᵢ−μ)ᵀΣ⁻¹(xᵢ−μ)] for each row; NaN for a row that is not finite, or
  /// whose distance overflows float64.
  std::vector<double> log_densities(const Context& context, const RowsView& rows) const;
  /// (xᵢ−μ)ᵀΣ⁻¹(xᵢ−μ) for each row; NaN for a row that is not finite, or whose distance overflows float64.
  std::vector<double> mahalanobis_squared(const Context& context, const RowsView& rows) const;

  /// Writes a JSON file (docs/formats.md, "sigmahat-gaussian-model" version 1), whole or not at all. Numbers have the
  /// shortest digits (17 at most) with which load() gives the same bits. Throws DataError where it cannot be written,
  /// InvalidArgument for a wrong number of column names or one that is not UTF-8.
  void save(const std::string& path, const std::vector<std::string>& columns = {}) const;
  /// Throws DataError naming file and key for anything that is not such a file, NumericalError naming the file where
  /// its covariance is not positive definite.
  static GaussianModel load(const Context& context, const std::string& path);

 private:
  void require_columns(const RowsView& rows) const;

  std::vector<double> mean_;
  Matrix covariance_, factor_;
  double log_determinant_ = 0;
};

}  // namespace sigmahat
