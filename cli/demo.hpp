// `sigmahat demo`: fits of the example data, each after its command line.
#pragma once

#include "cli11.hpp"

namespace sigmahat::cli {

void add_demo(CLI::App& application);

/// Runs the commands in the folder that holds examples/data: that of the installation which the executable belongs to,
/// else the current one. The first exit code that is not 0 ends it. DataError where the data are in neither.
int run_demo();

}  // namespace sigmahat::cli
