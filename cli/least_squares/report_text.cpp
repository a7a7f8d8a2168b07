#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <iterator>
#include <numeric>

#include "ascent_report.hpp"
#include "formats/csv_text.hpp"
#include "least_squares/report.hpp"
#include "text.hpp"

namespace sigmahat::cli {
namespace {

constexpr Index kShownCoefficients = 24;   // later ones are counted only
constexpr Index kAllProblems = 12;         // more problems than these are many:
constexpr Index kFirstProblems = 3;        // of many these are shown
constexpr Index kNamedPredictors = 8;      // more are counted only
constexpr std::size_t kNamedProblems = 5;  // of each status that is not ok; more are counted only
constexpr std::size_t kNameWidth = 24;     // longer names are cut

/// Cells in columns: the first column to the left, the others to the right.
class TextTable {
 public:
  explicit TextTable(std::vector<std::string> head) : rows_{std::move(head)} {}
  void add(std::vector<std::string> row) { rows_.push_back(std::move(row)); }
  std::string text() const {
    std::string out;
    for (const auto& row : rows_) {
      std::string line = "  " + row[0] + std::string(width(0) - characters(row[0]), ' ');
      for (std::size_t j = 1; j < row.size(); ++j) {
        line += "  " + std::string(width(j) - characters(row[j]), ' ') + row[j];
      }
      out += line + '\n';
    }
    return out;
  }

 private:
  std::size_t width(std::size_t column) const {
    std::size_t result = column == 0 ? 13 : 10;
    for (const auto& row : rows_) result = std::max(result, characters(row[column]));
    return result;
  }
  std::vector<std::vector<std::string>> rows_;
};

std::string cell(double value, const char* format) {
  return std::isnan(value) ? "NA" : fmt::format(fmt::runtime(format), value);
}

class TextReport {
 public:
  explicit TextReport(const LeastSquaresReport& report) : report_(report), fit_(report.fit) {}

  std::string run() {
    header();
    const bool many = fit_.problems > kAllProblems;
    const Index shown = many ? kFirstProblems : fit_.problems;
    for (Index b = 0; b < shown; ++b) {
      line("\n{}", report_.label(b));
      if (!report_.data->batched()) out_.resize(out_.size() - 1);  // there is nothing to tell it from
      problem(b);
    }
    if (many) line("\n... and {}; --json and --out have them all.", counted(fit_.problems - shown, "more problem"));
    if (report_.data->batched()) summary();
    return std::move(out_);
  }

 private:
  template <class... Args>
  void line(fmt::format_string<Args...> format, Args&&... args) {
    fmt::format_to(std::back_inserter(out_), format, std::forward<Args>(args)...);
    out_ += '\n';
  }

  /// "an intercept, value, capital", or how many there are.
  std::string predictors() const {
    const std::vector<std::string>& names = report_.data->predictors();
    const auto count = static_cast<Index>(names.size());
    std::string list = fit_.options.intercept ? "an intercept" : "";
    const auto add = [&](const std::string& text) { list += (list.empty() ? "" : ", ") + text; };
    if (count > kNamedPredictors || !report_.data->is_table()) {
      add(counted(count, "column"));
    } else {
      for (const std::string& name : names) add(shortened(name, kNameWidth));
    }
    return list;
  }

  void header() {
    const LeastSquaresOptions& options = fit_.options;
    const bool ascent = options.method == FitMethod::ascent;
    line("Least squares of {} {}{}", printable(report_.input), ascent ? "by gradient ascent" : "in closed form",
         options.compare && !ascent ? ", compared with gradient ascent" : "");
    line("  model    {} on {}{}", printable(report_.response), predictors(),
         options.ridge > 0 ? fmt::format("; ridge {}", options.ridge) : "");
    Index rows = 0, dropped = 0, zero = 0;
    for (Index b = 0; b < fit_.problems; ++b) {
      rows += fit_.rows[static_cast<std::size_t>(b)];
      dropped += fit_.dropped[static_cast<std::size_t>(b)];
      zero += report_.zero_weight(b);
    }
    std::string data = counted(rows, "row");
    if (report_.data->weighted()) data += " of positive weight";
    const Grouping* const groups = report_.data->groups();
    if (groups != nullptr) {
      data += fmt::format(", {} by {}", counted(fit_.problems, "group"), printable(report_.by));
    } else if (report_.data->batched()) {
      data += fmt::format(", {}", counted(fit_.problems, "problem"));
    }
    if (zero > 0) data += fmt::format("; {} of weight 0 left out", zero);
    if (dropped > 0) data += fmt::format("; {} dropped for missing values", dropped);
    if (groups != nullptr && groups->unlabelled > 0) {
      data += fmt::format("; {} dropped for want of a group label", groups->unlabelled);
    }
    line("  data     {}", data);
    if (options.standard_errors != StandardErrors::none)
      line("  errors   {} standard errors", to_string(options.standard_errors));
    line("  device   {} (asked for: {}), {}", fit_.device_used, fit_.device_requested, seconds_text(fit_.seconds));
  }

