#include "replay.hpp"

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <algorithm>
#include <exception>
#include <filesystem>
#include <iterator>
#include <map>
#include <memory>
#include <vector>

#include "exit_code.hpp"
#include "gaussian_fit.hpp"
#include "least_squares_fit.hpp"
#include "manifest/comparison.hpp"
#include "manifest/manifest.hpp"
#include "manifest/sha256.hpp"
#include "option_checks.hpp"
#include "output.hpp"
#include "sigmahat/host/error.hpp"

namespace sigmahat::cli {
namespace {

using Words = std::vector<std::string>;

/// Where the word of an option is, "--device=…", or the end; the positional FILE is the last word, behind "--".
Words::iterator find_option(Words& words, const std::string& option) {
  if (option == "FILE") return words.empty() ? words.end() : std::prev(words.end());
  const std::string start = fmt::format("--{}=", option);
  const auto options_end = std::find(words.begin(), words.end(), "--");
  const auto found =
      std::find_if(words.begin(), options_end, [&](const std::string& word) { return word.starts_with(start); });
  return found == options_end ? words.end() : found;
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

/// Where an input of the manifest is now.
std::string moved_path(const Json& input, const ReplayArguments& a) {
  std::string path = input["path"].get<std::string>();
  if (a.inputs.empty()) return path;
  return (std::filesystem::path(a.inputs) / std::filesystem::path(path).filename()).string();
}

/// --inputs has one folder for all inputs.
void refuse_same_names(const Json& manifest, const ReplayArguments& a) {
  std::map<std::string, std::string> seen;
  for (const Json& input : manifest["inputs"]) {
    const std::string path = input["path"].get<std::string>(), moved = moved_path(input, a);
    const auto [place, is_new] = seen.emplace(moved, path);
    if (is_new || place->second == path) continue;
    throw UsageError(fmt::format("--inputs: {} and {} of {} have the same file name and cannot be in one folder",
                                 place->second, path, a.file));
  }
}

/// Digest of an input as it is now. DataError if it is missing or cannot be read.
std::string digest_now(const Json& input, const std::string& path, bool moved) {
  std::error_code error;
  if (std::filesystem::status(path, error).type() == std::filesystem::file_type::not_found) {
    throw DataError(fmt::format("{}: the recorded run read this file, and it is not there{}", path,
                                moved ? "" : "; --inputs DIR says where the inputs are now"));
  }
  try {
    return file_digest(path).sha256;
  } catch (const DataError& unreadable) {
    throw DataError(fmt::format("{}; the recorded run read {} bytes of it", unreadable.what(), input["bytes"].dump()));
  }
}

/// Whether the inputs are those of the manifest, for the case that the fit fails: the text is empty, or says which have
/// changed. DataError for one that cannot be read.
std::string check_inputs(const Json& manifest, const ReplayArguments& a) {
  std::string changed;
  for (const Json& input : manifest["inputs"]) {
    const std::string path = moved_path(input, a);
    if (digest_now(input, path, !a.inputs.empty()) != input["sha256"].get<std::string>())
      changed += fmt::format("; {} is not the file that it was", path);
  }
  return changed;
}

/// The recorded words, with what the user wants otherwise.
Words replay_words(const Json& manifest, const ReplayArguments& a) {
  auto words = manifest["arguments"].get<Words>();
  for (const Json& input : manifest["inputs"]) set_option(words, input["option"], moved_path(input, a));
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

/// Errors of the manifest's words are not those of this command line. `changed` is what check_inputs() found.
Json repeat_recorded(const Json& recorded, const ReplayArguments& a, const std::string& changed) {
  const auto refuse = [&](const std::exception& error) -> Json {
    throw DataError(fmt::format("{}: the run cannot be repeated: {}{}", a.file, error.what(), changed));
  };
  try {
    return repeat(recorded["command"], replay_words(recorded, a));
  } catch (const UsageError& error) {
    return refuse(error);
  } catch (const DataError& error) {
    return refuse(error);
  } catch (const InvalidArgument& error) {
    if (!a.device.empty()) throw;
    return refuse(error);
  } catch (const DeviceError& error) {
    if (!a.device.empty()) throw;
    throw DeviceError(fmt::format("{}; the device is that of {}, and replay --device NAME repeats the run on another",
                                  error.what(), a.file));
  }
}

/// Options that hold the path of an input say nothing that the inputs do not, and paths may be others now.
void forget_paths(Json& recorded, Json& repeated) {
  for (const Json& input : recorded["inputs"]) {
    for (Json* const run : {&recorded, &repeated}) (*run)["options"].erase(input["option"].get<std::string>());
  }
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
                     broken == 0 ? "" : fmt::format("; {} of these had promised the same bits", broken));
}

}  // namespace

void run_replay(const ReplayArguments& a) {
  Json recorded = read_manifest(a.file);
  if (!a.inputs.empty()) refuse_same_names(recorded, a);
  const std::string changed = check_inputs(recorded, a);
  Json repeated = repeat_recorded(recorded, a, changed);
  forget_paths(recorded, repeated);
  const RunComparison comparison = compare_runs(recorded, repeated);
  print(a.json ? dump_json(comparison_json(recorded, comparison)) : comparison_text(recorded, comparison));
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
