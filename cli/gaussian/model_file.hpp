// Model files (docs/formats.md, "sigmahat-gaussian-model"): as the start of an ascent, and as the text that --out writes.
#pragma once

#include <string>
#include <vector>

#include "sigmahat/gaussian_fit.hpp"

namespace sigmahat::cli {

/// The file that --start names; empty where it is a word.
std::string start_file(const std::string& start);

/// Refuses a --start that is neither a word nor a file: UsageError for a word, DataError for a path.
void check_start(const std::string& start);

/// "identity", "diagonal" or a model file. A model that names its columns is put in the order of `columns`; its names
/// must be those. Every message begins with "--start: ".
AscentStart read_start(const Context& context, const std::string& start, const std::vector<std::string>& columns);

/// The text of a model file. Throws NumericalError where the covariance is not positive definite.
std::string model_text(const Context& context, const GaussianFit& fit, const std::vector<std::string>& columns);

}  // namespace sigmahat::cli
