// What `sigmahat gaussian fit` tells its user: as text, as JSON, and as a trace of the ascents.
#pragma once

#include <string>
#include <vector>

#include "formats/json_text.hpp"
#include "sigmahat/gaussian_fit.hpp"

namespace sigmahat::cli {

/// Everything that a report needs to know.
struct FitReport {
  std::string input;
  std::vector<std::string> columns;
  GaussianFitOptions options;
  bool log_returns = false;
  bool weighted = false;
  MissingRows missing = MissingRows::error;
  std::string by;                   ///< name of the group column; empty: no groups
  std::vector<std::string> groups;  ///< one label per fit, or empty
  Index unlabelled = 0;             ///< rows without a group label, left out
  std::vector<GaussianFit> fits;
  std::vector<Index> zero_weight;  ///< rows of weight 0 per fit, where there are weights
  std::string device_requested, device_used;

  bool has_ascent() const { return options.method == FitMethod::ascent || options.compare; }
};

/// Aligned text for people; large matrices and long lists of groups are cut, and the text says so.
std::string text_report(const FitReport& report);

/// docs/formats.md, "The --json report". Numbers with 17 digits at most, NaN and infinity as null.
std::string json_report(const FitReport& report, const Json& manifest);

/// CSV: group (where there are groups), iteration, log_likelihood, score_norm, step.
std::string trace_report(const FitReport& report);

/// "closed-form", "ascent": the words of the command line.
const char* method_name(FitMethod method);

}  // namespace sigmahat::cli
