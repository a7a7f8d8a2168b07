// What `sigmahat least-squares fit` tells its user: as text, and as the files of docs/formats.md.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "formats/json_text.hpp"
#include "least_squares/data.hpp"

namespace sigmahat::cli {

/// Everything that a report needs to know.
struct LeastSquaresReport {
  std::string input;                      ///< FILE or --X
  std::string response;                   ///< --y: a column, or a file
  std::vector<std::string> coefficients;  ///< names, the intercept's first
  std::string missing;                    ///< the word of the command line
  std::string by;                         ///< name of the group column; empty: no groups
  const LeastSquaresData* data = nullptr;
  LeastSquaresFit fit;

  bool has_ascent() const { return fit.options.method == FitMethod::ascent || fit.options.compare; }
  /// "firm = General Motors", "problem 3", or nothing for the one problem of a table.
  std::string label(Index problem) const;
  /// Rows of weight 0 that were not dropped.
  Index zero_weight(Index problem) const;
};

inline constexpr const char* kLeastSquaresFormat = "sigmahat-least-squares-fit";
inline constexpr int kLeastSquaresVersion = 1;

/// Takes text piece by piece.
using TextSink = std::function<void(std::string_view)>;

/// Aligned text for people: the first problems, how many have which status, and the first ones that are not ok.
std::string text_report(const LeastSquaresReport& report);

/// JSON with NaN and infinity as null, for --json and --out.
void write_json(const LeastSquaresReport& report, const Json& manifest, const TextSink& sink);

/// CSV with one row per problem and coefficient.
void write_csv(const LeastSquaresReport& report, const TextSink& sink);

/// The ascents' traces as CSV.
std::string trace_report(const LeastSquaresReport& report);

}  // namespace sigmahat::cli
