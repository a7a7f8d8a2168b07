// Checks of option values, as CLI11 takes them: the value's text in, "" or what is wrong with it out.
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "cli11.hpp"

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

/// The device, or with "all" every one that is there, by the names that a Context takes.
std::vector<std::string> chosen_devices(const std::string& device);

/// Adds --json and --manifest.
void add_output_options(CLI::App& app, bool& json, std::string& manifest);

/// An option or a description, and the path that it has; none where it is empty.
using NamedPath = std::pair<const char*, std::string>;
/// Refuses an output that cannot be one (output_target()), or that is the same file as an input or another output.
void check_output_files(const std::vector<NamedPath>& outputs, const std::vector<NamedPath>& inputs);

/// Calls options.validate(); "AscentOptions::step_growth: …" becomes "--step-growth: …", as the user wrote it.
void validate_options(const std::function<void()>& validate);

}  // namespace sigmahat::cli
