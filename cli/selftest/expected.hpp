// The stored results of `sigmahat selftest`: those of the reference backend. `sigmahat selftest --print-expected`
// writes expected.cpp; tests set it beside certified values and exact arithmetic.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "selftest/quantities.hpp"

namespace sigmahat::cli::selftest {

struct Expected {
  std::string name;
  std::string sha256;          ///< of all values; empty where their bits are not promised
  std::vector<double> values;  ///< none where there are too many
};

/// The table, in the order in which the quantities are measured.
const std::vector<Expected>& expected_results();

/// SHA-256 of the values' bytes.
std::string digest(std::span<const double> values);

/// Whether a result is compared with the table, and whether by its bits, on some device.
bool has_entry(const Quantity& quantity);
bool has_stored_bits(const Quantity& quantity);

/// The source of expected.cpp for these results, and of one entry.
std::string expected_source(const std::vector<Quantity>& quantities);
std::string expected_entry(const Quantity& quantity);

}  // namespace sigmahat::cli::selftest
