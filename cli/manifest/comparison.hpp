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
  std::string then, now;  ///< short texts, "absent" where there is none
};

/// An array of results.
struct ComparedResult {
  std::string name;
  bool same = false;
  /// The lower of both runs' levels, and whether it covers the difference of their environments: where it does, different
  /// bits are a fault.
  std::string determinism;
  bool promised = false;
  std::string difference;  ///< what differs: shape, type or bits; empty where nothing does
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
Json comparison_json(const RunComparison& comparison);

}  // namespace sigmahat::cli
