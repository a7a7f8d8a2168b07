// Inputs and outputs of the operations of host/, owned by vectors, for tests that call a backend directly.
#pragma once

#include <memory>
#include <vector>

#include "random.hpp"
#include "sigmahat/host/context.hpp"

namespace sigmahat::test {

/// Results of a moments operation for B data sets.
struct MomentsResult {
  MomentsResult(Index problems, Index columns)
      : rows(problems),
        dropped(problems),
        weight(problems),
        mean(problems * columns),
        residual(mean.size()),
        scatter(problems * columns * columns),
        problems_(problems),
        columns_(columns) {}
  MomentsView view() {
    return {problems_,     columns_,    rows.data(),     dropped.data(),
            weight.data(), mean.data(), residual.data(), scatter.data()};
  }

  std::vector<Index> rows, dropped;
  std::vector<double> weight, mean, residual, scatter;

 private:
  Index problems_, columns_;
};

/// One pass over all rows.
inline MomentsResult moments_of(Operations& operations, const RowsView& rows,
                                MissingRows missing = MissingRows::error) {
  MomentsResult result(1, rows.columns);
  const auto pass = operations.begin_moments(rows.columns, missing);
  pass->add(rows);
  pass->finish(result.view());
  return result;
}

/// The arrays of a GaussianPoint, GaussianData and GaussianDirection for B problems of dimension p in device memory.
struct GaussianArrays {
  GaussianArrays(Operations& operations, Index problem_count, Index dimension) : p(dimension), problems(problem_count) {
    for (Buffer* vector : {&data_mean, &data_residual, &mean, &offset, &direction_mean, &to_mean, &to_offset}) {
      *vector = Buffer(operations, static_cast<std::size_t>(problems * p));
    }
    for (Buffer* matrix : {&data_covariance, &covariance, &factor, &whitened, &direction_covariance, &to_covariance,
                           &to_factor, &to_whitened}) {
      *matrix = Buffer(operations, static_cast<std::size_t>(problems * p * p));
    }
  }
  /// Random moments and parameters, the same for every backend; deviations of the mean and all matrices of order 1.
  void fill(std::uint64_t seed, double condition) {
    Random random(seed);
    std::vector<double> means, residuals, points, data_matrices, matrices;
    const auto append = [](std::vector<double>& to, const double* from, Index count) {
      to.insert(to.end(), from, from + count);
    };
    for (Index b = 0; b < problems; ++b) {
      for (auto* vector : {&means, &points}) append(*vector, random.normals(p).data(), p);
      for (const double r : random.normals(p)) residuals.push_back(0x1p-53 * r);
      append(data_matrices, random.positive_definite(p, condition).data(), p * p);
      append(matrices, random.positive_definite(p, condition).data(), p * p);
    }
    data_mean.upload(means);
    data_residual.upload(residuals);
    mean.upload(points);
    data_covariance.upload(data_matrices);
    covariance.upload(matrices);
  }
  GaussianData data() const { return {data_mean.get(), data_residual.get(), data_covariance.get()}; }
  GaussianPoint point() const { return {mean.get(), covariance.get(), factor.get(), offset.get(), whitened.get()}; }
  GaussianPoint to() const {
    return {to_mean.get(), to_covariance.get(), to_factor.get(), to_offset.get(), to_whitened.get()};
  }
  GaussianDirection direction() const { return {direction_mean.get(), direction_covariance.get()}; }
  static std::vector<double> host(const Buffer& buffer) {
    std::vector<double> result(buffer.size());
    buffer.download(result);
    return result;
  }

  Index p, problems;
  Buffer data_mean, data_residual, data_covariance, mean, covariance, factor, offset, whitened, direction_mean,
      direction_covariance, to_mean, to_covariance, to_factor, to_offset, to_whitened;
};

}  // namespace sigmahat::test
