#include "formats/json_file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "formats/mapped_file.hpp"
#include "sigmahat/host/shallow_json.hpp"
#include "text.hpp"

namespace sigmahat::cli {
namespace {

/// "line 3, column 7" of the byte; both count from 1, the column in characters.
std::string position(std::string_view text, std::size_t byte) {
  const std::string_view before = text.substr(0, byte);
  const std::size_t line_end = before.rfind('\n');
  const std::string_view line = line_end == std::string_view::npos ? before : before.substr(line_end + 1);
  return fmt::format("line {}, column {}", std::count(before.begin(), before.end(), '\n') + 1, characters(line) + 1);
}

}  // namespace

Json read_json(const std::string& path) {
  const MappedFile file(path);
  const std::string_view text(file.text(), file.size());
  try {
    return detail::parse_shallow<Json>(path, text.begin(), text.end());
  } catch (const Json::parse_error& error) {
    const std::size_t byte = std::clamp<std::size_t>(error.byte, 1, text.size() + 1) - 1;
    throw DataError(fmt::format("{}: {}: not valid JSON{}", path, position(text, byte),
                                byte >= text.size() ? ": the text ends too early" : ""));
  } catch (const Json::out_of_range&) {
    throw DataError(fmt::format("{}: it holds a number beyond the range of float64", path));
  }
}

}  // namespace sigmahat::cli
