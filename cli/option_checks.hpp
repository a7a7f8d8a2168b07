// Checks of option values, as CLI11 takes them: the value's text in, "" or what is wrong with it out.
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <string>

namespace sigmahat::cli {

using OptionCheck = std::function<std::string(const std::string&)>;

constexpr int kMostThreads = 1024;

/// A decimal whole number from `least` to `most`.
OptionCheck whole_number(std::int64_t least, std::int64_t most = std::numeric_limits<std::int64_t>::max());
/// A decimal number, neither NaN nor infinite.
std::string finite_number(const std::string& text);
/// Something: names of columns and files.
std::string name_given(const std::string& text);

}  // namespace sigmahat::cli
