#include "bench_derivatives.hpp"

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <algorithm>
#include <memory>

#include "bench/available_memory.hpp"
#include "bench/report.hpp"
#include "exit_code.hpp"
#include "option_checks.hpp"
#include "output.hpp"

namespace sigmahat::cli {
namespace {

constexpr std::int64_t kMostItems = std::int64_t{1} << 40, kMostSize = 4096, kMostRepetitions = 1000;
constexpr double kShareOfMemory = 0.9;  // what a case may take of the memory that is there

/// A batch that does not fit would be ended by the system without a word, or make it swap.
void require_memory(const BenchBatch& batch) {
  const auto bytes_of = [&](const BenchCase& the) {
    return item_bytes(the, batch.size, ScalarType::float64) * static_cast<double>(batch.items);
  };
  const auto& cases = bench_cases();
  const auto largest = std::ranges::max_element(cases, {}, bytes_of);
  const double most = bytes_of(*largest);
  const double available = available_memory();
  if (most <= kShareOfMemory * available) return;
  throw UsageError(
      fmt::format("--items: {} items of size {} take {} at once ({} in float64, a matrix for each item), and {} are "
                  "available; give fewer --items or a smaller --size",
                  batch.items, batch.size, bytes_text(most), largest->entry, bytes_text(available)));
}

}  // namespace

void run_bench_derivatives(const BenchDerivativesArguments& a) {
  const Context context({a.device, a.threads});
  // On a GPU its own memory counts, and an allocation that fails says so.
  if (!context.device_used().starts_with("cuda")) require_memory(a.batch);
  BenchReport report{context.device_requested(), context.device_used(), context.operations().info(), a.batch, {}};
  for (const BenchCase& the : bench_cases()) {
    for (const ScalarType precision : {ScalarType::float64, ScalarType::float32}) {
      report.results.push_back(run_case(context, the, a.batch, precision));
    }
  }
  print(a.json ? bench_json(report) : bench_text(report));
}

void add_bench(CLI::App& application) {
  CLI::App* const bench = application.add_subcommand("bench", "Measure speed beside the limits of the device");
  bench->require_subcommand(1);
  const auto arguments = std::make_shared<BenchDerivativesArguments>();
  CLI::App* const derivatives =
      bench->add_subcommand("derivatives", "Bytes per second of vector derivatives, beside the memory's bandwidth");
  derivatives->add_option("--items", arguments->batch.items, "Items of a batch")
      ->check(whole_number(1, kMostItems), "at least 1")
      ->capture_default_str();
  derivatives->add_option("--size", arguments->batch.size, "Length of the vectors")
      ->check(whole_number(1, kMostSize), "1 to 4096")
      ->capture_default_str();
  derivatives->add_option("--repetitions", arguments->batch.repetitions, "Repetitions, of which the median counts")
      ->check(whole_number(1, kMostRepetitions), "1 to 1000")
      ->capture_default_str();
  add_device_options(*derivatives, arguments->device, arguments->threads);
  derivatives->add_flag("--json", arguments->json, "Print JSON")->group("Output");
  derivatives->callback([arguments] { run_bench_derivatives(*arguments); });
}

}  // namespace sigmahat::cli
