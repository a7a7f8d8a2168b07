#include "selftest/checks.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>

namespace sigmahat::cli::selftest {
namespace {

bool same(double a, double b) { return std::bit_cast<std::uint64_t>(a) == std::bit_cast<std::uint64_t>(b); }

std::string with_bits(double value) {
  return fmt::format("{} (0x{:016x})", value, std::bit_cast<std::uint64_t>(value));
}

/// A failed check, in words.
void fail(Check& check, std::string expected, std::string found) {
  check.passed = false;
  check.expected = std::move(expected);
  check.found = std::move(found);
}

Check compare_bits(const std::string& name, Kind kind, std::span<const double> found,
                   std::span<const double> expected) {
  Check check{name, kind, 0, 0, true, "", ""};
  if (found.size() != expected.size()) {
    fail(check, fmt::format("{} values", expected.size()), fmt::format("{} values", found.size()));
    return check;
  }
  for (std::size_t k = 0; k < found.size(); ++k) {
    if (same(found[k], expected[k])) continue;
    fail(check, fmt::format("value {}: {}", k, with_bits(expected[k])), with_bits(found[k]));
    return check;
  }
  return check;
}

Check compare_stored_bits(const Quantity& found, const Expected& expected) {
  Check check = found.digest_alone ? Check{found.name, Kind::stored_bits, 0, 0, true, "", ""}
                                   : compare_bits(found.name, Kind::stored_bits, found.values, expected.values);
  const std::string sha256 = digest(found.values);
  if (check.passed && sha256 != expected.sha256) {
    fail(check, "SHA-256 " + expected.sha256, sha256);
  }
  return check;
}

double error_of(double found, double truth) { return std::abs(found - truth) / (truth == 0 ? 1 : std::abs(truth)); }

Check compare_within(const Quantity& found, const std::vector<double>& truth) {
  Check check{found.name, Kind::bound, found.bound.value(), 0, true, "", ""};
  if (found.values.size() != truth.size() || truth.empty()) {
    fail(check, fmt::format("{} values", truth.size()), fmt::format("{} values", found.values.size()));
    check.error = kCanonicalNaN;
    return check;
  }
  for (std::size_t k = 0; k < truth.size(); ++k) {
    const double error = error_of(found.values[k], truth[k]);
    if (!(error <= check.error)) check.error = error;
    if (check.passed && !(error <= check.bound)) {
      fail(check, fmt::format("value {}: {} within {}", k, truth[k], check.bound), fmt::format("{}", found.values[k]));
    }
    if (std::isnan(error)) break;  // the worst there is
  }
  return check;
}

template <class T>
const T* find(const std::vector<T>& list, const std::string& name) {
  const auto place = std::find_if(list.begin(), list.end(), [&](const T& item) { return item.name == name; });
  return place == list.end() ? nullptr : &*place;
}

Check absent(const std::string& name, const char* expected, const char* found) {
  return {name, Kind::stored_bits, 0, 0, false, expected, found};
}

}  // namespace

std::vector<Check> compare(const std::vector<Quantity>& found, const std::vector<Expected>& expected,
                           const std::vector<Quantity>& earlier, bool on_gpu) {
  std::vector<Check> checks;
  for (const Quantity& quantity : found) {
    const Expected* const stored = find(expected, quantity.name);
    if (has_entry(quantity) && stored == nullptr) {
      checks.push_back(absent(quantity.name, "an entry in the table of stored results", "none"));
      continue;
    }
    const Determinism level = on_gpu ? quantity.levels.gpu : quantity.levels.cpu;
    const bool by_stored_bits = level == Determinism::d3;
    if (by_stored_bits) checks.push_back(compare_stored_bits(quantity, *stored));
    if (quantity.bound) {
      checks.push_back(compare_within(quantity, quantity.truth.empty() ? stored->values : quantity.truth));
    }
    // On a GPU an earlier run was like this one; on the CPU it had another number of threads.
    const bool repeats = on_gpu || level != Determinism::d1;
    if (by_stored_bits || !repeats) continue;
    if (const Quantity* const before = find(earlier, quantity.name)) {
      checks.push_back(compare_bits(quantity.name, Kind::same_bits, quantity.values, before->values));
    }
  }
  for (const Expected& stored : expected) {
    if (find(found, stored.name) == nullptr) checks.push_back(absent(stored.name, "a result", "none"));
  }
  return checks;
}

}  // namespace sigmahat::cli::selftest
