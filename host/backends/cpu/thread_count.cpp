#include "thread_count.hpp"

#include <omp.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <string>

namespace sigmahat::backends {
namespace {

/// The process's group of version 2, from its line "0::/path".
std::filesystem::path own_group() {
  std::ifstream file("/proc/self/cgroup");
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("0::")) return line.substr(3);
  }
  return "/";
}

}  // namespace

int quota_cpus(const std::filesystem::path& root, const std::filesystem::path& group) {
  int least = 0;
  for (std::filesystem::path below = group.relative_path();; below = below.parent_path()) {
    std::ifstream file(root / below / "cpu.max");  // "200000 100000": microseconds of CPU time in each so many
    double quota = 0, period = 0;
    if (file >> quota >> period && quota > 0 && period > 0) {  // not "max 100000"
      const int cpus = static_cast<int>(std::clamp(std::ceil(quota / period), 1.0, 1e6));
      least = least == 0 ? cpus : std::min(least, cpus);
    }
    if (below.empty()) return least;
  }
}

int default_threads(const std::filesystem::path& groups) {
  const int offered = omp_get_max_threads();
  if (std::getenv("OMP_NUM_THREADS") != nullptr) return offered;
  const int quota = quota_cpus(groups, own_group());
  return quota == 0 ? offered : std::min(offered, quota);
}

}  // namespace sigmahat::backends
