#include "ascent_report.hpp"
#include "gaussian/report.hpp"

namespace sigmahat::cli {

std::string trace_report(const FitReport& report) {
  std::vector<AscentTrace> traces;
  traces.reserve(report.fits.size());
  for (const GaussianFit& fit : report.fits) traces.push_back({fit.ascent.trace, fit.weight});  // it works on ℓ/n
  return trace_csv(traces, "log_likelihood", "group", report.groups);
}

}  // namespace sigmahat::cli
