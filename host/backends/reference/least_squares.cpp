// Least squares as kernels/least_squares.hpp defines it: one problem after the other.
#include "../least_squares/gram_tree.hpp"
#include "../least_squares/problem.hpp"
#include "reference.hpp"

namespace sigmahat::backends {

void ReferenceOperations::least_squares(const LeastSquaresRows& rows, const LeastSquaresSpec& spec,
                                        const LeastSquaresView& result) {
  ProblemRows reader(rows, spec.drop_missing);
  GramTree gram(rows.columns(), spec.intercept);
  ProblemSolver solver(rows, spec, result, plain_row_steps());
  for (Index problem = 0; problem < rows.problems; ++problem) {
    reader.open(problem);
    solver.solve(problem, gram.form(reader));
  }
}

}  // namespace sigmahat::backends
