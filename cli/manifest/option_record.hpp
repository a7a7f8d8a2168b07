// What a command was told, and what that meant once every default had its value.
#pragma once

#include <string>
#include <vector>

#include "cli11.hpp"
#include "formats/json_text.hpp"

namespace sigmahat::cli {

/// Without the options of the group "Output", which say where results go and change none.
struct OptionRecord {
  std::vector<std::string> given;  ///< words that a command line would repeat it with
  Json values = Json::object();    ///< every option: true or false of a flag, text, or null where there is no value
};

/// After the parse.
OptionRecord record_options(const CLI::App& app);

/// Parses words that a record has given. DataError for any that it cannot have.
void parse_words(CLI::App& app, const std::vector<std::string>& words);

}  // namespace sigmahat::cli
