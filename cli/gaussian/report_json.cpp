#include "gaussian/report.hpp"

namespace sigmahat::cli {
namespace {

/// An array of rows.
Json matrix(const Matrix& values) {
  Json result = Json::array();
  for (Index i = 0; i < values.rows(); ++i) {
    Json row = Json::array();
    for (Index j = 0; j < values.columns(); ++j) row.push_back(json_number(values(i, j)));
    result.push_back(std::move(row));
  }
  return result;
}

Json ascent(const FitReport& report, const GaussianFit& fit) {
  const AscentComparison comparison = fit.comparison.value_or(AscentComparison{});
  return {
      {"metric", to_string(report.options.metric)},
      {"iterations", fit.ascent.iterations},
      {"scoring_iterations", fit.scoring_iterations},
      {"evaluations", fit.ascent.evaluations},
      {"termination", to_string(fit.ascent.termination)},
      {"converged", fit.ascent.converged()},
      {"score_norm", json_number(fit.ascent.score_norm)},
      {"relative_error_mean", json_number(comparison.relative_error_mean)},
      {"relative_error_covariance", json_number(comparison.relative_error_covariance)},
      {"log_likelihood_gap", json_number(comparison.log_likelihood_gap)},
      {"seconds", json_number(fit.ascent.seconds)},
  };
}

Json device(const FitReport& report) { return {{"requested", report.device_requested}, {"used", report.device_used}}; }

void add_fit(Json& out, const FitReport& report, std::size_t place) {
  const GaussianFit& fit = report.fits[place];
  out["n"] = report.weighted ? json_number(fit.weight) : Json(fit.rows);
  out["p"] = fit.columns;
  out["rows"] = fit.rows;
  out["dropped"] = fit.dropped;
  if (report.weighted) out["zero_weight"] = report.zero_weight[place];
  out["status"] = to_string(fit.status);
  out["rank"] = fit.rank;
  out["mean"] = json_array(fit.mean);
  out["covariance"] = matrix(fit.covariance);
  out["log_likelihood"] = json_number(fit.log_likelihood);
  if (report.has_ascent()) out["ascent"] = ascent(report, fit);
  out["device"] = device(report);
}

}  // namespace

std::string json_report(const FitReport& report, const Json& manifest) {
  Json out;
  out["input"] = report.input;
  out["method"] = method_name(report.options.method);
  out["metric"] = report.has_ascent() ? Json(to_string(report.options.metric)) : Json(nullptr);
  out["unbiased"] = report.options.unbiased;
  out["log_returns"] = report.log_returns;
  out["missing"] = report.missing == MissingRows::drop ? "drop" : "error";
  out["columns"] = report.columns;
  if (report.groups.empty()) {
    add_fit(out, report, 0);
    out["manifest"] = manifest;
    return dump_json(out);
  }
  out["by"] = report.by;
  out["p"] = report.columns.size();
  out["rows_without_group"] = report.unlabelled;
  out["device"] = device(report);
  out["manifest"] = manifest;
  Json groups = Json::array();
  for (std::size_t g = 0; g < report.groups.size(); ++g) {
    Json group;
    group["group"] = report.groups[g];
    add_fit(group, report, g);
    groups.push_back(std::move(group));
  }
  out["groups"] = std::move(groups);
  return dump_json(out);
}

}  // namespace sigmahat::cli
