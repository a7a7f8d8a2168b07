// JSON as the command line writes it.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "sigmahat/kernels/common.hpp"

namespace sigmahat::cli {

using Json = nlohmann::ordered_json;

/// The number, or null where it is not finite.
Json json_number(double value);
/// An array of numbers.
Json json_array(const double* values, Index count);
Json json_array(const std::vector<double>& values);

/// JSON text with objects indented and each innermost array on one line.
std::string dump_json(const Json& value);
/// The same without the last line end, added to `out` where the indentation is `depth` steps deep.
void append_json(const Json& value, int depth, std::string& out);

}  // namespace sigmahat::cli
