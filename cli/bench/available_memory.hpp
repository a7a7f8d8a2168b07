// How much host memory a computation may still take.
#pragma once

#include <string>

namespace sigmahat::cli {

/// Bytes that can be allocated without swapping, by the system and by the limit of the process's container, whichever
/// is less; infinite where neither says.
double available_memory();

/// "2.3 GB"
std::string bytes_text(double bytes);

}  // namespace sigmahat::cli
