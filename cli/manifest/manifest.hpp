// The manifest of a run: everything that is needed to repeat it and to say whether the results are the same.
// Format: docs/formats.md, "sigmahat-run".
#pragma once

#include <string>

#include "formats/json_text.hpp"
#include "formats/named_arrays.hpp"
#include "manifest/input_files.hpp"
#include "manifest/option_record.hpp"
#include "manifest/promises.hpp"
#include "sigmahat/host/context.hpp"

namespace sigmahat::cli {

inline constexpr const char* kManifestFormat = "sigmahat-run";
inline constexpr int kManifestVersion = 1;

/// What a fit knows about itself.
struct RunFacts {
  const char* command;  ///< "gaussian fit"
  OptionRecord options;
  const InputFiles& inputs;
};

/// DataError as InputFiles::facts().
Json run_manifest(const Context& context, const RunFacts& facts, const NamedArrays& results,
                  const PromisesOfRun& promises);

/// The manifest in a file that --manifest or --json wrote. DataError for what is neither.
Json read_manifest(const std::string& path);

}  // namespace sigmahat::cli
