// What a word that is not known may have meant.
#pragma once

#include <string>
#include <vector>

namespace sigmahat::cli {

/// " (did you mean 'value'?)", the one of `existing` that is nearest to `word`, else the only one
/// that begins with it; "" where there is none.
std::string suggestion(const std::string& word, const std::vector<std::string>& existing);

}  // namespace sigmahat::cli
