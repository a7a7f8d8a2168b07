// Least squares for q > kLargestGram: the same routes with BLAS and LAPACK, one problem at a time. Level D1.
#pragma once

#include <vector>

#include "problem.hpp"
#include "problem_rows.hpp"

namespace sigmahat::backends {

/// Gram matrix of one problem by dsyrk on centred rows: two readings of the rows, m·q² flops.
class LargeGram {
 public:
  LargeGram(Index columns, bool intercept);
  /// The arrays belong to this object.
  ProblemGram form(ProblemRows& rows);

 private:
  void find_means(ProblemRows& rows, ProblemGram& gram);

  Index q_;
  bool intercept_;
  std::vector<double> mean_, residual_, staged_, square_, packed_;
};

/// `base`, with LAPACK for the factorisations and inverses: k³/3 flops at the speed of BLAS 3.
RowSteps large_row_steps(const RowSteps& base);

/// Operations::least_squares for q > kLargestGram: threads divide the problems where there are many; with few, BLAS has the
/// threads.
void large_least_squares(const LeastSquaresRows& rows, const LeastSquaresSpec& spec, const LeastSquaresView& result,
                         const RowSteps& base, int threads);

}  // namespace sigmahat::backends
