#include "bench/report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "ascent_report.hpp"
#include "bench/available_memory.hpp"
#include "formats/json_text.hpp"

namespace sigmahat::cli {
namespace {

const char* precision_name(ScalarType precision) { return precision == ScalarType::float32 ? "float32" : "float64"; }

constexpr double kShortestCall = 1e-3;  // seconds that say something about bandwidth

/// What stands for the limit on this device.
const char* limit_words(const BenchReport& report) {
  return report.device_used.starts_with("cuda")
             ? "a copy on the device, read and written bytes counted"
             : "a pass that reads the operands and overwrites the result, nothing else";
}

}  // namespace

std::string bench_text(const BenchReport& report) {
  std::string out = fmt::format(
      "{} items of size {}, medians of {}, on {} ({}, {} threads, {})\n"
      "bytes: each operand read once, the result written once\n"
      "limit: {}, measured before each repetition\n\n"
      "{:<18}{:<10}{:<9}{:>10}{:>10}{:>10}{:>12}{:>12}\n",
      report.batch.items, report.batch.size, report.batch.repetitions, report.device_used, report.info.device,
      report.info.threads, report.info.instruction_set, limit_words(report), "entry", "function", "storage", "time",
      "bytes", "GB/s", "limit GB/s", "of limit");
  for (const BenchResult& result : report.results) {
    fmt::format_to(std::back_inserter(out), "{:<18}{:<10}{:<9}{:>10}{:>10}{:>10.2f}{:>12.2f}{:>10.0f} %\n",
                   result.entry, result.function, precision_name(result.precision), seconds_text(result.seconds),
                   bytes_text(result.bytes), result.rate() * 1e-9, result.limit * 1e-9, 100 * result.fraction());
  }
  const bool short_calls = std::any_of(report.results.begin(), report.results.end(),
                                       [](const BenchResult& result) { return !(result.seconds >= kShortestCall); });
  if (short_calls) {
    out +=
        "\nCalls of less than a millisecond show what a call costs, not what the memory allows: give more --items.\n";
  }
  return out;
}

std::string bench_json(const BenchReport& report) {
  Json out;
  out["items"] = report.batch.items;
  out["size"] = report.batch.size;
  out["repetitions"] = report.batch.repetitions;
  out["device"] = {{"requested", report.device_requested},
                   {"used", report.device_used},
                   {"description", report.info.device},
                   {"threads", report.info.threads},
                   {"instruction_set", report.info.instruction_set}};
  out["limit"] = limit_words(report);
  out["results"] = Json::array();
  for (const BenchResult& result : report.results) {
    out["results"].push_back({{"entry", result.entry},
                              {"function", result.function},
                              {"precision", precision_name(result.precision)},
                              {"seconds", json_number(result.seconds)},
                              {"bytes", result.bytes},
                              {"bytes_per_second", json_number(result.rate())},
                              {"limit_bytes_per_second", json_number(result.limit)},
                              {"fraction_of_limit", json_number(result.fraction())}});
  }
  return dump_json(out);
}

}  // namespace sigmahat::cli
