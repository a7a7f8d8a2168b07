// The command line as a whole: subcommands, help, and the way from an error to a message and an exit code.
#pragma once

#include <functional>

namespace sigmahat::cli {

/// Parses, runs, and returns the exit code; an error is one line on standard error.
int run_application(int argc, const char* const* argv);

/// Runs it and returns its exit code, or that of the error it throws, which becomes one line on standard error.
int with_exit_code(const std::function<int()>& run);

}  // namespace sigmahat::cli
