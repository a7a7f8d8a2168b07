// Two manifests of the same command, the recorded run's and that of its repetition, set side by side.
#pragma once

#include <string>
#include <vector>

#include "formats/json_text.hpp"

namespace sigmahat::cli {

/// A thing that both runs have, or one of them.
struct ComparedItem {
  std::string name;
  bool same = false;
  Json then, now;  ///< null where there is none
};

/// An array of results.
struct ComparedResult {
  std::string name;
  bool same = false;
  std::string determinism;  ///< the lower of both runs' levels
  bool promised = false;    ///< that level covers what is different between the runs: other bits are then a fault
  std::string difference;   ///< what differs: shape, type or bits; empty where nothing does
};

struct RunComparison {
  std::vector<ComparedItem> inputs, options;
  std::vector<ComparedResult> results;
  std::vector<ComparedItem> environment;  ///< only what differs

  bool same() const;
};

/// Device and threads that were asked for count as environment, not as options.
RunComparison compare_runs(const Json& recorded, const Json& repeated);

/// docs/cli.md, section replay.
std::string comparison_text(const Json& recorded, const RunComparison& comparison);
Json comparison_json(const Json& recorded, const RunComparison& comparison);

}  // namespace sigmahat::cli
