// Results set beside what is expected of them.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "selftest/expected.hpp"
#include "selftest/quantities.hpp"

namespace sigmahat::cli::selftest {

/// What a result is compared with.
enum class Kind {
  stored_bits,  ///< the bits of expected_results()
  same_bits,    ///< the bits of an earlier run on the same device
  bound,        ///< certified or stored values, within a bound
};

struct Check {
  std::string name;
  Kind kind = Kind::stored_bits;
  double bound = 0;  ///< of Kind::bound
  double error = 0;  ///< of Kind::bound: the largest error, in the terms of Quantity
  bool passed = false;
  std::string expected, found;  ///< of the first value that differs; both empty if the check passed
};

/// The checks of one run. `earlier` are the results of an earlier run on the same device, or none; `on_gpu` says
/// whether that device is a GPU, of which less is promised. A result without an entry in the table, an entry without a
/// result, and a NaN where a number is expected are failures.
std::vector<Check> compare(const std::vector<Quantity>& found, const std::vector<Expected>& expected,
                           const std::vector<Quantity>& earlier, bool on_gpu);

}  // namespace sigmahat::cli::selftest
