#include "manifest/manifest.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <initializer_list>

#include "formats/json_file.hpp"
#include "manifest/environment.hpp"
#include "manifest/sha256.hpp"
#include "sigmahat/host/error.hpp"

namespace sigmahat::cli {
namespace {

Json result_facts(const NamedArrays& results) {
  Json facts = Json::object();
  for (const NamedArrays::Entry& entry : results.entries()) {
    if (!entry.level) continue;
    Sha256 sum;
    sum.add(entry.data, entry.bytes);
    facts[entry.name] = {{"determinism", to_string(*entry.level)},
                         {"type", entry.type},
                         {"shape", entry.shape},
                         {"sha256", sum.finish()}};
  }
  return facts;
}

Json operation_facts(const PromisesOfRun& promises) {
  Json facts = Json::object();
  for (const auto& [promise, level] : promises.used()) facts[to_string(promise)] = to_string(level);
  return facts;
}

[[noreturn]] void refuse(const std::string& path, const std::string& reason) {
  throw DataError(fmt::format("{}: is no manifest of a run, as --manifest or --json writes it: {}", path, reason));
}

/// A NUL would end a path for the system.
bool is_text(const Json& value) {
  return value.is_string() && value.get_ref<const std::string&>().find('\0') == std::string::npos;
}

/// What `replay` relies on.
void check_manifest(const std::string& path, const Json& manifest) {
  const auto is_record = [](const Json& value, std::initializer_list<const char*> keys) {
    return value.is_object() && std::all_of(keys.begin(), keys.end(), [&](const char* key) {
             return value.contains(key) && is_text(value[key]);
           });
  };
  if (!manifest.is_object() || manifest.value("format", Json()) != kManifestFormat) {
    refuse(path, fmt::format("its key 'format' is not \"{}\"", kManifestFormat));
  }
  if (manifest.value("version", Json()) != kManifestVersion) {
    refuse(path, fmt::format("its key 'version' is not {}, the only one that this program knows", kManifestVersion));
  }
  if (!is_record(manifest, {"command"})) refuse(path, "its key 'command' is no text");
  for (const char* key : {"options", "results", "program", "device", "libraries"}) {
    if (!manifest.value(key, Json()).is_object()) refuse(path, fmt::format("its key '{}' is no object", key));
  }
  for (const char* key : {"arguments", "inputs"}) {
    if (!manifest.value(key, Json()).is_array()) refuse(path, fmt::format("its key '{}' is no array", key));
  }
  for (const Json& word : manifest["arguments"]) {
    if (!is_text(word)) refuse(path, "an item of 'arguments' is no text, or has a NUL in it");
  }
  for (const Json& input : manifest["inputs"]) {
    if (!is_record(input, {"option", "path", "sha256"}) || !input.value("bytes", Json()).is_number()) {
      refuse(path, "an item of 'inputs' lacks an entry");
    }
  }
  for (const auto& [name, result] : manifest["results"].items()) {
    if (!is_record(result, {"determinism", "type", "sha256"}) || !result.value("shape", Json()).is_array()) {
      refuse(path, fmt::format("'{}' of 'results' lacks an entry", name));
    }
    const std::string level = result["determinism"];
    if (level != "D1" && level != "D2" && level != "D3") {
      refuse(path, fmt::format("the level of '{}' of 'results' is '{}', and not D1, D2 or D3", name, level));
    }
  }
}

}  // namespace

Json run_manifest(const Context& context, const RunFacts& facts, const NamedArrays& results,
                  const PromisesOfRun& promises) {
  const BackendInfo used = context.operations().info();
  return {{"format", kManifestFormat},
          {"version", kManifestVersion},
          {"command", facts.command},
          {"arguments", facts.options.given},
          {"options", facts.options.values},
          {"seed", nullptr},  // no fit draws random numbers
          {"inputs", facts.inputs.facts()},
          {"determinism", operation_facts(promises)},
          {"results", result_facts(results)},
          {"program", program_facts()},
          {"device", device_facts(context, used)},
          {"libraries", library_facts(used)}};
}

Json read_manifest(const std::string& path) {
  Json manifest = read_json(path);
  if (manifest.is_object() && manifest.contains("manifest")) manifest = Json(manifest["manifest"]);
  check_manifest(path, manifest);
  return manifest;
}

}  // namespace sigmahat::cli
