// Everything of one least-squares problem after its Gram matrix: routes, refinement, QR, inference, outputs. The reference
// backend solves all problems so; the others those that their fast paths leave over: flagged by solve_gram, or asked for
// more than coefficients and classical standard errors.
#pragma once

#include <memory>

#include "row_steps.hpp"
#include "sigmahat/host/least_squares_rows.hpp"
#include "sigmahat/kernels/least_squares.hpp"

namespace sigmahat::backends {

struct GramFactor;  // large.hpp

/// Step 1 of kernels/least_squares.hpp for one problem.
struct ProblemGram {
  Index rows = 0;                    ///< n
  Index dropped = 0;                 ///< rows left out
  double weight = 0;                 ///< N
  const double* mean = nullptr;      ///< [q] m; with an intercept
  const double* residual = nullptr;  ///< [q] c
  const double* gram = nullptr;      ///< G, lower triangle packed by rows: entry (i, j) at i(i+1)/2 + j
  /// Of the scaled G, where it has been factored already; otherwise RowSteps::solve_gram does it.
  const GramFactor* factor = nullptr;
};

/// Whether the fast paths may write the results: coefficients, classical standard errors without a ridge, sums of squares,
/// and what is always there. Routes and problems that need more are for ProblemSolver.
bool plain(const LeastSquaresSpec& spec, const LeastSquaresView& wanted);

/// Solves problems one after the other; keeps its workspace. One object per thread; the arguments must outlive it.
class ProblemSolver {
 public:
  /// `steps` are the functions on rows, compiled for the backend's instruction set.
  ProblemSolver(const LeastSquaresRows& rows, const LeastSquaresSpec& spec, const LeastSquaresView& result,
                const RowSteps& steps);
  ~ProblemSolver();
  ProblemSolver(const ProblemSolver&) = delete;
  ProblemSolver& operator=(const ProblemSolver&) = delete;

  /// Writes every output that the view asks for, for this problem.
  void solve(Index problem, const ProblemGram& gram);

 private:
  class State;
  std::unique_ptr<State> state_;
};

}  // namespace sigmahat::backends
