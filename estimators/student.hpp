// Student's t distribution for tests and limits of coefficients. Private to the library.
#pragma once

namespace sigmahat::detail {

/// P(|T| ≥ |t|) for T with `dof` > 0 degrees of freedom; NaN where an argument is not a number or dof is not positive.
double two_sided_p(double t, double dof);

/// The t with P(|T| ≤ t) = level; NaN as above.
double two_sided_quantile(double level, double dof);

}  // namespace sigmahat::detail
