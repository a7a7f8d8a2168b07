// The results of `sigmahat least-squares fit` as NumPy's arrays: what --out writes to a .npz, and what a manifest sums up.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "formats/named_arrays.hpp"
#include "least_squares/report.hpp"
#include "manifest/promises.hpp"

namespace sigmahat::cli {

/// Points into the report, which must live as long.
class LeastSquaresArrays {
 public:
  explicit LeastSquaresArrays(const LeastSquaresReport& report);
  LeastSquaresArrays(const LeastSquaresArrays&) = delete;
  LeastSquaresArrays& operator=(const LeastSquaresArrays&) = delete;

  const NamedArrays& arrays() const { return arrays_; }
  const PromisesOfRun& promises() const { return promises_; }

 private:
  void describe();
  void add_inference();
  void add_goodness();
  void add(const std::string& name, const std::vector<double>& values, const std::vector<Index>& shape,
           Promise promise);
  template <class Word>
  void add_words(const std::string& name, const std::vector<Word>& words, Determinism level);
  void add_rows(const std::string& name, const std::vector<double>& values, std::vector<double>& in_order);
  void add_ascent();

  const LeastSquaresReport& report_;
  const LeastSquaresFit& fit_;
  PromisesOfRun promises_;
  NamedArrays arrays_;
  std::vector<Index> per_problem_, per_coefficient_, per_pair_;  // shapes
  // What the arrays point to.
  const std::int64_t version_ = kLeastSquaresVersion;
  std::vector<double> residuals_, fitted_, score_norms_, relative_errors_;
  std::vector<Index> iterations_, zero_weight_;
};

}  // namespace sigmahat::cli
