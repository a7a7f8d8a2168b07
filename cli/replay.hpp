// `sigmahat replay`.
#pragma once

#include <string>

#include "cli11.hpp"

namespace sigmahat::cli {

struct ReplayArguments {
  std::string file;
  std::string inputs;  ///< folder that holds the inputs; empty: where the manifest says
  std::string device;  ///< empty: what the manifest asks for
  int threads = -1;    ///< −1: what the manifest asks for
  bool json = false;
};

/// Adds the subcommand; it runs as the callback of the parse.
void add_replay(CLI::App& application);

/// Repeats the run and reports what agrees. CheckFailed where inputs, options or results differ.
void run_replay(const ReplayArguments& arguments);

}  // namespace sigmahat::cli
