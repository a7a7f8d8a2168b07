// JSON from files of others.
#pragma once

#include <string>
#include <utility>

#include "sigmahat/host/error.hpp"

namespace sigmahat::detail {

/// Json::parse(input...), for text of at most 64 levels: nlohmann's values are copied, compared and written by recursion,
/// for which deeper text would need more stack than there is. DataError, beginning with `path`, beyond that.
template <class Json, class... Input>
Json parse_shallow(const std::string& path, Input&&... input) {
  constexpr int kLevels = 64;
  return Json::parse(std::forward<Input>(input)..., [&path](int depth, typename Json::parse_event_t, const Json&) {
    if (depth > kLevels) throw DataError(path + ": its JSON is nested more than " + std::to_string(kLevels) + " deep");
    return true;
  });
}

}  // namespace sigmahat::detail
