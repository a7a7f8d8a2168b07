// The command line as a whole: subcommands, help, and the way from an error to a message and an exit code.
#pragma once

namespace sigmahat::cli {

/// Parses, runs, and returns the exit code; an error is one line on standard error.
int run_application(int argc, const char* const* argv);

}  // namespace sigmahat::cli
