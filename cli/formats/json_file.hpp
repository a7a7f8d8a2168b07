// JSON from a file.
#pragma once

#include <string>

#include "formats/json_text.hpp"

namespace sigmahat::cli {

/// DataError, beginning with the path, if the file cannot be read, if its text is not JSON (with line and column) or is
/// nested too deep, or if it holds a number beyond the range of float64.
Json read_json(const std::string& path);

}  // namespace sigmahat::cli
