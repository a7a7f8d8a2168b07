// What the subcommands of `sigmahat derivatives` print.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "sigmahat/derivative_catalogue.hpp"

namespace sigmahat::cli {

/// Checks of one device.
struct DeviceChecks {
  std::string device;
  std::vector<DerivativeCheck> checks;
};

std::string list_text(std::span<const DerivativeEntry> entries);
std::string list_json(std::span<const DerivativeEntry> entries);

std::string checks_text(std::span<const DeviceChecks> devices);
std::string checks_json(std::span<const DeviceChecks> devices);

/// "2 of 36 checks failed: quadratic-form on cpu (float32, m = 3, n = 5, k = 2) and 1 more", or "" where all passed.
/// A check whose error is NaN has failed.
std::string failed_checks(std::span<const DeviceChecks> devices);

}  // namespace sigmahat::cli
