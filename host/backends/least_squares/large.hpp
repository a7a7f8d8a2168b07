// Least squares for q > kLargestGram: the same routes with BLAS and LAPACK, one problem at a time. Level D1.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "problem.hpp"
#include "problem_rows.hpp"

namespace sigmahat::backends {

/// Σ rᵢrᵢᵀ of rows of q numbers that come in pieces: m·q² flops, by a BLAS.
class OuterProducts {
 public:
  virtual ~OuterProducts() = default;
  virtual void clear() = 0;
  /// `rows` is [count, q].
  virtual void add(const double* rows, Index count) = 0;
  /// square [q, q], column-major: its lower triangle.
  virtual void read(double* square) = 0;
};
/// By OpenBLAS.
std::unique_ptr<OuterProducts> host_outer_products(Index q);

/// Gram matrix of one problem from centred rows: two or three readings of the rows.
class LargeGram {
 public:
  LargeGram(Index columns, bool intercept, std::unique_ptr<OuterProducts> products);
  /// The arrays belong to this object.
  ProblemGram form(ProblemRows& rows);

 private:
  void find_means(ProblemRows& rows, ProblemGram& gram);

  Index q_;
  bool intercept_;
  std::unique_ptr<OuterProducts> products_;
  std::vector<double> mean_, residual_, staged_, square_, packed_;
};

/// `base`, with LAPACK for the factorisations and inverses: k³/3 flops at the speed of BLAS 3.
RowSteps large_row_steps(const RowSteps& base);

/// Operations::least_squares for q > kLargestGram: `teams` threads divide the problems, each with products of its own; with
/// one team BLAS has the threads.
void large_least_squares(const LeastSquaresRows& rows, const LeastSquaresSpec& spec, const LeastSquaresView& result,
                         const RowSteps& base, int teams,
                         const std::function<std::unique_ptr<OuterProducts>()>& make_products);

}  // namespace sigmahat::backends