  void problem(Index b) {
    const auto k = static_cast<std::size_t>(b);
    std::string rank = "rank not determined";
    if (fit_.route[k] != RouteTaken::none) rank = fmt::format("rank {} of {}", fit_.rank[k], fit_.coefficient_count);
    line("  n              {}{}, {}, condition {}, route {}", fit_.rows[k], left_out(b), rank,
         cell(fit_.condition[k], "{:.3g}"), to_string(fit_.route[k]));
    const std::string why = reason(k);
    line("  status         {}{}{}", to_string(fit_.status[k]), why.empty() ? "" : ": ", why);
    if (!std::isnan(largest_coefficient(b))) coefficients(b);
    goodness(k);
    if (report_.has_ascent()) ascent(k);
  }

  /// " (2 dropped; 1 row of weight 0 left out)", or nothing.
  std::string left_out(Index b) const {
    const Index dropped = fit_.dropped[static_cast<std::size_t>(b)], zero = report_.zero_weight(b);
    std::string text = dropped > 0 ? fmt::format("{} dropped", dropped) : "";
    if (zero > 0) text += fmt::format("{}{} of weight 0 left out", text.empty() ? "" : "; ", counted(zero, "row"));
    return text.empty() ? "" : fmt::format(" ({})", text);
  }

  /// NaN where no coefficient is a number.
  double largest_coefficient(Index b) const {
    const double* const values = fit_.coefficients.data() + b * fit_.coefficient_count;
    return std::accumulate(values, values + fit_.coefficient_count, kCanonicalNaN,
                           [](double a, double value) { return std::fmax(a, std::abs(value)); });
  }

  std::string reason(std::size_t k) const {
    switch (fit_.status[k]) {
      case ProblemStatus::too_few_rows:
        return fit_.rows[k] == 0 ? "no row is left" : "there are fewer rows than coefficients";
      case ProblemStatus::rank_deficient: return reason_of_deficiency(k);
      case ProblemStatus::not_finite:
        return report_.missing == "status" ? "a value is missing or infinite, or sums of squares are beyond float64"
                                           : "sums of squares are beyond the range of float64";
      case ProblemStatus::refined_by_qr:
        return "the normal equations would not be accurate enough (ill-conditioned columns, or numbers of extreme "
               "size); solved by QR";
      case ProblemStatus::not_converged:
        return "these are the coefficients where the ascent stopped; what belongs to a minimum is not computed";
      case ProblemStatus::not_positive_definite:
      case ProblemStatus::ok: break;
    }
    return "";
  }

  std::string reason_of_deficiency(std::size_t k) const {
    if (fit_.route[k] == RouteTaken::none) {
      return "no coefficients: the normal equations are singular or too ill-conditioned; --route auto or qr decides by "
             "--rank-policy";
    }
    switch (fit_.options.rank_policy) {
      case RankPolicy::minimum_norm: return "columns depend on each other; these are the smallest coefficients";
      case RankPolicy::drop_aliased: return "columns depend on each other; NA: explained by earlier ones";
      case RankPolicy::fail: break;
    }
    return "columns depend on each other; no coefficients, as --rank-policy fail asks";
  }

