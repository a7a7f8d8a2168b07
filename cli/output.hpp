// Standard output, with its failures noticed.
#pragma once

#include <string_view>

namespace sigmahat::cli {

/// Throws DataError if standard output cannot take the text (a full disk behind a redirection).
void print(std::string_view text);

}  // namespace sigmahat::cli
