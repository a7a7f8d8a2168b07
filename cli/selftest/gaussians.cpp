#include <cmath>

#include "selftest/data.hpp"
#include "selftest/quantities.hpp"
#include "selftest/values.hpp"
#include "sigmahat/gaussian_fit.hpp"
#include "sigmahat/gaussian_model.hpp"

namespace sigmahat::cli::selftest {
namespace {

const Sample& eight_columns() {
  static const Sample kSample = normal_sample(1000, 8, true);
  return kSample;
}
const Sample& hundred_columns() {
  static const Sample kSample = normal_sample(600, 100, false);
  return kSample;
}

Values all_of(const Moments& moments) {
  Values values;
  values.add(moments.rows).add(moments.weight).add(moments.mean).add(moments.mean_residual).add_lower(moments.scatter);
  return values;
}

Values all_of(const MomentsBatch& moments) {
  Values values;
  values.add(moments.rows).add(moments.weight).add(moments.mean).add(moments.mean_residual).add(moments.scatter);
  return values;
}

/// Distance of an ascent's end from the closed form, and whether it did not converge.
Quantity ascent(const Context& context, const Moments& moments, Metric metric, AscentStart::Kind start) {
  GaussianFitOptions options;
  options.compare = true;
  options.metric = metric;
  options.start.kind = start;
  const GaussianFit fit = fit_gaussian(context, moments, options);
  const AscentComparison distance = fit.comparison.value_or(AscentComparison{});
  Values values;
  values.add(distance.relative_error_mean).add(distance.relative_error_covariance);
  values.add(fit.ascent.converged() ? 0 : 1);
  return {std::string("ascent of 8 columns, metric ") + to_string(metric) + ": distance from the closed form",
          levels(Promise::ascent),
          values.take(),
          1e-12,
          {0, 0, 0}};
}

}  // namespace

void measure_moments(const Context& context, std::vector<Quantity>& out) {
  const Sample& eight = eight_columns();
  const Moments moments = compute_moments(context, eight.view());
  Values means;
  means.add(moments.rows).add(moments.weight).add(moments.mean).add(moments.mean_residual);
  out.push_back({"moments of 8 columns, weighted: rows, weight, means", levels(Promise::moments), means.take()});
  out.push_back({"moments of 8 columns, weighted: scatter", levels(Promise::moments),
                 Values().add_lower(moments.scatter).take()});

  const std::vector<float> narrow(eight.values.begin(), eight.values.end());
  const RowsView floats = RowsView::row_major(narrow.data(), eight.rows, eight.columns);
  out.push_back({"moments of 8 columns, float32",
                 levels(Promise::moments),
                 all_of(compute_moments(context, floats)).take(),
                 {},
                 {},
                 true});

  const std::vector<Index> groups = {0, 300, 301, 1000};
  const MomentsBatch grouped = compute_grouped_moments(context, eight.view(), groups);
  out.push_back({"moments of 8 columns in 3 groups", levels(Promise::moments), all_of(grouped).take(), {}, {}, true});

  const Sample middle = normal_sample(300, 33, false);
  out.push_back({"moments of 33 columns",
                 levels(Promise::moments),
                 all_of(compute_moments(context, middle.view())).take(),
                 {},
                 {},
                 true});

  const Moments large = compute_moments(context, hundred_columns().view());
  out.push_back({"moments of 100 columns", levels(Promise::moments, false), all_of(large).take(), {}, {}, true});
  Values some;
  for (Index j = 0; j < 100; j += 11)
    some.add(large.mean[static_cast<std::size_t>(j)]).add(large.scatter(j, 7 * j % 100));
  out.push_back({"moments of 100 columns: 20 of them", levels(Promise::moments, false), some.take(), 1e-12});
}

void measure_gaussian(const Context& context, std::vector<Quantity>& out) {
  const Sample& eight = eight_columns();
  const Moments moments = compute_moments(context, eight.view());
  const GaussianModel model(context, moments.mean, moments.covariance());
  out.push_back({"Cholesky factor of 8 columns", levels(Promise::cholesky), Values().add_lower(model.factor()).take()});
  out.push_back({"Mahalanobis distances of 1000 rows of 8 columns",
                 levels(Promise::mahalanobis),
                 model.mahalanobis_squared(context, RowsView::row_major(eight.values.data(), eight.rows, 8)),
                 {},
                 {},
                 true});

  // At a point that is not the maximum: whole numbers near the means, and 12·I + 4.
  std::vector<double> point;
  point.reserve(moments.mean.size());
  for (const double mean : moments.mean) point.push_back(std::nearbyint(mean));
  Matrix covariance(8, 8, 4);
  for (Index j = 0; j < 8; ++j) covariance(j, j) = 16;
  const GaussianScore score = gaussian_score(context, moments, point, covariance, CovarianceScore::symmetric);
  Values scores;
  scores.add(score.mean).add_lower(score.covariance).add(score.score_norm);
  out.push_back({"scores of the likelihood of 8 columns", levels(Promise::cholesky), scores.take()});

  const GaussianFit fit = fit_gaussian(context, moments);
  Values fitted;
  fitted.add(fit.mean).add_lower(fit.covariance).add(fit.rank).add(fit.status);
  out.push_back({"Gaussian fit of 8 columns, closed form", levels(Promise::cholesky), fitted.take(), {}, {}, true});
  out.push_back({"log-likelihood of 8 columns: at the maximum, elsewhere", levels(Promise::log_likelihood),
                 Values().add(fit.log_likelihood).add(score.value).take(), 1e-13});
  out.push_back(ascent(context, moments, Metric::fisher, AscentStart::Kind::identity));
  out.push_back(ascent(context, moments, Metric::newton, AscentStart::Kind::diagonal));

  const GaussianFit large = fit_gaussian(context, compute_moments(context, hundred_columns().view()));
  out.push_back({"log-likelihood of 100 columns", levels(Promise::log_likelihood, false),
                 Values().add(large.log_likelihood).take(), 1e-12});
}

std::vector<Quantity> measure(const Context& context) {
  std::vector<Quantity> quantities;
  measure_moments(context, quantities);
  measure_gaussian(context, quantities);
  measure_regressions(context, quantities);
  measure_matrices(context, quantities);
  return quantities;
}

}  // namespace sigmahat::cli::selftest
