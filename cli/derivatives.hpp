// `sigmahat derivatives`: the catalogue of matrix derivatives, listed, shown and checked.
#pragma once

#include <string>
#include <vector>

#include "cli11.hpp"
#include "derivatives/report.hpp"

namespace sigmahat::cli {

struct DerivativesCheckArguments {
  std::vector<std::string> names;
  bool all = false;
  std::string device = "all";  ///< every device that is there, or the name of one
  int threads = 0;
  std::string precision = "both";
  bool json = false;
};

void add_derivatives(CLI::App& application);
void run_derivatives_list(bool json);
void run_derivatives_show(const std::string& name);
void run_derivatives_check(const DerivativesCheckArguments& arguments);

/// Prints the checks and throws CheckFailed if one has failed.
void report_checks(const std::vector<DeviceChecks>& devices, bool json);

}  // namespace sigmahat::cli
