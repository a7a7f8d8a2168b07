#include "bench.hpp"

#include <algorithm>
#include <fstream>
#include <limits>

namespace sigmahat::bench {

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const std::size_t n = values.size();
  return n % 2 == 1 ? values[n / 2] : (values[n / 2 - 1] + values[n / 2]) / 2;
}

namespace {

/// A line "name:  N kB" of /proc/self/status.
double status_bytes(const std::string& name) {
  std::ifstream file("/proc/self/status");
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with(name + ":")) return std::stod(line.substr(name.size() + 1)) * 1024;
  }
  return std::numeric_limits<double>::quiet_NaN();
}

}  // namespace

double reset_peak_memory() {
  std::ofstream("/proc/self/clear_refs") << "5";
  return status_bytes("VmRSS");
}

double peak_memory() { return status_bytes("VmHWM"); }

}  // namespace sigmahat::bench
