#include "selftest/report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <utility>

#include "formats/json_text.hpp"
#include "text.hpp"
#include "version.hpp"

namespace sigmahat::cli::selftest {
namespace {

struct Totals {
  explicit Totals(const std::vector<Run>& runs) {
    for (const Run& run : runs) {
      seconds += run.seconds;
      checks += std::ssize(run.checks);
      failed += std::count_if(run.checks.begin(), run.checks.end(), [](const Check& check) { return !check.passed; });
    }
  }
  long long checks = 0, failed = 0;
  double seconds = 0;
};

/// Of all runs, each name once.
std::vector<std::pair<std::string, std::string>> libraries(const std::vector<Run>& runs) {
  std::vector<std::pair<std::string, std::string>> all;
  for (const Run& run : runs) {
    for (const auto& library : run.info.libraries) {
      if (std::find(all.begin(), all.end(), library) == all.end()) all.push_back(library);
    }
  }
  return all;
}

std::string_view kind_name(Kind kind) {
  switch (kind) {
    case Kind::stored_bits: return "stored bits";
    case Kind::same_bits: return "earlier run";
    case Kind::bound: return "bound";
  }
  return "unknown";
}

std::string compared_with(const Check& check) {
  return check.kind == Kind::bound ? fmt::format("within {}", check.bound) : std::string(kind_name(check.kind));
}

std::string result(const Check& check) {
  if (!check.passed) return "FAILED";
  if (check.kind != Kind::bound) return "same";
  return check.error == 0 ? "0" : fmt::format("{:.1e}", check.error);
}

/// A name and what it was compared with: one line of the table, one cell for each run.
struct Line {
  std::string name, compared;
  std::vector<std::string> cells;
};

std::vector<Line> lines_of(const std::vector<Run>& runs) {
  std::vector<Line> lines;
  for (std::size_t k = 0; k < runs.size(); ++k) {
    auto place = lines.begin();  // a check that earlier runs did not have comes after the one before it
    for (const Check& check : runs[k].checks) {
      const auto known = std::find_if(lines.begin(), lines.end(), [&](const Line& line) {
        return line.name == check.name && line.compared == compared_with(check);
      });
      place = known != lines.end()
                  ? known
                  : lines.insert(place, {check.name, compared_with(check), std::vector<std::string>(runs.size(), "-")});
      (place++)->cells[k] = result(check);
    }
  }
  return lines;
}

std::string table(const std::vector<Run>& runs) {
  const std::vector<Line> lines = lines_of(runs);
  std::size_t name = 5, compared = 13;  // of the headings
  for (const Line& line : lines) {
    name = std::max(name, characters(line.name));
    compared = std::max(compared, line.compared.size());
  }
  std::string out = fmt::format("{:<{}}  {:<{}}", "check", name, "compared with", compared);
  for (const Run& run : runs) out += "  " + run.device;
  out += '\n';
  for (const Line& line : lines) {
    fmt::format_to(std::back_inserter(out), "{:<{}}  {:<{}}", line.name, name, line.compared, compared);
    for (std::size_t k = 0; k < runs.size(); ++k) {
      fmt::format_to(std::back_inserter(out), "  {:>{}}", line.cells[k],
                     std::max<std::size_t>(runs[k].device.size(), 6));
    }
    out += '\n';
  }
  return out;
}

/// Name, device, what was expected and what was found.
std::string failure(const Run& run, const Check& check) {
  return fmt::format("{} on {}, {}: expected {}, found {}", check.name, run.device, compared_with(check),
                     check.expected, check.found);
}

/// One line for each failure, but no more than fit on a screen.
std::string failure_lines(const std::vector<Run>& runs) {
  constexpr long long kMost = 20;
  std::string out;
  long long failed = 0;
  for (const Run& run : runs) {
    for (const Check& check : run.checks) {
      if (!check.passed && ++failed <= kMost) out += "FAILED: " + failure(run, check) + '\n';
    }
  }
  return failed <= kMost ? out : out + fmt::format("and {} more, which --json lists\n", failed - kMost);
}

}  // namespace

std::string report_text(const std::vector<Run>& runs, const std::vector<DeviceEntry>& devices) {
  std::string out = fmt::format("sigmahat {}\n", kVersion);
  const auto line = [&](std::string_view label, std::string_view text) {
    fmt::format_to(std::back_inserter(out), "  {:<20} {}\n", label, text);
  };
  line("build", fmt::format("{}, {}, CUDA {}", kCompiler, kBuildType, kWithCuda ? "compiled in" : "not compiled in"));
  for (const auto& [name, version] : libraries(runs)) line(name, version);
  out += "devices\n";
  for (const Run& run : runs) {
    const bool ran = !run.info.device.empty();
    line(run.device, ran ? fmt::format("{}, {}", run.info.device, run.info.instruction_set) : "failed");
  }
  for (const DeviceEntry& device : devices) {
    if (!device.available) line(device.name, "not available: " + device.description);
  }
  out += table(runs);
  out += failure_lines(runs);
  std::vector<std::string> names(runs.size());
  std::transform(runs.begin(), runs.end(), names.begin(), [](const Run& run) { return run.device; });
  const Totals totals(runs);
  fmt::format_to(std::back_inserter(out), "{} on {}: {} passed, {} failed, {:.2f} s\n", counted(totals.checks, "check"),
                 fmt::join(names, ", "), totals.checks - totals.failed, totals.failed, totals.seconds);
  return out;
}

std::string report_json(const std::vector<Run>& runs, const std::vector<DeviceEntry>& devices) {
  const Totals totals(runs);
  Json out;
  out["version"] = kVersion;
  out["build"] = {{"compiler", kCompiler}, {"type", kBuildType}, {"cuda", kWithCuda}};
  out["passed"] = totals.checks - totals.failed;
  out["failed"] = totals.failed;
  out["seconds"] = totals.seconds;
  out["runs"] = Json::array();
  out["checks"] = Json::array();
  for (const Run& run : runs) {
    Json libraries_used = Json::object();
    for (const auto& [name, version] : run.info.libraries) libraries_used[name] = version;
    out["runs"].push_back({{"device", run.device},
                           {"backend", run.info.name},
                           {"description", run.info.device},
                           {"threads", run.info.threads},
                           {"instruction_set", run.info.instruction_set},
                           {"libraries", libraries_used},
                           {"seconds", run.seconds}});
    for (const Check& check : run.checks) {
      const bool within = check.kind == Kind::bound;
      out["checks"].push_back({{"check", check.name},
                               {"device", run.device},
                               {"compared_with", kind_name(check.kind)},
                               {"bound", within ? Json(check.bound) : Json(nullptr)},
                               {"error", within ? json_number(check.error) : Json(nullptr)},
                               {"passed", check.passed},
                               {"expected", check.passed ? Json(nullptr) : Json(check.expected)},
                               {"found", check.passed ? Json(nullptr) : Json(check.found)}});
    }
  }
  out["not_available"] = Json::array();
  for (const DeviceEntry& device : devices) {
    if (!device.available) out["not_available"].push_back({{"device", device.name}, {"reason", device.description}});
  }
  return dump_json(out);
}

std::string failures(const std::vector<Run>& runs) {
  const Totals totals(runs);
  if (totals.failed == 0) return "";
  std::string first;
  for (const Run& run : runs) {
    for (const Check& check : run.checks) {
      if (!check.passed && first.empty()) first = failure(run, check);
    }
  }
  const std::string more = totals.failed == 1 ? "" : fmt::format("; and {} more", totals.failed - 1);
  return fmt::format("{} of {} failed: {}{}", totals.failed, counted(totals.checks, "check"), first, more);
}

}  // namespace sigmahat::cli::selftest
