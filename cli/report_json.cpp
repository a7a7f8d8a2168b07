#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "report.hpp"

namespace sigmahat::cli {
namespace {

using Json = nlohmann::ordered_json;

Json number(double value) { return std::isfinite(value) ? Json(value) : Json(nullptr); }

Json vector(const std::vector<double>& values) {
  Json result = Json::array();
  for (const double value : values) result.push_back(number(value));
  return result;
}

/// An array of rows.
Json matrix(const Matrix& values) {
  Json result = Json::array();
  for (Index i = 0; i < values.rows(); ++i) {
    Json row = Json::array();
    for (Index j = 0; j < values.columns(); ++j) row.push_back(number(values(i, j)));
    result.push_back(std::move(row));
  }
  return result;
}

Json ascent(const FitReport& report, const GaussianFit& fit) {
  const AscentComparison comparison = fit.comparison.value_or(AscentComparison{});
  return {
      {"metric", to_string(report.options.metric)},
      {"iterations", fit.ascent.iterations},
      {"evaluations", fit.ascent.evaluations},
      {"termination", to_string(fit.ascent.termination)},
      {"converged", fit.ascent.converged()},
      {"score_norm", number(fit.ascent.score_norm)},
      {"relative_error_mean", number(comparison.relative_error_mean)},
      {"relative_error_covariance", number(comparison.relative_error_covariance)},
      {"log_likelihood_gap", number(comparison.log_likelihood_gap)},
      {"seconds", number(fit.ascent.seconds)},
  };
}

Json device(const FitReport& report) { return {{"requested", report.device_requested}, {"used", report.device_used}}; }

void add_fit(Json& out, const FitReport& report, const GaussianFit& fit) {
  out["n"] = report.weighted ? number(fit.weight) : Json(fit.rows);
  out["p"] = fit.columns;
  out["rows"] = fit.rows;
  out["dropped"] = fit.dropped;
  out["status"] = to_string(fit.status);
  out["rank"] = fit.rank;
  out["mean"] = vector(fit.mean);
  out["covariance"] = matrix(fit.covariance);
  out["log_likelihood"] = number(fit.log_likelihood);
  if (report.has_ascent()) out["ascent"] = ascent(report, fit);
  out["device"] = device(report);
}

void dump(const Json& value, int depth, std::string& out) {
  const auto line = [&](int level) {
    out += '\n';
    out.append(2 * static_cast<std::size_t>(level), ' ');
  };
  const bool nested = value.is_object() ||
                      (value.is_array() &&
                       std::any_of(value.begin(), value.end(), [](const Json& item) { return item.is_structured(); }));
  if (!value.is_structured() || value.empty()) {
    out += value.dump(-1, ' ', false, Json::error_handler_t::replace);
    return;
  }
  const char* const brackets = value.is_object() ? "{}" : "[]";
  out += brackets[0];
  bool first = true;
  for (const auto& [key, item] : value.items()) {
    if (!first) out += nested ? "," : ", ";
    first = false;
    if (nested) line(depth + 1);
    if (value.is_object()) out += Json(key).dump(-1, ' ', false, Json::error_handler_t::replace) + ": ";
    dump(item, depth + 1, out);
  }
  if (nested) line(depth);
  out += brackets[1];
}

}  // namespace

std::string dump_json(const Json& value) {
  std::string out;
  dump(value, 0, out);
  return out + '\n';
}

std::string json_report(const FitReport& report) {
  Json out;
  out["input"] = report.input;
  out["method"] = method_name(report.options.method);
  out["metric"] = report.has_ascent() ? Json(to_string(report.options.metric)) : Json(nullptr);
  out["unbiased"] = report.options.unbiased;
  out["log_returns"] = report.log_returns;
  out["missing"] = report.missing == MissingRows::drop ? "drop" : "error";
  out["columns"] = report.columns;
  if (report.groups.empty()) {
    add_fit(out, report, report.fits.front());
    return dump_json(out);
  }
  out["by"] = report.by;
  out["p"] = report.columns.size();
  out["rows_without_group"] = report.unlabelled;
  out["device"] = device(report);
  Json groups = Json::array();
  for (std::size_t g = 0; g < report.groups.size(); ++g) {
    Json group;
    group["group"] = report.groups[g];
    add_fit(group, report, report.fits[g]);
    groups.push_back(std::move(group));
  }
  out["groups"] = std::move(groups);
  return dump_json(out);
}

}  // namespace sigmahat::cli
