// How many threads the CPU backend takes where nobody says.
#pragma once

#include <filesystem>

namespace sigmahat::backends {

/// How many CPUs the quotas of a Linux control group (version 2) and of the groups around it are worth, rounded up;
/// 0 where none is set. `root` is where the groups are mounted, `group` the path below it ("/" in a container).
int quota_cpus(const std::filesystem::path& root, const std::filesystem::path& group);

/// As many as OpenMP offers: OMP_NUM_THREADS, or else the CPUs that the process may run on. A quota of CPU time, such as
/// `docker run --cpus`, lowers the latter: threads beyond it would only wait for one another. `groups` is where the control groups are mounted.
int default_threads(const std::filesystem::path& groups = "/sys/fs/cgroup");

}  // namespace sigmahat::backends
