// `sigmahat selftest`: known data on every device, set beside stored results.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "cli11.hpp"
#include "selftest/report.hpp"

namespace sigmahat::cli {

struct SelftestArguments {
  std::string device = "all";  ///< every device that is there, or the name of one
  bool json = false;
  bool print_expected = false;
};

void add_selftest(CLI::App& application);
void run_selftest(const SelftestArguments& arguments);

/// The runs on one device: on the CPU with one thread and with several.
std::vector<selftest::Run> selftest_runs(const std::string& device, const std::vector<selftest::Expected>& expected);

/// One run; `found` receives the results and holds those of an earlier run on the same device, or nothing.
selftest::Run selftest_run(const Context& context, const std::string& label,
                           const std::vector<selftest::Expected>& expected, std::vector<selftest::Quantity>& found);

/// The runs on all devices. Where there are several, one that throws is a failure beside the others' results.
using RunsOfDevice = std::function<std::vector<selftest::Run>(const std::string& device)>;
std::vector<selftest::Run> collect_runs(const std::vector<std::string>& devices, const RunsOfDevice& runs_of);

/// Prints the report and throws CheckFailed if a check has failed.
void report_selftest(const std::vector<selftest::Run>& runs, bool json);

}  // namespace sigmahat::cli
