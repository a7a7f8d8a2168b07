// `sigmahat least-squares fit`.
#pragma once

#include <optional>
#include <string>

#include "cli11.hpp"
#include "least_squares/data.hpp"
#include "manifest/option_record.hpp"
#include "option_checks.hpp"

namespace sigmahat::cli {

struct LeastSquaresFitArguments {
  LeastSquaresSource source;
  std::string missing = "error";
  std::string route = "auto";
  std::string rank_policy = "minimum_norm";
  std::string standard_errors = "classical";
  std::string outputs = "t,p,limits,goodness";
  std::string method = "closed-form";
  std::string metric = "newton";
  std::string device = "auto";
  std::string out, trace, manifest;
  int threads = 0;
  double ridge = 0, rank_tolerance = 0, confidence = 0.95;
  bool intercept = false, no_intercept = false;
  bool covariance = false, residuals = false, fitted = false;
  bool compare = false, json = false;
  AscentOptions ascent;
  /// What was given on the command line.
  bool outputs_given = false, confidence_given = false;
  std::optional<std::string> ascent_only;
  OptionRecord record;

  std::vector<NamedPath> output_paths() const { return {{"--out", out}, {"--trace", trace}, {"--manifest", manifest}}; }
};

/// Adds the subcommand; it runs as the callback of the parse.
void add_least_squares_fit(CLI::App& least_squares);

/// Fits, writes the files and prints the report to standard output. Errors are thrown.
void run_least_squares_fit(const LeastSquaresFitArguments& arguments);

/// Fits as a command line of these words would, writes nothing, and returns the run's manifest.
Json repeat_least_squares_fit(const std::vector<std::string>& words);

}  // namespace sigmahat::cli
