#include <fmt/format.h>

#include <bit>
#include <cmath>
#include <iterator>

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

std::uint64_t digest(std::span<const double> values) {
  constexpr std::uint64_t kStart = 0xcbf29ce484222325, kPrime = 0x100000001b3;
  std::uint64_t hash = kStart;
  for (const double value : values) {
    for (int shift = 0; shift < 64; shift += 8) {
      hash = (hash ^ (std::bit_cast<std::uint64_t>(value) >> shift & 0xff)) * kPrime;
    }
  }
  return hash;
}

bool has_stored_bits(const Quantity& quantity) {
  return quantity.level == Level::d3 || quantity.level == Level::d3_on_cpu;
}

bool has_entry(const Quantity& quantity) {
  return has_stored_bits(quantity) || (quantity.bound && quantity.truth.empty());
}

std::string expected_entry(const Quantity& quantity) {
  constexpr std::size_t kOnALine = 4;
  std::string out =
      fmt::format("    {{\"{}\", 0x{:016x},", quantity.name, has_stored_bits(quantity) ? digest(quantity.values) : 0);
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
