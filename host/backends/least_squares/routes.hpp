// From a Gram matrix, and from the rows where it does not suffice, to a Solution: steps 2 to 8 of kernels/least_squares.hpp.
#pragma once

#include <vector>

#include "problem.hpp"
#include "problem_rows.hpp"
#include "qr_route.hpp"
#include "solution.hpp"

namespace sigmahat::backends {

class Routes {
 public:
  Routes(Index columns, const LeastSquaresSpec& spec, const RowSteps& steps);
  /// The problem is the one that `rows` has open. The solution has coefficients where the status is ok or refined_by_qr,
  /// and where it is rank_deficient after QR.
  ProblemStatus solve(const ProblemGram& gram, ProblemRows& rows, Solution& solution);

 private:
  bool judge_response(const ProblemGram& gram, ProblemRows& rows);
  bool keeps_columns(const ProblemGram& gram, const steps::GramWork<double>& work) const;
  bool by_cholesky(const ProblemGram& gram, ProblemRows& rows, Solution& solution);
  void take_cholesky(const ProblemGram& gram, const steps::GramSummary<double>& summary,
                     const steps::GramWork<double>& work, Solution& solution);
  void refine(const ProblemGram& gram, ProblemRows& rows, Solution& solution);
  double refinement_step(const ProblemGram& gram, const Solution& solution);
  void form_gradient(const ProblemGram& gram, ProblemRows& rows, const Solution& solution);

  Index k_, q_;
  const LeastSquaresSpec& spec_;
  const RowSteps& steps_;
  QrRoute qr_;
  bool constant_response_ = false;
  std::vector<double> gram_, inverse_factor_, vectors_, residuals_, residuals_low_;
  std::vector<double> gradient_, gradient_low_, whitened_, step_;
};

}  // namespace sigmahat::backends
