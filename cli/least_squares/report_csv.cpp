#include <fmt/format.h>

#include <span>

#include "ascent_report.hpp"
#include "formats/csv_text.hpp"
#include "least_squares/report.hpp"

namespace sigmahat::cli {
namespace {

/// A column of numbers: one per coefficient of each problem, or one per problem.
struct Column {
  const char* name;
  std::span<const double> values;
  bool of_coefficients;
};

std::vector<Column> columns_of(const LeastSquaresFit& fit) {
  std::vector<Column> columns{{"condition", fit.condition, false}, {"coef", fit.coefficients, true}};
  const auto add = [&](bool wanted, std::vector<Column> more) {
    if (wanted) columns.insert(columns.end(), more.begin(), more.end());
  };
  const LeastSquaresOutputs& outputs = fit.options.outputs;
  add(fit.options.standard_errors != StandardErrors::none, {{"se", fit.standard_errors, true}});
  add(outputs.t, {{"t", fit.t, true}});
  add(outputs.p, {{"p", fit.p, true}});
  add(outputs.confidence, {{"lower", fit.lower, true}, {"upper", fit.upper, true}});
  add(outputs.goodness, {{"r2", fit.r_squared, false},
                         {"adj_r2", fit.adjusted_r_squared, false},
                         {"rss", fit.rss, false},
                         {"tss", fit.tss, false},
                         {"sigma2", fit.sigma_squared, false},
                         {"dof", fit.residual_dof, false}});
  return columns;
}

}  // namespace

void write_csv(const LeastSquaresReport& report, const TextSink& sink) {
  constexpr std::size_t kPiece = std::size_t{1} << 20;
  const LeastSquaresFit& fit = report.fit;
  const Grouping* const groups = report.data->groups();
  const std::vector<Column> columns = columns_of(fit);
  std::string text = groups != nullptr ? "group," : report.data->batched() ? "problem," : "";
  text += "name,status,route,rank,rows,dropped";
  if (report.data->weighted()) text += ",zero_weight";
  for (const Column& column : columns) text += fmt::format(",{}", column.name);
  text += '\n';
  for (Index b = 0; b < fit.problems; ++b) {
    const auto k = static_cast<std::size_t>(b);
    const std::string problem = groups != nullptr        ? csv_cell(groups->labels[k]) + ','
                                : report.data->batched() ? fmt::format("{},", b)
                                                         : "";
    std::string outcome = fmt::format(",{},{},{},{},{}", to_string(fit.status[k]), to_string(fit.route[k]), fit.rank[k],
                                      fit.rows[k], fit.dropped[k]);
    if (report.data->weighted()) outcome += fmt::format(",{}", report.zero_weight(b));
    for (Index j = 0; j < fit.coefficient_count; ++j) {
      text += fmt::format("{}{}{}", problem, csv_cell(report.coefficients[static_cast<std::size_t>(j)]), outcome);
      for (const Column& column : columns) {
        const Index place = column.of_coefficients ? b * fit.coefficient_count + j : b;
        text += ',';
        text += csv_cell(column.values[static_cast<std::size_t>(place)]);
      }
      text += '\n';
    }
    if (text.size() < kPiece) continue;
    sink(text);
    text.clear();
  }
  sink(text);
}

std::string trace_report(const LeastSquaresReport& report) {
  std::vector<AscentTrace> traces;
  std::vector<std::string> labels;
  const Grouping* const groups = report.data->groups();
  for (std::size_t b = 0; b < report.fit.ascent.size(); ++b) {
    traces.push_back({report.fit.ascent[b].trace, 1});
    if (report.data->batched()) labels.push_back(groups != nullptr ? groups->labels[b] : std::to_string(b));
  }
  return trace_csv(traces, "objective", groups != nullptr ? "group" : "problem", labels);
}

}  // namespace sigmahat::cli
