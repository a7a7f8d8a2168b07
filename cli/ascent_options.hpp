// The options of an ascent, which every fit that can run one has in common.
#pragma once

#include <optional>
#include <string>

#include "cli11.hpp"
#include "sigmahat/gradient_ascent.hpp"

namespace sigmahat::cli {

/// Help for the options whose meaning depends on the fit.
struct AscentTexts {
  std::string initial_step, sufficient_increase, trace;
};

/// Adds them in the group "Ascent", and --trace in the group "Output".
void add_ascent_options(CLI::App& app, AscentOptions& options, std::string& trace, const AscentTexts& texts);

/// The first option given on the command line that concerns an ascent only.
std::optional<std::string> given_ascent_option(const CLI::App& app);

/// UsageError where such an option was given and no ascent is asked for.
void refuse_ascent_option(const std::optional<std::string>& given, bool ascent);

}  // namespace sigmahat::cli
