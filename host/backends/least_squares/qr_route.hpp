// Route `qr` of kernels/least_squares.hpp: TSQR over the canonical blocks, rank by tolerance, rank policies.
#pragma once

#include <vector>

#include "problem.hpp"
#include "problem_rows.hpp"
#include "solution.hpp"

namespace sigmahat::backends {

class QrRoute {
 public:
  QrRoute(Index columns, const LeastSquaresSpec& spec, const RowSteps& steps);
  /// Solves the problem that `rows` has open; fills everything in `solution` but status and keeps_rss.
  void solve(const ProblemGram& gram, ProblemRows& rows, Solution& solution);

 private:
  void choose_scales(const ProblemGram& gram, ProblemRows& rows);
  void factor_rows(const ProblemGram& gram, ProblemRows& rows);
  /// r_ ← R of [earlier; later].
  void merge(const std::vector<double>& earlier, std::vector<double>& later);
  void add_ridge();
  void find_rank(const ProblemGram& gram, Solution& solution);
  void full_rank_root(Solution& solution);
  void minimum_norm_root(Solution& solution);

  Index k_, q_, stride_;  // stride_: between rows of r_ and work_
  const LeastSquaresSpec& spec_;
  const RowSteps& steps_;
  std::vector<double> scale_, reference_, r_, work_, dots_, inverse_;
  std::vector<Index> accepted_;
};

}  // namespace sigmahat::backends
