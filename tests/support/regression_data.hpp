// Random regressions for tests, the same on every machine.
#pragma once

#include <cmath>
#include <vector>

#include "random.hpp"
#include "sigmahat/least_squares.hpp"

namespace sigmahat::test {

/// B problems of m rows and k columns: X normal around `centre`, y = 1 + Σ x_j/(j + 1) + noise, weights in [0.1, 2.1).
struct Regressions {
  Regressions(std::uint64_t seed, Index problem_count, Index row_count, Index column_count, double centre = 0,
              double noise = 1)
      : problems(problem_count), rows(row_count), columns(column_count) {
    Random random(seed);
    for (Index i = 0; i < problems * rows; ++i) {
      double response = 1 + noise * random.normal();
      for (Index j = 0; j < columns; ++j) {
        x.push_back(centre + random.normal());
        response += x.back() / static_cast<double>(j + 1);
      }
      y.push_back(response);
      weights.push_back(0.1 + 2 * random.uniform());
    }
  }
  LeastSquaresBatch batch() const { return LeastSquaresBatch::uniform(x.data(), y.data(), problems, rows, columns); }
  double* row_of(Index problem, Index row) { return x.data() + (problem * rows + row) * columns; }
  std::span<const double> x_of(Index problem) const {
    return {x.data() + problem * rows * columns, static_cast<std::size_t>(rows * columns)};
  }
  std::span<const double> y_of(Index problem) const {
    return {y.data() + problem * rows, static_cast<std::size_t>(rows)};
  }
  std::span<const double> weights_of(Index problem) const {
    return {weights.data() + problem * rows, static_cast<std::size_t>(rows)};
  }

  Index problems, rows, columns;
  std::vector<double> x, y, weights;
};

/// Item b of an array with `size` numbers an item.
inline std::span<const double> item(const std::vector<double>& values, Index b, Index size) {
  return {values.data() + b * size, static_cast<std::size_t>(size)};
}

}  // namespace sigmahat::test
