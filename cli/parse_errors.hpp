// Command lines that cannot be parsed, in words that name what was typed.
#pragma once

#include <string>

#include "cli11.hpp"

namespace sigmahat::cli {

/// What to tell of an error that `application.parse` threw: the word that is not known, and what is possible.
std::string parse_message(const CLI::App& application, const CLI::ParseError& error);

}  // namespace sigmahat::cli
