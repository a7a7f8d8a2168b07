#include "option_checks.hpp"

#include <fmt/format.h>

#include <charconv>
#include <cmath>

namespace sigmahat::cli {
namespace {

/// Reads the whole text, where a leading plus may stand.
template <class T>
bool parse(const std::string& text, T& value) {
  const char* const end = text.data() + text.size();
  const bool plus = text.size() > 1 && text[0] == '+' && text[1] != '-';
  const auto [stop, error] = std::from_chars(text.data() + (plus ? 1 : 0), end, value);
  return error == std::errc() && stop == end;
}

}  // namespace

OptionCheck whole_number(std::int64_t least, std::int64_t most) {
  return [least, most](const std::string& text) -> std::string {
    std::int64_t value = 0;
    const std::size_t first = text.find_first_not_of("+-");
    // CLI11 would read 010 as an octal number.
    const bool plain = first == std::string::npos || first + 1 >= text.size() || text[first] != '0';
    if (plain && parse(text, value) && value >= least && value <= most) return {};
    if (most == std::numeric_limits<std::int64_t>::max()) {
      return fmt::format("'{}' is not a whole number of at least {} within 64 bits", text, least);
    }
    return fmt::format("'{}' is not a whole number from {} to {}", text, least, most);
  };
}

std::string finite_number(const std::string& text) {
  double value = 0;
  if (parse(text, value) && std::isfinite(value)) return {};
  return fmt::format("'{}' is not a finite number", text);
}

std::string name_given(const std::string& text) { return text.empty() ? "the name is empty" : ""; }

}  // namespace sigmahat::cli
