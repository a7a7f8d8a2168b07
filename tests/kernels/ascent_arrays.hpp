// The arrays of an ascent on Gaussian problems, in the memory of any backend.
#pragma once

#include <vector>

#include "sigmahat/host/operations.hpp"
#include "support.hpp"

namespace sigmahat::test {

/// The arrays of a point, of data and of a direction for `problems` problems.
class Ascent {
 public:
  Ascent(Operations& operations, Index problems, Index p)
      : memory_{operations, {}},
        problems_(problems),
        p_(p),
        data_mean(vector(31)),
        data_residual(vector(32, 1e-17)),
        s(matrix(33)),
        mean(vector(34)),
        sigma(matrix(35)),
        factor(matrix(36)),
        offset(vector(37)),
        whitened(matrix(38)),
        direction_mean(vector(39)),
        direction(matrix(40)) {}
  Ascent(const Ascent&) = delete;
  Ascent& operator=(const Ascent&) = delete;

  GaussianData data() const { return {data_mean, data_residual, s}; }
  GaussianPoint point() const { return {mean, sigma, factor, offset, whitened}; }
  GaussianDirection along() const { return {direction_mean, direction}; }
  std::vector<double> vectors(const double* array) const { return read(array, problems_ * p_); }
  std::vector<double> matrices(const double* array) const { return read(array, problems_ * p_ * p_); }

 private:
  /// Releases what it holds even where a later array cannot be made.
  struct Memory {
    Operations& operations;
    std::vector<double*> all;
    ~Memory() {
      for (double* array : all) operations.release(array);
    }
  };

  double* put(const std::vector<double>& values) {
    memory_.all.push_back(nullptr);
    double* const array = memory_.all.back() = memory_.operations.allocate(values.size());
    memory_.operations.upload(values.data(), array, values.size());
    return array;
  }
  double* vector(unsigned seed, double scale = 1) {
    std::vector<double> values = normals(problems_ * p_, seed);
    for (double& value : values) value *= scale;
    return put(values);
  }
  double* matrix(unsigned seed) { return put(covariances(problems_, p_, seed)); }
  std::vector<double> read(const double* array, Index count) const {
    std::vector<double> values(static_cast<std::size_t>(count));
    memory_.operations.download(array, values.data(), values.size());
    return values;
  }

  Memory memory_;
  Index problems_, p_;

 public:
  double *data_mean, *data_residual, *s, *mean, *sigma, *factor, *offset, *whitened, *direction_mean, *direction;
};

}  // namespace sigmahat::test
