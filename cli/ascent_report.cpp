#include "ascent_report.hpp"

#include <fmt/format.h>

#include <cmath>
#include <iterator>

#include "formats/csv_text.hpp"
#include "text.hpp"

namespace sigmahat::cli {

std::string value_text(double number, const char* format) {
  return std::isfinite(number) ? fmt::format(fmt::runtime(format), number) : "not computable";
}

std::string seconds_text(double seconds) {
  if (seconds < 1e-3) return fmt::format("{:.0f} µs", seconds * 1e6);
  return seconds < 1 ? fmt::format("{:.1f} ms", seconds * 1e3) : fmt::format("{:.2f} s", seconds);
}

std::string ascent_outcome(const AscentSummary& ascent, double distance, const AscentWords& words) {
  const std::string from =
      fmt::format("a relative distance of {} from {}", value_text(distance, "{:.2g}"), words.target);
  const std::string iterations = counted(ascent.iterations, "iteration");
  switch (ascent.termination) {
    case Termination::score_tolerance:
      if (distance == 0) return fmt::format("reached {} exactly in {}", words.target, iterations);
      return fmt::format("reached {} to {} in {}", words.target, value_text(distance, "{:.2g}"), iterations);
    case Termination::change_tolerance: return fmt::format("came to rest at {} in {}", from, iterations);
    case Termination::stalled:
      return fmt::format("stalled (steps no longer move the point) at {} in {}", from, iterations);
    case Termination::iteration_limit: return fmt::format("ran out of iterations ({}) at {}", ascent.iterations, from);
    case Termination::line_search_failed:
      return fmt::format("found no step that increases the {} enough, after {}, at {}", words.objective, iterations,
                         from);
    case Termination::not_feasible: return "could not start: the start is outside the domain";
    case Termination::not_run: break;
  }
  return "not run: " + words.obstacle;
}

std::string trace_csv(const std::vector<AscentTrace>& traces, const std::string& value_name,
                      const std::string& label_name, const std::vector<std::string>& labels) {
  std::string out = fmt::format("{}iteration,{},score_norm,step\n", labels.empty() ? "" : label_name + ',', value_name);
  for (std::size_t k = 0; k < traces.size(); ++k) {
    const std::string prefix = labels.empty() ? "" : csv_cell(labels[k]) + ',';
    for (const AscentTraceRow& row : traces[k].rows) {
      fmt::format_to(std::back_inserter(out), "{}{},{},{},{}\n", prefix, row.iteration, traces[k].scale * row.value,
                     row.score_norm, row.step);
    }
  }
  return out;
}

}  // namespace sigmahat::cli
