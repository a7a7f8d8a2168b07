// What `sigmahat selftest` computes on a device, and what is promised of each result.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "sigmahat/host/context.hpp"

namespace sigmahat::cli::selftest {

/// How far the bits of a result are promised (ARCHITECTURE.md, "Determinism").
enum class Level {
  d1,         ///< from run to run
  d2_on_cpu,  ///< whatever the number of threads on the CPU
  d3_on_cpu,  ///< the same in all backends of the CPU
  d3,         ///< the same on every device
};

/// A named result. `level` says with what its bits are compared; where there is a bound, too, every value must be
/// within it of the truth: |value − truth| ≤ bound·|truth|, or ≤ bound where the truth is 0.
struct Quantity {
  std::string name;
  Level level = Level::d1;
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
