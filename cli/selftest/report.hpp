// The report of `sigmahat selftest`, as text and as JSON.
#pragma once

#include <string>
#include <vector>

#include "selftest/checks.hpp"
#include "sigmahat/host/context.hpp"

namespace sigmahat::cli::selftest {

/// What was checked on one device, with one number of threads.
struct Run {
  std::string device;  ///< "reference", "cpu with 1 thread", "cuda:0"
  BackendInfo info;
  std::vector<Check> checks;
  double seconds = 0;
};

/// `devices` are all that can be asked for; those that are not available appear with the reason.
std::string report_text(const std::vector<Run>& runs, const std::vector<DeviceEntry>& devices);
std::string report_json(const std::vector<Run>& runs, const std::vector<DeviceEntry>& devices);

/// One line on the failures: how many, and the first one's name, device, what was expected and what was found; empty if
/// there is none.
std::string failures(const std::vector<Run>& runs);

}  // namespace sigmahat::cli::selftest
