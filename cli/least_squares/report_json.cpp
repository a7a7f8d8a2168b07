#include "least_squares/report.hpp"

namespace sigmahat::cli {
namespace {

/// The numbers of problem b in an array with `width` of them per problem.
Json slice(const std::vector<double>& values, Index problem, Index width) {
  return json_array(values.data() + problem * width, width);
}

class JsonReport {
 public:
  explicit JsonReport(const LeastSquaresReport& report) : report_(report), fit_(report.fit) {}

  Json head() const {
    const LeastSquaresOptions& options = fit_.options;
    Json out;
    out["format"] = kLeastSquaresFormat;
    out["version"] = kLeastSquaresVersion;
    out["input"] = report_.input;
    out["y"] = report_.response;
    out["columns"] = report_.coefficients;
    out["method"] = options.method == FitMethod::ascent ? "ascent" : "closed-form";
    out["intercept"] = options.intercept;
    out["weighted"] = report_.data->weighted();
    out["ridge"] = json_number(options.ridge);
    out["route_requested"] = to_string(options.route);
    out["rank_policy"] = to_string(options.rank_policy);
    out["standard_errors"] = to_string(options.standard_errors);
    out["confidence"] = options.outputs.confidence ? json_number(options.confidence_level) : Json(nullptr);
    out["missing"] = report_.missing;
    out["device"] = {{"requested", fit_.device_requested}, {"used", fit_.device_used}};
    out["problems"] = fit_.problems;
    out["statuses"] = Json::object();
    for (const StatusCount& count : fit_.status_counts()) out["statuses"][to_string(count.status)] = count.problems;
    if (const Grouping* const groups = report_.data->groups()) {
      out["by"] = report_.by;
      out["rows_without_group"] = groups->unlabelled;
    }
    return out;
  }

  void add_problem(Json& out, Index b) const {
    const auto k = static_cast<std::size_t>(b);
    if (const Grouping* const groups = report_.data->groups()) out["group"] = groups->labels[k];
    out["status"] = to_string(fit_.status[k]);
    out["route"] = to_string(fit_.route[k]);
    out["rank"] = fit_.rank[k];
    out["condition"] = json_number(fit_.condition[k]);
    out["rows"] = fit_.rows[k];
    out["dropped"] = fit_.dropped[k];
    if (report_.data->weighted()) out["zero_weight"] = report_.zero_weight(b);
    out["coef"] = slice(fit_.coefficients, b, fit_.coefficient_count);
    add_coefficients(out, b);
    const auto add = [&](const char* name, const std::vector<double>& values) {
      if (!values.empty()) out[name] = json_number(values[k]);
    };
    add("rss", fit_.rss);
    add("tss", fit_.tss);
    add("r2", fit_.r_squared);
    add("adj_r2", fit_.adjusted_r_squared);
    add("sigma2", fit_.sigma_squared);
    add("dof", fit_.residual_dof);
    add_rows(out, "residuals", fit_.residuals, b);
    add_rows(out, "fitted", fit_.fitted, b);
    if (report_.has_ascent()) out["ascent"] = ascent(k);
  }

 private:
  void add_coefficients(Json& out, Index b) const {
    const Index width = fit_.coefficient_count;
    const auto add = [&](const char* name, const std::vector<double>& values) {
      if (!values.empty()) out[name] = slice(values, b, width);
    };
    add("se", fit_.standard_errors);
    add("t", fit_.t);
    add("p", fit_.p);
    add("lower", fit_.lower);
    add("upper", fit_.upper);
    if (fit_.covariance.empty()) return;
    out["cov"] = Json::array();
    for (Index i = 0; i < width; ++i) out["cov"].push_back(slice(fit_.covariance, b * width + i, width));
  }

  void add_rows(Json& out, const char* name, const std::vector<double>& values, Index b) const {
    if (values.empty()) return;
    const LeastSquaresRows& rows = report_.data->batch().rows;
    out[name] = json_array(values.data() + rows.first_row(b), rows.rows_of(b));
  }

  Json ascent(std::size_t k) const {
    const AscentSummary& ascent = fit_.ascent[k];
    return {
        {"metric", to_string(fit_.options.metric)},
        {"iterations", ascent.iterations},
        {"evaluations", ascent.evaluations},
        {"termination", to_string(ascent.termination)},
        {"converged", ascent.converged()},
        {"score_norm", json_number(ascent.score_norm)},
        {"relative_error", json_number(fit_.comparison[k].relative_error)},
        {"seconds", json_number(ascent.seconds)},
    };
  }

  const LeastSquaresReport& report_;
  const LeastSquaresFit& fit_;
};

}  // namespace

void write_json(const LeastSquaresReport& report, const Json& manifest, const TextSink& sink) {
  constexpr std::size_t kPiece = std::size_t{1} << 20;
  const JsonReport json(report);
  Json head = json.head();
  if (!report.data->batched()) {
    json.add_problem(head, 0);
    head["manifest"] = manifest;
    return sink(dump_json(head));
  }
  head["manifest"] = manifest;
  // Millions of problems: one after the other, each forgotten once it is text.
  std::string text;
  append_json(head, 0, text);
  text.resize(text.size() - 2);  // the line end and the brace
  text += ",\n  \"fits\": [";
  for (Index b = 0; b < report.fit.problems; ++b) {
    Json problem;
    json.add_problem(problem, b);
    text += b == 0 ? "\n    " : ",\n    ";
    append_json(problem, 2, text);
    if (text.size() < kPiece) continue;
    sink(text);
    text.clear();
  }
  text += report.fit.problems == 0 ? "]\n}\n" : "\n  ]\n}\n";
  sink(text);
}

}  // namespace sigmahat::cli
