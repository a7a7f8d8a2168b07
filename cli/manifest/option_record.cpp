#include "manifest/option_record.hpp"

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <algorithm>

#include "parse_errors.hpp"
#include "sigmahat/host/error.hpp"

namespace sigmahat::cli {
namespace {

bool is_flag(const CLI::Option& option) { return option.get_expected_max() == 0; }

/// "columns" of --columns; FILE is FILE.
std::string key_of(const CLI::Option& option) {
  const std::string name = option.get_name();
  return name.substr(std::min(name.find_first_not_of('-'), name.size()));
}

Json value_of(const CLI::Option& option) {
  if (is_flag(option)) return option.count() > 0 && option.as<bool>();  // CLI11 takes --compare=false, too
  const std::string text = option.count() > 0 ? option.results().back() : option.get_default_str();
  return text.empty() ? Json(nullptr) : Json(text);
}

}  // namespace

OptionRecord record_options(const CLI::App& app) {
  OptionRecord record;
  std::vector<std::string> positional;
  for (const CLI::Option* option : app.get_options()) {
    if (option->get_group() == "Output" || option == app.get_help_ptr()) continue;
    record.values[key_of(*option)] = value_of(*option);
    if (option->count() == 0) continue;
    if (option->get_positional()) {
      positional.push_back(option->results().back());
    } else if (is_flag(*option)) {
      if (option->as<bool>()) record.given.push_back(option->get_name());
    } else {
      record.given.push_back(fmt::format("{}={}", option->get_name(), option->results().back()));
    }
  }
  if (!positional.empty()) record.given.emplace_back("--");  // what follows is no option, even with a dash
  record.given.insert(record.given.end(), positional.begin(), positional.end());
  return record;
}

void parse_words(CLI::App& app, const std::vector<std::string>& words) {
  app.set_help_flag();
  try {
    app.parse(std::vector<std::string>(words.rbegin(), words.rend()));
  } catch (const CLI::ParseError& error) {
    throw DataError(fmt::format("the manifest's 'arguments': {}", parse_message(app, error)));
  }
  for (const CLI::Option* option : app.get_options()) {
    if (option->get_group() != "Output" || option->count() == 0) continue;
    throw DataError(fmt::format("the manifest's 'arguments': {} is none of a run that is repeated: it writes nothing",
                                option->get_name()));
  }
}

}  // namespace sigmahat::cli
