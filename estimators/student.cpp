#include "student.hpp"

#include <boost/math/distributions/students_t.hpp>
#include <cmath>

#include "sigmahat/kernels/common.hpp"

namespace sigmahat::detail {
namespace {

/// Numbers out of range are results here, not exceptions.
using Policy =
    boost::math::policies::policy<boost::math::policies::domain_error<boost::math::policies::ignore_error>,
                                  boost::math::policies::overflow_error<boost::math::policies::ignore_error>,
                                  boost::math::policies::underflow_error<boost::math::policies::ignore_error>,
                                  boost::math::policies::evaluation_error<boost::math::policies::ignore_error>,
                                  boost::math::policies::rounding_error<boost::math::policies::ignore_error>,
                                  boost::math::policies::pole_error<boost::math::policies::ignore_error>,
                                  boost::math::policies::promote_double<false>>;
using Student = boost::math::students_t_distribution<double, Policy>;

}  // namespace

double two_sided_p(double t, double dof) {
  if (std::isnan(t) || !(dof > 0)) return kCanonicalNaN;
  if (std::isinf(t)) return 0;
  return 2 * boost::math::cdf(boost::math::complement(Student(dof), std::fabs(t)));
}

double two_sided_quantile(double level, double dof) {
  if (std::isnan(level) || !(dof > 0)) return kCanonicalNaN;
  return boost::math::quantile(boost::math::complement(Student(dof), (1 - level) / 2));
}

}  // namespace sigmahat::detail
