// Cells of the .csv files that the command line writes.
#pragma once

#include <string>

namespace sigmahat::cli {

/// The text, in double quotes where it has to be.
std::string csv_cell(const std::string& text);
/// The shortest digits that give back the same float64; nothing where it is NaN.
std::string csv_cell(double value);

}  // namespace sigmahat::cli
