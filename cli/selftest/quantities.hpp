// What `sigmahat selftest` computes on a device, and what is promised of each result.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "sigmahat/host/context.hpp"
#include "sigmahat/host/determinism.hpp"

namespace sigmahat::cli::selftest {

/// What is promised of the bits of a result, where it was computed. By default: the same from run to run.
struct Levels {
  Determinism cpu = Determinism::d1, gpu = Determinism::d1;
};
/// Those of an operation; `small` as in promised().
inline Levels levels(Promise promise, bool small = true) {
  return {promised(promise, small, false), promised(promise, small, true)};
}

/// A named result. `levels` say with what its bits are compared; where there is a bound, too, every value must be
/// within it of the truth: |value − truth| ≤ bound·|truth|, or ≤ bound where the truth is 0.
struct Quantity {
  std::string name;
  Levels levels;
  std::vector<double> values;
  std::optional<double> bound = {};
  std::vector<double> truth = {};  ///< known otherwise; empty: the stored values
  bool digest_alone = false;       ///< too many values to store them
};

/// Everything, in the order of the report.
std::vector<Quantity> measure(const Context& context);

// The parts.
void measure_moments(const Context& context, std::vector<Quantity>& out);
void measure_gaussian(const Context& context, std::vector<Quantity>& out);
void measure_regressions(const Context& context, std::vector<Quantity>& out);
void measure_matrices(const Context& context, std::vector<Quantity>& out);

}  // namespace sigmahat::cli::selftest