  void coefficients(Index b) {
    struct Column {
      std::string name;
      const std::vector<double>& values;
      const char* format;
    };
    const std::string level = fmt::format("{:g} %", 100 * fit_.options.confidence_level);
    const std::array columns{Column{"estimate", fit_.coefficients, "{:.8g}"},
                             Column{"std. error", fit_.standard_errors, "{:.6g}"},
                             Column{"t", fit_.t, "{:.4g}"},
                             Column{"p", fit_.p, "{:.3g}"},
                             Column{"lower " + level, fit_.lower, "{:.6g}"},
                             Column{"upper " + level, fit_.upper, "{:.6g}"}};
    std::vector<std::string> head{""};
    for (const Column& column : columns) {
      if (!column.values.empty()) head.push_back(column.name);
    }
    TextTable table(std::move(head));
    const Index shown = std::min(fit_.coefficient_count, kShownCoefficients);
    for (Index j = 0; j < shown; ++j) {
      std::vector<std::string> row{shortened(report_.coefficients[static_cast<std::size_t>(j)], kNameWidth)};
      const auto place = static_cast<std::size_t>(b * fit_.coefficient_count + j);
      for (const Column& column : columns) {
        if (!column.values.empty()) row.push_back(cell(column.values[place], column.format));
      }
      table.add(std::move(row));
    }
    out_ += table.text();
    if (shown < fit_.coefficient_count) {
      line("  ... the first {} of {} coefficients; --json and --out have them all.", shown, fit_.coefficient_count);
    }
  }

  void goodness(std::size_t k) {
    if (fit_.rss.empty() || !std::isfinite(fit_.rss[k])) return;
    line("  RSS            {}, residual standard error {} on {} degree{} of freedom", cell(fit_.rss[k], "{:.8g}"),
         cell(std::sqrt(fit_.sigma_squared[k]), "{:.6g}"), cell(fit_.residual_dof[k], "{:.6g}"),
         fit_.residual_dof[k] == 1 ? "" : "s");
    line("  R²             {}, adjusted {}", cell(fit_.r_squared[k], "{:.6g}"),
         cell(fit_.adjusted_r_squared[k], "{:.6g}"));
  }

  void ascent(std::size_t k) {
    const AscentSummary& ascent = fit_.ascent[k];
    line("  ascent         metric {}: {}", to_string(fit_.options.metric),
         ascent_outcome(ascent, fit_.comparison[k].relative_error,
                        {"the closed form", "objective", "there is no unique solution"}));
    if (ascent.termination == Termination::not_run) return;
    line("                 score norm {}, {}{}", value_text(ascent.score_norm, "{:.2g}"), seconds_text(ascent.seconds),
         fit_.problems > 1 ? " for all problems together" : "");
  }

  void summary() {
    std::string text;
    for (const StatusCount& count : fit_.status_counts()) {
      text += fmt::format("{} {} {}", text.empty() ? ":" : ",", count.problems, to_string(count.status));
    }
    line("\n{}{}.", counted(fit_.problems, "problem"), text);
    for (const StatusCount& count : fit_.status_counts()) {
      if (count.status != ProblemStatus::ok) name_problems(count);
    }
    if (!report_.has_ascent()) return;
    const auto converged =
        std::count_if(fit_.ascent.begin(), fit_.ascent.end(), [](const auto& ascent) { return ascent.converged(); });
    line("The ascents of {} of them converged.", converged);
  }

  /// "  rank_deficient: problems 17, 311", or group labels.
  void name_problems(const StatusCount& count) {
    const Grouping* const groups = report_.data->groups();
    std::string names;
    Index left = count.problems;
    for (std::size_t b = 0, named = 0; left > 0 && named < kNamedProblems; ++b) {
      if (fit_.status[b] != count.status) continue;
      names += named++ == 0 ? "" : ", ";
      names += groups == nullptr ? std::to_string(b) : printable(csv_cell(groups->labels[b]));
      --left;
    }
    if (left > 0) names += fmt::format(" and {} more", left);
    const std::string what = groups == nullptr ? (count.problems == 1 ? "problem" : "problems") : report_.by + " =";
    line("  {}: {} {}", to_string(count.status), printable(what), names);
  }

  const LeastSquaresReport& report_;
  const LeastSquaresFit& fit_;
  std::string out_;
};

}  // namespace

std::string LeastSquaresReport::label(Index problem) const {
  if (const Grouping* const groups = data->groups()) {
    return fmt::format("{} = {}", printable(by), printable(groups->labels[static_cast<std::size_t>(problem)]));
  }
  return data->batched() ? fmt::format("problem {}", problem) : "";
}

Index LeastSquaresReport::zero_weight(Index problem) const {
  const auto k = static_cast<std::size_t>(problem);
  return data->batch().rows.rows_of(problem) - fit.rows[k] - fit.dropped[k];
}

std::string text_report(const LeastSquaresReport& report) { return TextReport(report).run(); }

}  // namespace sigmahat::cli
