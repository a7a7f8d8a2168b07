#include "replay.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <vector>

#include "exit_code.hpp"
#include "gaussian_fit.hpp"
#include "least_squares_fit.hpp"
#include "manifest/comparison.hpp"
#include "manifest/manifest.hpp"
#include "option_checks.hpp"
#include "output.hpp"
#include "sigmahat/host/error.hpp"

namespace sigmahat::cli {
namespace {

using Words = std::vector<std::string>;

/// Where the word of an option is, "--device=…"; the positional FILE is the last word.
Words::iterator find_option(Words& words, const std::string& option) {
  if (option == "FILE") return words.empty() ? words.end() : std::prev(words.end());
  const std::string start = fmt::format("--{}=", option);
  return std::find_if(words.begin(), words.end(), [&](const std::string& word) { return word.starts_with(start); });
}

void set_option(Words& words, const std::string& option, const std::string& value) {
  const std::string word = option == "FILE" ? value : fmt::format("--{}={}", option, value);
  const auto found = find_option(words, option);
  if (found == words.end()) {
    words.insert(words.begin(), word);
  } else {
    *found = word;
  }
}

/// The recorded words, with what the user wants otherwise.
Words replay_words(const Json& manifest, const ReplayArguments& a) {
  auto words = manifest["arguments"].get<Words>();
  if (!a.inputs.empty()) {
    for (const Json& input : manifest["inputs"]) {
      const std::filesystem::path name = std::filesystem::path(input["path"].get<std::string>()).filename();
      set_option(words, input["option"], (std::filesystem::path(a.inputs) / name).string());
    }
  }
  if (!a.device.empty()) set_option(words, "device", a.device);
  if (a.threads >= 0) set_option(words, "threads", std::to_string(a.threads));
  return words;
}

Json repeat(const std::string& command, const Words& words) {
  if (command == "gaussian fit") return repeat_gaussian_fit(words);
  if (command == "least-squares fit") return repeat_least_squares_fit(words);
  throw DataError(
      fmt::format("the manifest's 'command' is '{}'; this program can repeat gaussian fit and "
                  "least-squares fit",
                  command));
}

/// Options that hold a path do so in one more place than the inputs.
void forget_paths(Json& manifest) {
  for (const Json& input : manifest["inputs"]) manifest["options"].erase(input["option"].get<std::string>());
}

std::string verdict(const RunComparison& comparison) {
  const auto differing = [](const auto& items) {
    return std::count_if(items.begin(), items.end(), [](const auto& item) { return !item.same; });
  };
  const auto broken = std::count_if(comparison.results.begin(), comparison.results.end(),
                                    [](const ComparedResult& result) { return !result.same && result.promised; });
  return fmt::format("the repetition differs: {} of {} inputs, {} of {} options, {} of {} results{}",
                     differing(comparison.inputs), comparison.inputs.size(), differing(comparison.options),
                     comparison.options.size(), differing(comparison.results), comparison.results.size(),
                     broken == 0 || differing(comparison.inputs) + differing(comparison.options) > 0
                         ? std::string()
                         : fmt::format("; {} of these had promised the same bits", broken));
}

}  // namespace

void run_replay(const ReplayArguments& a) {
  Json recorded = read_manifest(a.file);
  Json repeated;
  try {
    repeated = repeat(recorded["command"], replay_words(recorded, a));
  } catch (const UsageError& error) {  // of the manifest's words, not of this command line
    throw DataError(fmt::format("{}: the run cannot be repeated: {}", a.file, error.what()));
  }
  forget_paths(recorded);
  forget_paths(repeated);
  const RunComparison comparison = compare_runs(recorded, repeated);
  print(a.json ? dump_json(comparison_json(comparison)) : comparison_text(recorded, comparison));
  if (!comparison.same()) throw CheckFailed(verdict(comparison));
}

void add_replay(CLI::App& application) {
  const auto a = std::make_shared<ReplayArguments>();
  CLI::App* const replay = application.add_subcommand(
      "replay", "Repeat a fit from its manifest and compare inputs, options and result bits");
  replay->add_option("FILE", a->file, "What --manifest or --json of a fit wrote")->check(name_given)->required();
  replay->add_option("--inputs", a->inputs, "Folder where the inputs are now, under the names of their files")
      ->check(name_given);
  replay->add_option("--device", a->device, "Another device: auto, cpu, reference, cuda or cuda:K")->check(name_given);
  replay->add_option("--threads", a->threads, "Another number of CPU threads; 0: as many as OpenMP offers")
      ->check(whole_number(0, kMostThreads), "0 to 1024");
  replay->add_flag("--json", a->json, "Print the comparison as JSON");
  replay->callback([a] { run_replay(*a); });
}

}  // namespace sigmahat::cli
