#include "manifest/comparison.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "text.hpp"

namespace sigmahat::cli {
namespace {

/// The text of a string, else JSON.
std::string short_text(const Json& value) {
  constexpr std::size_t kMost = 60;
  return shortened(value.is_string() ? value.get<std::string>() : value.dump(), kMost);
}

/// Every key that either object has, those of `then` first.
std::vector<ComparedItem> compare_objects(const Json& then, const Json& now) {
  std::vector<ComparedItem> items;
  for (const auto& [key, value] : then.items()) {
    const bool there = now.contains(key);
    items.push_back({key, there && now[key] == value, short_text(value), there ? short_text(now[key]) : "absent"});
  }
  for (const auto& [key, value] : now.items()) {
    if (!then.contains(key)) items.push_back({key, false, "absent", short_text(value)});
  }
  return items;
}

std::vector<ComparedItem> compare_inputs(const Json& then, const Json& now) {
  // The runs have the same arguments, and so the same inputs in the same order.
  std::vector<ComparedItem> items;
  for (std::size_t k = 0; k < std::max(then.size(), now.size()); ++k) {
    const auto text = [&](const Json& inputs) -> std::string {
      if (k >= inputs.size()) return "absent";
      return fmt::format("{} bytes, SHA-256 {}", inputs[k].value("bytes", Json()).dump(),
                         inputs[k]["sha256"].get<std::string>());
    };
    const Json& named = k < now.size() ? now[k] : then[k];
    const std::string before = text(then), after = text(now);
    items.push_back({fmt::format("{} {}", named["option"].get<std::string>(), named["path"].get<std::string>()),
                     before == after, before, after});
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
  const auto without_build = [](Json program) {
    program.erase("build");
    return program;
  };
  keep_differences(items, "", without_build(then["program"]), without_build(now["program"]));
  keep_differences(items, "build ", then["program"].value("build", Json::object()),
                   now["program"].value("build", Json::object()));
  keep_differences(items, "device ", then["device"], now["device"]);
  keep_differences(items, "", then["libraries"], now["libraries"]);
  return items;
}

/// The lowest level that covers runs in environments that differ in this. Nothing is promised where the program is another.
std::string level_needed(const std::vector<ComparedItem>& differences) {
  std::string needed = "D1";
  for (const ComparedItem& item : differences) {
    if (item.name == "device requested") continue;  // what was used counts
    if (item.name == "version" || item.name == "revision") return "none has it";
    needed = std::max(needed, std::string(item.name == "device threads" ? "D2" : "D3"));
  }
  return needed;
}

ComparedResult compare_result(const std::string& name, const Json& then, const Json& now, const std::string& needed) {
  ComparedResult result;
  result.name = name;
  result.determinism = std::min(then["determinism"].get<std::string>(), now["determinism"].get<std::string>());
  result.promised = result.determinism >= needed;
  for (const char* part : {"shape", "type"}) {
    if (then[part] != now[part]) {
      result.difference = fmt::format("{} {} then, {} now", part, then[part].dump(), now[part].dump());
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

std::vector<ComparedResult> compare_results(const Json& then, const Json& now, const std::string& needed) {
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
    out += line(item.name, width,
                item.same ? "same: " + item.then : fmt::format("DIFFERS: {} then, {} now", item.then, item.now));
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
  const auto without_device = [](Json options) {
    options.erase("device");
    options.erase("threads");
    return options;
  };
  RunComparison comparison;
  comparison.inputs = compare_inputs(recorded["inputs"], repeated["inputs"]);
  comparison.options = compare_objects(without_device(recorded["options"]), without_device(repeated["options"]));
  comparison.environment = compare_environments(recorded, repeated);
  comparison.results = compare_results(recorded["results"], repeated["results"], level_needed(comparison.environment));
  return comparison;
}

std::string comparison_text(const Json& recorded, const RunComparison& comparison) {
  const Json& program = recorded["program"];
  std::string out = fmt::format(
      "{}, recorded by sigmahat {} (revision {})\n", printable(recorded["command"].get<std::string>()),
      short_text(program.value("version", Json("unknown"))), short_text(program.value("revision", Json("unknown"))));
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
    const char* const promise = result.promised ? "promised" : "not promised between these two";
    out += line(result.name, width, fmt::format("{} ({}, {})", verdict, result.determinism, promise));
  }
  out += "environment\n";
  if (comparison.environment.empty()) return out + "  the same program, device and libraries\n";
  const std::size_t names = widest(comparison.environment);
  for (const ComparedItem& item : comparison.environment) {
    out += line(item.name, names, fmt::format("{} then, {} now", item.then, item.now));
  }
  return out;
}

Json comparison_json(const RunComparison& comparison) {
  Json results = Json::array();
  for (const ComparedResult& result : comparison.results) {
    results.push_back({{"name", result.name},
                       {"same", result.same},
                       {"determinism", result.determinism},
                       {"promised", result.promised},
                       {"difference", result.difference.empty() ? Json(nullptr) : Json(result.difference)}});
  }
  return {{"same", comparison.same()},
          {"inputs", json_items(comparison.inputs)},
          {"options", json_items(comparison.options)},
          {"results", std::move(results)},
          {"environment", json_items(comparison.environment)}};
}

}  // namespace sigmahat::cli
