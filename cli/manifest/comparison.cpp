#include "manifest/comparison.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <initializer_list>
#include <iterator>
#include <optional>

#include "sigmahat/host/determinism.hpp"
#include "text.hpp"

namespace sigmahat::cli {
namespace {

/// Every key of `then`, and those that only `now` has. A key that is absent is one without a value.
std::vector<ComparedItem> compare_objects(const Json& then, const Json& now) {
  std::vector<ComparedItem> items;
  for (const auto& [key, value] : then.items()) {
    const Json other = now.value(key, Json());
    items.push_back({key, other == value, value, other});
  }
  for (const auto& [key, value] : now.items()) {
    if (!then.contains(key)) items.push_back({key, value.is_null(), nullptr, value});
  }
  return items;
}

Json without(Json object, std::initializer_list<const char*> keys) {
  for (const char* const key : keys) object.erase(key);
  return object;
}

/// The input that an option names, or null.
Json input_of(const Json& inputs, const Json& option) {
  const auto found =
      std::find_if(inputs.begin(), inputs.end(), [&](const Json& input) { return input["option"] == option; });
  return found == inputs.end() ? Json() : *found;
}

ComparedItem compare_input(const Json& then, const Json& now) {
  const auto content = [](const Json& input) -> Json {
    if (input.is_null()) return nullptr;
    return fmt::format("{} bytes, SHA-256 {}", input["bytes"].dump(), input["sha256"].get<std::string>());
  };
  const Json& named = now.is_null() ? then : now;
  const Json before = content(then), after = content(now);
  return {fmt::format("{} {}", named["option"].get<std::string>(), named["path"].get<std::string>()), before == after,
          before, after};
}

std::vector<ComparedItem> compare_inputs(const Json& then, const Json& now) {
  std::vector<ComparedItem> items;
  for (const Json& input : then) items.push_back(compare_input(input, input_of(now, input["option"])));
  for (const Json& input : now) {
    if (input_of(then, input["option"]).is_null()) items.push_back(compare_input(nullptr, input));
  }
  return items;
}

void keep_differences(std::vector<ComparedItem>& items, const std::string& prefix, const Json& then, const Json& now) {
  for (ComparedItem& item : compare_objects(then, now)) {
    item.name = prefix + item.name;
    if (!item.same) items.push_back(std::move(item));
  }
}

std::vector<ComparedItem> compare_environments(const Json& then, const Json& now) {
  std::vector<ComparedItem> items;
  keep_differences(items, "", without(then["program"], {"build"}), without(now["program"], {"build"}));
  keep_differences(items, "build ", then["program"].value("build", Json::object()),
                   now["program"].value("build", Json::object()));
  keep_differences(items, "device ", then["device"], now["device"]);
  keep_differences(items, "", then["libraries"], now["libraries"]);
  return items;
}

/// Whether both manifests name the same source, or the very same program.
bool is_same_program(const Json& then, const Json& now) {
  if (then.value("sha256", Json()).is_string() && then["sha256"] == now["sha256"]) return true;
  const std::string revision = then.value("revision", Json()).is_string() ? then["revision"].get<std::string>() : "";
  const bool names_source = !revision.empty() && revision != "unknown" && !revision.ends_with("+changes");
  return names_source && then.value("version", Json()) == now["version"] && then["revision"] == now["revision"];
}

/// The lowest level that covers what is different between two runs; none does where the program is another.
std::optional<Determinism> level_needed(const Json& then, const Json& now) {
  if (!is_same_program(then["program"], now["program"])) return std::nullopt;
  // What was asked for does not matter where the same device was used.
  const Json device_then = without(then["device"], {"requested"}), device_now = without(now["device"], {"requested"});
  if (then["libraries"] != now["libraries"] || then["program"].value("build", Json()) != now["program"]["build"] ||
      without(device_then, {"threads"}) != without(device_now, {"threads"})) {
    return Determinism::d3;
  }
  return device_then == device_now ? Determinism::d1 : Determinism::d2;
}

/// The level of its name; a manifest that is read has been checked.
Determinism level_of(const Json& result) {
  for (const Determinism level : {Determinism::d3, Determinism::d2}) {
    if (result["determinism"] == to_string(level)) return level;
  }
  return Determinism::d1;
}

ComparedResult compare_result(const std::string& name, const Json& then, const Json& now,
                              std::optional<Determinism> needed) {
  const Determinism level = std::min(level_of(then), level_of(now));
  ComparedResult result{name, false, to_string(level), needed && level >= *needed, ""};
  for (const char* part : {"shape", "type"}) {
    if (then[part] != now[part]) {
      result.difference =
          fmt::format("{} {} then, {} now", part, printable(then[part].dump()), printable(now[part].dump()));
      return result;
    }
  }
  result.same = then["sha256"] == now["sha256"];
  if (!result.same) result.difference = "other bits";
  return result;
}

ComparedResult absent(const std::string& name, const Json& other, const char* where) {
  return {name, false, other["determinism"].get<std::string>(), false, where};
}

std::vector<ComparedResult> compare_results(const Json& then, const Json& now, std::optional<Determinism> needed) {
  std::vector<ComparedResult> results;
  for (const auto& [name, value] : then.items()) {
    if (now.contains(name)) {
      results.push_back(compare_result(name, value, now[name], needed));
    } else {
      results.push_back(absent(name, value, "absent now"));
    }
  }
  for (const auto& [name, value] : now.items()) {
    if (!then.contains(name)) {
      results.push_back(absent(name, value, "absent then"));
    }
  }
  return results;
}

template <class Items>
bool all_same(const Items& items) {
  return std::all_of(items.begin(), items.end(), [](const auto& item) { return item.same; });
}

/// The texts of both values, of long ones the part where they begin to differ.
std::string then_and_now(const ComparedItem& item) {
  constexpr std::size_t kMost = 60, kBefore = 20;
  const auto text = [](const Json& value) {
    if (value.is_null()) return std::string("none");
    return printable(value.is_string() ? value.get<std::string>() : value.dump());
  };
  std::string then = text(item.then), now = text(item.now);
  const auto parting = std::mismatch(then.begin(), then.end(), now.begin(), now.end()).first - then.begin();
  auto start = static_cast<std::size_t>(parting);
  if (start > kBefore && std::max(then.size(), now.size()) > kMost) {
    start -= kBefore;
    while (start > 0 && (static_cast<unsigned char>(then[start]) & 0xC0U) == 0x80U) --start;  // within a character
    then = "…" + then.substr(start);
    now = "…" + now.substr(start);
  }
  return fmt::format("{} then, {} now", shortened(then, kMost), shortened(now, kMost));
}

template <class Items>
std::size_t widest(const Items& items) {
  std::size_t width = 0;
  for (const auto& item : items) width = std::max(width, characters(printable(item.name)));
  return width;
}

/// "  name   what", the names padded to the same width.
std::string line(const std::string& name, std::size_t width, const std::string& what) {
  const std::string shown = printable(name);
  return fmt::format("  {}{}  {}\n", shown, std::string(width - characters(shown), ' '), what);
}

void add_items(std::string& out, const char* title, const std::vector<ComparedItem>& items) {
  out += fmt::format("{}\n", title);
  if (items.empty()) out += "  none\n";
  const std::size_t width = widest(items);
  for (const ComparedItem& item : items) {
    const std::string value = printable(item.then.is_string() ? item.then.get<std::string>() : item.then.dump());
    out += line(item.name, width, item.same ? "same: " + value : "DIFFERS: " + then_and_now(item));
  }
}

Json json_items(const std::vector<ComparedItem>& items) {
  Json out = Json::array();
  for (const ComparedItem& item : items) {
    out.push_back({{"name", item.name}, {"same", item.same}, {"then", item.then}, {"now", item.now}});
  }
  return out;
}

}  // namespace

bool RunComparison::same() const { return all_same(inputs) && all_same(options) && all_same(results); }

RunComparison compare_runs(const Json& recorded, const Json& repeated) {
  RunComparison comparison;
  comparison.inputs = compare_inputs(recorded["inputs"], repeated["inputs"]);
  comparison.options = compare_objects(without(recorded["options"], {"device", "threads"}),
                                       without(repeated["options"], {"device", "threads"}));
  comparison.environment = compare_environments(recorded, repeated);
  // Other inputs or options may have other results.
  const bool same_run = all_same(comparison.inputs) && all_same(comparison.options);
  comparison.results = compare_results(recorded["results"], repeated["results"],
                                       same_run ? level_needed(recorded, repeated) : std::nullopt);
  return comparison;
}

std::string comparison_text(const Json& recorded, const RunComparison& comparison) {
  const Json& program = recorded["program"];
  const auto fact = [&](const char* key) {
    const Json value = program.value(key, Json("unknown"));
    return printable(value.is_string() ? value.get<std::string>() : value.dump());
  };
  std::string out = fmt::format("{}, recorded by sigmahat {} (revision {})\n",
                                printable(recorded["command"].get<std::string>()), fact("version"), fact("revision"));
  add_items(out, "inputs", comparison.inputs);
  std::vector<ComparedItem> options;
  std::copy_if(comparison.options.begin(), comparison.options.end(), std::back_inserter(options),
               [](const ComparedItem& item) { return !item.same; });
  if (options.empty()) {
    out += fmt::format("options\n  all {} the same\n", comparison.options.size());
  } else {
    add_items(out, "options", options);
  }
  out += "results\n";
  const std::size_t width = widest(comparison.results);
  for (const ComparedResult& result : comparison.results) {
    const std::string verdict = result.same ? "same bits" : "DIFFERS: " + result.difference;
    const char* const promise = result.promised ? "promised" : "not promised between these two runs";
    out += line(result.name, width, fmt::format("{} ({}, {})", verdict, result.determinism, promise));
  }
  out += "environment\n";
  if (comparison.environment.empty()) return out + "  the same program, device and libraries\n";
  const std::size_t names = widest(comparison.environment);
  for (const ComparedItem& item : comparison.environment) {
    out += line(item.name, names, then_and_now(item));
  }
  return out;
}

Json comparison_json(const Json& recorded, const RunComparison& comparison) {
  Json results = Json::array();
  for (const ComparedResult& result : comparison.results) {
    results.push_back({{"name", result.name},
                       {"same", result.same},
                       {"determinism", result.determinism},
                       {"promised", result.promised},
                       {"difference", result.difference.empty() ? Json(nullptr) : Json(result.difference)}});
  }
  return {{"command", recorded["command"]},
          {"recorded_by", recorded["program"]},
          {"same", comparison.same()},
          {"inputs", json_items(comparison.inputs)},
          {"options", json_items(comparison.options)},
          {"results", std::move(results)},
          {"environment", json_items(comparison.environment)}};
}

}  // namespace sigmahat::cli
