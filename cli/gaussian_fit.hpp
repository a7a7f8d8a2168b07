// `sigmahat gaussian fit`.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "cli11.hpp"
#include "manifest/option_record.hpp"
#include "option_checks.hpp"
#include "sigmahat/gaussian_fit.hpp"

namespace sigmahat::cli {

struct GaussianFitArguments {
  std::string file;
  std::string columns, by, weights;
  std::string missing = "error";
  std::string method = "closed-form";
  std::string metric = "fisher";
  std::string start = "identity";
  std::string device = "auto";
  std::string out, trace, manifest;
  int threads = 0;
  double rank_tolerance = 0;
  bool unbiased = false, compare = false, json = false, log_returns = false;
  AscentOptions ascent;
  /// Options that mean something to an ascent only and were given on the command line.
  std::optional<std::string> ascent_only;
  OptionRecord record;

  std::vector<NamedPath> output_paths() const { return {{"--out", out}, {"--trace", trace}, {"--manifest", manifest}}; }
};

/// Adds the subcommand; it runs as the callback of the parse.
void add_gaussian_fit(CLI::App& gaussian);

/// Fits, writes the files and prints the report to standard output. Errors are thrown.
void run_gaussian_fit(const GaussianFitArguments& arguments);

/// Fits as a command line of these words would, writes nothing, and returns the run's manifest.
Json repeat_gaussian_fit(const std::vector<std::string>& words);

}  // namespace sigmahat::cli
