// The results of `sigmahat gaussian fit` as arrays, which a manifest sums up.
#pragma once

#include <cstdint>
#include <vector>

#include "formats/named_arrays.hpp"
#include "gaussian/report.hpp"
#include "manifest/promises.hpp"

namespace sigmahat::cli {

/// With groups every array has one more axis, the first, in the order of the groups. Not to be copied or moved.
class GaussianArrays {
 public:
  explicit GaussianArrays(const FitReport& report);
  GaussianArrays(const GaussianArrays&) = delete;
  GaussianArrays& operator=(const GaussianArrays&) = delete;

  const NamedArrays& arrays() const { return arrays_; }
  const PromisesOfRun& promises() const { return promises_; }

 private:
  void add_fits();
  void add_ascents();
  void add(const char* name, const double* numbers, std::vector<Index> shape, Promise promise);
  void add(const char* name, const std::vector<Index>& numbers, Promise promise);

  const FitReport& report_;
  PromisesOfRun promises_;
  NamedArrays arrays_;
  std::vector<Index> per_fit_;  // a shape
  // What the arrays point to.
  std::vector<double> mean_, covariance_, log_likelihood_, weight_, score_norm_, error_mean_, error_covariance_, gap_;
  std::vector<Index> rows_, dropped_, rank_, iterations_, scoring_;
};

}  // namespace sigmahat::cli
