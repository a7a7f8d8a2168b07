#include "bench/available_memory.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <limits>

namespace sigmahat::cli {
namespace {

constexpr double kUnknown = std::numeric_limits<double>::infinity();

/// The number after the word at the start of a line.
double number_after(const char* file_name, const std::string& word, double unknown) {
  std::ifstream file(file_name);
  for (std::string first; file >> first; file.ignore(std::numeric_limits<std::streamsize>::max(), '\n')) {
    double value = 0;
    if (first == word && file >> value) return value;
  }
  return unknown;
}

/// What a Linux control group (version 2) leaves; pages of files do not count, they can be dropped.
double left_in_container() {
  double limit = 0;
  std::ifstream file("/sys/fs/cgroup/memory.max");
  if (!(file >> limit)) return kUnknown;  // "max", or no such file
  return std::max(0.0, limit - number_after("/sys/fs/cgroup/memory.stat", "anon", 0));
}

}  // namespace

double available_memory() {
  return std::min(1024 * number_after("/proc/meminfo", "MemAvailable:", kUnknown), left_in_container());
}

std::string bytes_text(double bytes) {
  constexpr const char* kUnits[] = {"bytes", "kB", "MB", "GB", "TB", "PB"};
  std::size_t unit = 0;
  while (bytes >= 1000 && unit + 1 < std::size(kUnits)) {
    bytes /= 1000;
    ++unit;
  }
  return unit == 0 ? fmt::format("{:.0f} bytes", bytes) : fmt::format("{:.3g} {}", bytes, kUnits[unit]);
}

}  // namespace sigmahat::cli
