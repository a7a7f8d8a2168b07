// What reports say of an ascent, whatever it climbs.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "sigmahat/gradient_ascent.hpp"

namespace sigmahat::cli {

/// One sentence on where the ascent ended. `target` is what the closed form gives ("S"), `distance` the relative distance
/// from it, `objective` what is to grow ("likelihood"), `obstacle` why none was run ("the likelihood has no maximum").
struct AscentWords {
  std::string target, objective, obstacle;
};
std::string ascent_outcome(const AscentSummary& ascent, double distance, const AscentWords& words);

/// "24 µs", "1.3 ms", "2.50 s".
std::string seconds_text(double seconds);

/// What `format` (of fmt) says of the number, or "not computable" where it is not finite.
std::string value_text(double number, const char* format);

/// The traces as CSV, one row per iteration; `labels` has one for each trace, in the column `label_name`, or is empty.
struct AscentTrace {
  std::span<const AscentTraceRow> rows;
  double scale = 1;  ///< the value is multiplied by it
};
std::string trace_csv(const std::vector<AscentTrace>& traces, const std::string& value_name,
                      const std::string& label_name, const std::vector<std::string>& labels);

}  // namespace sigmahat::cli
