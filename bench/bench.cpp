#include "bench.hpp"

#include <algorithm>
#include <fstream>
#include <limits>
#include <random>

namespace sigmahat::bench {

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const std::size_t n = values.size();
  return n % 2 == 1 ? values[n / 2] : (values[n / 2 - 1] + values[n / 2]) / 2;
}

std::vector<double> random_rows(Index n, Index p) {
  std::vector<double> rows(static_cast<std::size_t>(n * p));
  std::minstd_rand generator(1);
  for (double& value : rows) value = 1 + 1e-9 * static_cast<double>(generator());
  return rows;
}

Sample measure(const Run& run, const std::function<void()>& f) {
  f();  // first touch of workspace, start of threads
  std::vector<double> times, bandwidth, flops, transfer, pinned;
  for (int r = 0; r < run.repetitions; ++r) {
    const Rates rates = run.limits.measure();
    bandwidth.push_back(rates.bandwidth);
    flops.push_back(rates.flops);
    transfer.push_back(rates.transfer);
    pinned.push_back(rates.pinned_transfer);
    times.push_back(seconds(f));
  }
  return {median(times), {median(bandwidth), median(flops), median(transfer), median(pinned)}};
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
