#include "derivatives/report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <set>
#include <string_view>

#include "formats/json_text.hpp"
#include "text.hpp"

namespace sigmahat::cli {
namespace {

std::string_view precision_name(ScalarType precision) {
  return precision == ScalarType::float32 ? "float32" : "float64";
}

/// A number with two digits; 0 and NaN as words that stand out of a column.
std::string number_text(double value) {
  if (std::isnan(value)) return "NaN";
  return value == 0 ? "0" : fmt::format("{:.1e}", value);
}

std::string share_text(double value) { return std::isnan(value) ? "NaN" : fmt::format("{:.3f}", value); }

template <class F>
void for_each_check(std::span<const DeviceChecks> devices, F&& f) {
  for (const DeviceChecks& device : devices) {
    for (const DerivativeCheck& check : device.checks) f(device.device, check);
  }
}

struct Totals {
  explicit Totals(std::span<const DeviceChecks> devices) {
    for_each_check(devices, [&](const std::string&, const DerivativeCheck& check) {
      ++checks;
      failed += check.passed() ? 0 : 1;
      entries.insert(check.entry);
    });
  }
  long long checks = 0, failed = 0;
  std::set<std::string> entries;
};

template <class Range, class F>
std::size_t width_of(const Range& range, F&& text) {
  std::size_t width = 0;
  for (const auto& item : range) width = std::max(width, characters(text(item)));
  return width;
}

}  // namespace

std::string list_text(std::span<const DerivativeEntry> entries) {
  const std::size_t name = width_of(entries, [](const DerivativeEntry& entry) { return entry.name; });
  const std::size_t group = width_of(entries, [](const DerivativeEntry& entry) { return entry.group; });
  std::string out;
  for (const DerivativeEntry& entry : entries) {
    fmt::format_to(std::back_inserter(out), "{:<{}}  {:<{}}  {}\n", entry.name, name, entry.group, group,
                   entry.formula);
  }
  return out;
}

std::string list_json(std::span<const DerivativeEntry> entries) {
  Json out = Json::array();
  for (const DerivativeEntry& entry : entries) {
    out.push_back({{"name", entry.name},
                   {"group", entry.group},
                   {"formula", entry.formula},
                   {"sizes", entry.sizes},
                   {"layout", entry.layout},
                   {"function", entry.function},
                   {"bound", entry.bound},
                   {"source", entry.source},
                   {"proof", entry.proof}});
  }
  return dump_json(out);
}

std::string checks_text(std::span<const DeviceChecks> devices) {
  std::size_t name = 5, device_width = 6, sizes = 5;  // of the headings
  for_each_check(devices, [&](const std::string& device, const DerivativeCheck& check) {
    name = std::max(name, check.entry.size());
    device_width = std::max(device_width, device.size());
    sizes = std::max(sizes, check.sizes.size());
  });
  std::string out = fmt::format("{:<{}}  {:<{}}  precision  {:<{}}  {:>8}  {:>14}\n", "entry", name, "device",
                                device_width, "sizes", sizes, "error", "share of bound");
  for_each_check(devices, [&](const std::string& device, const DerivativeCheck& check) {
    fmt::format_to(std::back_inserter(out), "{:<{}}  {:<{}}  {:<9}  {:<{}}  {:>8}  {:>14}  {}\n", check.entry, name,
                   device, device_width, precision_name(check.precision), check.sizes, sizes, number_text(check.error),
                   share_text(check.share_of_bound), check.passed() ? "passed" : "FAILED");
  });
  const Totals totals(devices);
  std::vector<std::string> names;
  for (const DeviceChecks& device : devices) names.push_back(device.device);
  const long long entries = static_cast<long long>(totals.entries.size());
  fmt::format_to(std::back_inserter(out), "{} of {} on {}: {} passed, {} failed\n", counted(totals.checks, "check"),
                 entries == 1 ? "1 entry" : fmt::format("{} entries", entries), fmt::join(names, ", "),
                 totals.checks - totals.failed, totals.failed);
  return out;
}

std::string checks_json(std::span<const DeviceChecks> devices) {
  const Totals totals(devices);
  Json out;
  out["entries"] = totals.entries.size();
  out["passed"] = totals.checks - totals.failed;
  out["failed"] = totals.failed;
  out["checks"] = Json::array();
  for_each_check(devices, [&](const std::string& device, const DerivativeCheck& check) {
    out["checks"].push_back({{"entry", check.entry},
                             {"device", device},
                             {"precision", precision_name(check.precision)},
                             {"sizes", check.sizes},
                             {"error", json_number(check.error)},
                             {"share_of_bound", json_number(check.share_of_bound)},
                             {"passed", check.passed()}});
  });
  return dump_json(out);
}

std::string failed_checks(std::span<const DeviceChecks> devices) {
  const Totals totals(devices);
  if (totals.failed == 0) return "";
  std::string first;
  for_each_check(devices, [&](const std::string& device, const DerivativeCheck& check) {
    if (check.passed() || !first.empty()) return;
    first = fmt::format("{} on {} ({}, {})", check.entry, device, precision_name(check.precision), check.sizes);
  });
  const std::string more = totals.failed == 1 ? "" : fmt::format(" and {} more", totals.failed - 1);
  return fmt::format("{} of {} failed: {}{}", totals.failed, counted(totals.checks, "check"), first, more);
}

}  // namespace sigmahat::cli
