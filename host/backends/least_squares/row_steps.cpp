#include "row_steps.hpp"

#include "row_functions.hpp"

namespace sigmahat::backends {
namespace {

steps::GramSummary<double> solve_gram(Index k, double weight, const double* mean, double ridge,
                                      const steps::GramWork<double>& work) {
  return steps::solve_gram(steps::SerialTeam{}, k, weight, mean, ridge, work);
}

}  // namespace

RowSteps plain_row_steps() {
  return {&solve_gram,
          &row_functions::residuals,
          &row_functions::gradient,
          &row_functions::sum_of_squares,
          &row_functions::standardise,
          &steps::householder,
          &steps::drop_dependent,
          &steps::invert_accepted,
          &steps::pseudo_inverse,
          &row_functions::scores,
          &row_functions::add_outer_products,
          &row_functions::congruence};
}

}  // namespace sigmahat::backends
