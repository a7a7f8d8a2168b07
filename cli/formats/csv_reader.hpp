// Reads .csv files with a header, by Apache Arrow's CSV reader.
#pragma once

#include "formats/table.hpp"

namespace sigmahat::cli {

/// A column-major float64 matrix; empty cells, NA, N/A, NULL and NaN become NaN. On success nothing is spent on
/// diagnosis; on failure the file is read again as text, and the first offending cell or row is named (DataError).
Table read_csv(const TableRequest& request);

/// Number of worker threads of the CSV reader; 0 leaves its default.
void set_csv_threads(int threads);

/// "Apache Arrow" and its version.
std::pair<std::string, std::string> csv_library();

}  // namespace sigmahat::cli
