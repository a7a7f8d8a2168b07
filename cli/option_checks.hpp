// Checks of option values, as CLI11 takes them: the value's text in, "" or what is wrong with it out.
#pragma once

#include <CLI/CLI.hpp>
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

/// Adds --device and --threads.
void add_device_options(CLI::App& app, std::string& device, int& threads);

/// Refuses an output that is the same file as an input or another output.
void refuse_same_file(const char* option, const std::string& output, const char* other, const std::string& path);

/// Calls options.validate(); "AscentOptions::step_growth: …" becomes "--step-growth: …", as the user wrote it.
void validate_options(const std::function<void()>& validate);

}  // namespace sigmahat::cli
