#include "selftest.hpp"

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <algorithm>
#include <chrono>
#include <exception>
#include <iterator>
#include <memory>
#include <utility>

#include "exit_code.hpp"
#include "option_checks.hpp"
#include "output.hpp"
#include "text.hpp"

namespace sigmahat::cli {

selftest::Run selftest_run(const Context& context, const std::string& label,
                           const std::vector<selftest::Expected>& expected, std::vector<selftest::Quantity>& found) {
  const auto start = std::chrono::steady_clock::now();
  selftest::Run run{label, context.operations().info(), {}, 0};
  const bool on_gpu = run.info.name == "cuda";
  std::vector<selftest::Quantity> earlier = std::exchange(found, selftest::measure(context));
  if (on_gpu && earlier.empty()) earlier = selftest::measure(context);
  run.checks = selftest::compare(found, expected, earlier, on_gpu);
  run.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return run;
}

std::vector<selftest::Run> selftest_runs(const std::string& device, const std::vector<selftest::Expected>& expected) {
  std::vector<selftest::Run> runs;
  std::vector<selftest::Quantity> found;
  const Context context({device, 0});
  if (context.device_used() != "cpu") {
    runs.push_back(selftest_run(context, context.device_used(), expected, found));
    return runs;
  }
  for (const int threads : {1, std::max(2, context.operations().info().threads)}) {
    const std::string label = fmt::format("cpu with {}", counted(threads, "thread"));
    runs.push_back(selftest_run(Context({"cpu", threads}), label, expected, found));
  }
  return runs;
}

std::vector<selftest::Run> collect_runs(const std::vector<std::string>& devices, const RunsOfDevice& runs_of) {
  if (devices.size() == 1) return runs_of(devices.front());
  std::vector<selftest::Run> runs;
  for (const std::string& device : devices) {
    try {
      std::vector<selftest::Run> more = runs_of(device);
      std::move(more.begin(), more.end(), std::back_inserter(runs));
    } catch (const std::exception& error) {
      runs.push_back(
          {device, {}, {{"every result", selftest::Kind::stored_bits, 0, 0, false, "one", error.what()}}, 0});
    }
  }
  return runs;
}

void report_selftest(const std::vector<selftest::Run>& runs, bool json) {
  const std::vector<DeviceEntry> devices = list_devices();
  print(json ? selftest::report_json(runs, devices) : selftest::report_text(runs, devices));
  if (const std::string failed = selftest::failures(runs); !failed.empty()) throw CheckFailed(failed);
}

void run_selftest(const SelftestArguments& a) {
  if (a.print_expected) {
    print(selftest::expected_source(selftest::measure(Context({"reference", 0}))));
    return;
  }
  const auto runs_of = [](const std::string& device) { return selftest_runs(device, selftest::expected_results()); };
  report_selftest(collect_runs(chosen_devices(a.device), runs_of), a.json);
}

void add_selftest(CLI::App& application) {
  const auto arguments = std::make_shared<SelftestArguments>();
  CLI::App* const selftest = application.add_subcommand("selftest", "Check every device against stored results");
  CLI::Option* const device = selftest
                                  ->add_option("--device", arguments->device,
                                               "all: every one that is there; or auto, cpu, reference, cuda or cuda:K")
                                  ->capture_default_str();
  CLI::Option* const json = selftest->add_flag("--json", arguments->json, "Print JSON");
  selftest
      ->add_flag("--print-expected", arguments->print_expected,
                 "For developers: print the source of the stored results, from the reference backend")
      ->excludes(device)
      ->excludes(json);
  selftest->callback([arguments] { run_selftest(*arguments); });
}

}  // namespace sigmahat::cli
