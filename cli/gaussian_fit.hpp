// `sigmahat gaussian fit`.
#pragma once

#include <CLI/CLI.hpp>
#include <memory>
#include <optional>
#include <string>

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
  std::string out, trace;
  int threads = 0;
  double rank_tolerance = 0;
  bool unbiased = false, compare = false, json = false, log_returns = false;
  AscentOptions ascent;
  /// Options that mean something to an ascent only and were given on the command line.
  std::optional<std::string> ascent_only;
};

/// Adds the subcommand; it runs as the callback of the parse.
void add_gaussian_fit(CLI::App& gaussian);

/// Fits, writes the files and prints the report to standard output. Errors are thrown.
void run_gaussian_fit(const GaussianFitArguments& arguments);

}  // namespace sigmahat::cli
