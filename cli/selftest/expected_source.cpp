#include <fmt/format.h>

#include <cmath>
#include <iterator>

#include "manifest/sha256.hpp"
#include "selftest/expected.hpp"

namespace sigmahat::cli::selftest {
namespace {

constexpr std::string_view kHead =
    "// Written by `sigmahat selftest --print-expected`; not by hand.\n"
    "// clang-format off\n"
    "#include \"selftest/expected.hpp\"\n"
    "\n"
    "namespace sigmahat::cli::selftest {\n"
    "\n"
    "const std::vector<Expected>& expected_results() {  // NOLINT(readability-function-size): a table\n"
    "  static const std::vector<Expected> kResults = {\n";
constexpr std::string_view kTail =
    "  };\n"
    "  return kResults;\n"
    "}\n"
    "\n"
    "}  // namespace sigmahat::cli::selftest\n";

/// A literal with exactly this value; every NaN of the toolkit is the canonical one.
std::string literal(double value) { return std::isnan(value) ? "kCanonicalNaN" : fmt::format("{:a}", value); }

}  // namespace

std::string digest(std::span<const double> values) {
  Sha256 sum;
  sum.add(values.data(), values.size_bytes());
  return sum.finish();
}

bool has_stored_bits(const Quantity& quantity) {
  return quantity.levels.cpu == Determinism::d3;  // a GPU never promises more
}

bool has_entry(const Quantity& quantity) {
  return has_stored_bits(quantity) || (quantity.bound && quantity.truth.empty());
}

std::string expected_entry(const Quantity& quantity) {
  constexpr std::size_t kOnALine = 4;
  std::string out =
      fmt::format("    {{\"{}\", \"{}\",", quantity.name, has_stored_bits(quantity) ? digest(quantity.values) : "");
  if (quantity.digest_alone) return out + " {}},\n";
  out += "\n     {";
  for (std::size_t k = 0; k < quantity.values.size(); ++k) {
    const char* const before = k == 0 ? "" : k % kOnALine == 0 ? ",\n      " : ", ";
    fmt::format_to(std::back_inserter(out), "{}{}", before, literal(quantity.values[k]));
  }
  return out + "}},\n";
}

std::string expected_source(const std::vector<Quantity>& quantities) {
  std::string out(kHead);
  for (const Quantity& quantity : quantities) {
    if (has_entry(quantity)) out += expected_entry(quantity);
  }
  return out += kTail;
}

}  // namespace sigmahat::cli::selftest
