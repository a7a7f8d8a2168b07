#include "parse_errors.hpp"

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <algorithm>

#include "suggestion.hpp"

namespace sigmahat::cli {
namespace {

using Names = std::vector<std::string>;

/// "sigmahat least-squares".
std::string full_name(const CLI::App& app) {
  return app.get_parent() == nullptr ? app.get_name() : full_name(*app.get_parent()) + ' ' + app.get_name();
}

Names options_of(const CLI::App& app) {
  Names names;
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
  }
  return names;
}

Names subcommands_of(const CLI::App& app) {
  Names names;
  for (const CLI::App* sub : app.get_subcommands([](const CLI::App*) { return true; }))
    names.push_back(sub->get_name());
  return names;
}

bool is_option(const std::string& word) { return word.size() > 1 && word.front() == '-' && word != "--"; }

/// The first word that `app` has no place for.
std::string stray_word(const CLI::App& app, const Names& words) {
  const Names subcommands = subcommands_of(app);
  if (!subcommands.empty() && !is_option(words.front())) {
    return fmt::format("'{}' is no subcommand of {}{}; possible: {}", words.front(), full_name(app),
                       suggestion(words.front(), subcommands), fmt::join(subcommands, ", "));
  }
  const auto option = std::find_if(words.begin(), words.end(), is_option);
  if (option != words.end()) {
    const std::string name = option->substr(0, option->find('='));
    return fmt::format("{} is no option of {}{}", name, full_name(app), suggestion(name, options_of(app)));
  }
  return fmt::format("there is no place for '{}'; a name with blanks stands in quotes", fmt::join(words, " "));
}

}  // namespace

std::string parse_message(const CLI::App& application, const CLI::ParseError& error) {
  // By code: the name of an error is that of the subcommand it came from.
  const bool stray = error.get_exit_code() == static_cast<int>(CLI::ExitCodes::ExtrasError);
  const bool lacking = error.get_exit_code() == static_cast<int>(CLI::ExitCodes::RequiredError);
  const CLI::App* app = &application;
  for (;;) {
    if (const Names words = app->remaining(); (stray || lacking) && !words.empty()) return stray_word(*app, words);
    if (app->get_subcommands().empty()) break;
    app = app->get_subcommands().front();
  }
  const Names subcommands = subcommands_of(*app);
  if (!lacking || subcommands.empty()) return error.what();
  return fmt::format("{} needs a subcommand: {}", full_name(*app), fmt::join(subcommands, ", "));
}

}  // namespace sigmahat::cli
