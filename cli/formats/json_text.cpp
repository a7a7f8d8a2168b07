#include "formats/json_text.hpp"

#include <algorithm>
#include <cmath>

namespace sigmahat::cli {

Json json_number(double value) { return std::isfinite(value) ? Json(value) : Json(nullptr); }

Json json_array(const double* values, Index count) {
  Json result = Json::array();
  for (Index k = 0; k < count; ++k) result.push_back(json_number(values[k]));
  return result;
}

Json json_array(const std::vector<double>& values) {
  return json_array(values.data(), static_cast<Index>(values.size()));
}

void append_json(const Json& value, int depth, std::string& out) {
  const auto line = [&](int level) {
    out += '\n';
    out.append(2 * static_cast<std::size_t>(level), ' ');
  };
  const bool nested = value.is_object() ||
                      (value.is_array() &&
                       std::any_of(value.begin(), value.end(), [](const Json& item) { return item.is_structured(); }));
  if (!value.is_structured() || value.empty()) {
    out += value.dump(-1, ' ', false, Json::error_handler_t::replace);
    return;
  }
  const char* const brackets = value.is_object() ? "{}" : "[]";
  out += brackets[0];
  bool first = true;
  for (const auto& [key, item] : value.items()) {
    if (!first) out += nested ? "," : ", ";
    first = false;
    if (nested) line(depth + 1);
    if (value.is_object()) out += Json(key).dump(-1, ' ', false, Json::error_handler_t::replace) + ": ";
    append_json(item, depth + 1, out);
  }
  if (nested) line(depth);
  out += brackets[1];
}

std::string dump_json(const Json& value) {
  std::string out;
  append_json(value, 0, out);
  return out + '\n';
}

}  // namespace sigmahat::cli
