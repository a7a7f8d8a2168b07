#include "option_checks.hpp"

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <filesystem>

#include "exit_code.hpp"
#include "formats/output_file.hpp"
#include "sigmahat/host/context.hpp"
#include "sigmahat/host/error.hpp"

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

void refuse_same_file(const std::string& option, const std::string& output, const std::string& other,
                      const std::string& path) {
  if (output.empty() || path.empty()) return;
  std::error_code error;
  const auto resolved = [&](const std::string& name) {
    return std::filesystem::weakly_canonical(std::filesystem::absolute(name, error), error);
  };
  if (resolved(output) != resolved(path)) return;
  throw UsageError(fmt::format("{}: '{}' is the same file as {}", option, output, other));
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

void add_device_options(CLI::App& app, std::string& device, int& threads) {
  app.add_option("--device", device, "auto, cpu, reference, cuda or cuda:K")->capture_default_str()->group("Device");
  app.add_option("--threads", threads, "CPU threads; 0: as many as OpenMP offers")
      ->check(whole_number(0, kMostThreads), "0 to 1024")
      ->capture_default_str()
      ->group("Device");
}

std::vector<std::string> chosen_devices(const std::string& device) {
  if (device != "all") return {device};
  std::vector<std::string> devices;
  for (const DeviceEntry& entry : list_devices()) {
    if (entry.available) devices.push_back(entry.name);
  }
  return devices;
}

void add_output_options(CLI::App& app, bool& json, std::string& manifest) {
  app.add_flag("--json", json, "Print the report as JSON (docs/formats.md)")->group("Output");
  app.add_option("--manifest", manifest,
                 "Save what is needed to repeat the run, and the digests of its results, to this .json; "
                 "sigmahat replay reads it (docs/formats.md)")
      ->check(name_given)
      ->group("Output");
}

void check_output_files(const std::vector<NamedPath>& outputs, const std::vector<NamedPath>& inputs) {
  for (const auto& [option, path] : outputs) {
    if (!path.empty()) (void)output_target(option, path);
  }
  for (std::size_t k = 0; k < outputs.size(); ++k) {
    const auto& [option, output] = outputs[k];
    for (const auto& [name, path] : inputs) refuse_same_file(option, output, name, path);
    for (std::size_t other = 0; other < k; ++other) {
      refuse_same_file(option, output, fmt::format("that of {}", outputs[other].first), outputs[other].second);
    }
  }
}

void validate_options(const std::function<void()>& validate) {
  try {
    validate();
  } catch (const InvalidArgument& error) {
    std::string message = error.what();
    const std::size_t scope = message.find("::"), end = message.find(": ");
    if (scope == std::string::npos || end == std::string::npos || end < scope) throw;
    std::replace(message.begin() + static_cast<std::ptrdiff_t>(scope),
                 message.begin() + static_cast<std::ptrdiff_t>(end), '_', '-');
    throw UsageError("--" + message.substr(scope + 2));
  }
}

}  // namespace sigmahat::cli
