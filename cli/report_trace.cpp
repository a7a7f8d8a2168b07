#include <fmt/format.h>

#include "report.hpp"

namespace sigmahat::cli {
namespace {

/// A CSV cell; quoted where it has to be.
std::string cell(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char c : text) quoted.append(c == '"' ? 2 : 1, c);
  return quoted + '"';
}

}  // namespace

std::string trace_report(const FitReport& report) {
  const bool grouped = !report.groups.empty();
  std::string out =
      grouped ? "group,iteration,log_likelihood,score_norm,step\n" : "iteration,log_likelihood,score_norm,step\n";
  for (std::size_t g = 0; g < report.fits.size(); ++g) {
    const GaussianFit& fit = report.fits[g];
    const std::string prefix = grouped ? cell(report.groups[g]) + ',' : "";
    for (const AscentTraceRow& row : fit.ascent.trace) {
      // The ascent works on ℓ/n.
      fmt::format_to(std::back_inserter(out), "{}{},{},{},{}\n", prefix, row.iteration, fit.weight * row.value,
                     row.score_norm, row.step);
    }
  }
  return out;
}

}  // namespace sigmahat::cli
