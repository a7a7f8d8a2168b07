#include "formats/csv_text.hpp"

#include <fmt/format.h>

namespace sigmahat::cli {

std::string csv_cell(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char c : text) quoted.append(c == '"' ? 2 : 1, c);
  return quoted + '"';
}

std::string csv_cell(double value) { return value != value ? "" : fmt::format("{}", value); }

}  // namespace sigmahat::cli
