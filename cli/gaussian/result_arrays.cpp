#include "gaussian/result_arrays.hpp"

#include <iterator>

namespace sigmahat::cli {

GaussianArrays::GaussianArrays(const FitReport& report)
    : report_(report),
      // The logarithms of returns are the C library's.
      promises_(std::ssize(report.columns) <= kSmallDimension, is_gpu(report.device_used),
                report.log_returns ? Determinism::d2 : Determinism::d3) {
  if (!report.by.empty()) per_fit_ = {std::ssize(report.fits)};
  add_fits();
  if (report.has_ascent()) add_ascents();
}

void GaussianArrays::add(const char* name, const double* numbers, std::vector<Index> shape, Promise promise) {
  shape.insert(shape.begin(), per_fit_.begin(), per_fit_.end());
  arrays_.add(name, numbers, shape, promises_.use(promise));
}
void GaussianArrays::add(const char* name, const std::vector<Index>& numbers, Promise promise) {
  arrays_.add(name, numbers.data(), per_fit_, promises_.use(promise));
}

void GaussianArrays::add_fits() {
  const Index p = std::ssize(report_.columns);
  std::vector<std::string_view> statuses;
  for (const GaussianFit& fit : report_.fits) {
    mean_.insert(mean_.end(), fit.mean.begin(), fit.mean.end());
    // Symmetric, so that rows and columns are the same; one fit's can be large and stays where it is.
    if (report_.fits.size() > 1) {
      covariance_.insert(covariance_.end(), fit.covariance.data(), fit.covariance.data() + p * p);
    }
    log_likelihood_.push_back(fit.log_likelihood);
    weight_.push_back(fit.weight);
    rows_.push_back(fit.rows);
    dropped_.push_back(fit.dropped);
    rank_.push_back(fit.rank);
    statuses.emplace_back(to_string(fit.status));
  }
  const Promise estimate = report_.options.method == FitMethod::ascent ? Promise::ascent : Promise::moments;
  add("mean", mean_.data(), {p}, estimate);
  add("covariance", report_.fits.size() == 1 ? report_.fits.front().covariance.data() : covariance_.data(), {p, p},
      estimate);
  add("log_likelihood", log_likelihood_.data(), {}, Promise::log_likelihood);
  add("n", weight_.data(), {}, Promise::moments);
  add("rows", rows_, Promise::moments);
  add("dropped", dropped_, Promise::moments);
  if (report_.weighted) add("zero_weight", report_.zero_weight, Promise::moments);
  add("rank", rank_, Promise::cholesky);
  arrays_.add_text("status", statuses, per_fit_, promises_.use(Promise::cholesky));
}

void GaussianArrays::add_ascents() {
  std::vector<std::string_view> terminations;
  for (const GaussianFit& fit : report_.fits) {
    const AscentComparison comparison = fit.comparison.value_or(AscentComparison{});
    iterations_.push_back(fit.ascent.iterations);
    scoring_.push_back(fit.scoring_iterations);
    gap_.push_back(comparison.log_likelihood_gap);
    score_norm_.push_back(fit.ascent.score_norm);
    error_mean_.push_back(comparison.relative_error_mean);
    error_covariance_.push_back(comparison.relative_error_covariance);
    terminations.emplace_back(to_string(fit.ascent.termination));
  }
  add("ascent_iterations", iterations_, Promise::ascent);
  add("ascent_scoring_iterations", scoring_, Promise::ascent);
  add("ascent_log_likelihood_gap", gap_.data(), {}, Promise::ascent);
  add("ascent_score_norm", score_norm_.data(), {}, Promise::ascent);
  add("ascent_relative_error_mean", error_mean_.data(), {}, Promise::ascent);
  add("ascent_relative_error_covariance", error_covariance_.data(), {}, Promise::ascent);
  arrays_.add_text("ascent_termination", terminations, per_fit_, promises_.use(Promise::ascent));
}

}  // namespace sigmahat::cli
