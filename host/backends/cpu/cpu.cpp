#include "cpu.hpp"

#include <algorithm>
#include <fstream>

#include "../factory.hpp"
#include "../lapack.hpp"
#include "moments_kernel.hpp"
#include "thread_count.hpp"

namespace sigmahat::backends {
namespace {

std::string processor_name() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("model name")) return line.substr(std::min(line.find(':') + 2, line.size()));
  }
  return "unknown processor";
}

}  // namespace

std::vector<std::pair<std::string, std::string>> host_libraries() {
  return {{"OpenBLAS", openblas_get_config()}, {"OpenBLAS core", openblas_get_corename()}};
}

CpuOperations::CpuOperations(int threads) : threads_(threads > 0 ? threads : default_threads()) {}

BackendInfo CpuOperations::info() const {
  return {"cpu", processor_name(), threads_, moments_kernel().instruction_set(), host_libraries()};
}

std::unique_ptr<Operations> make_cpu(int threads) { return std::make_unique<CpuOperations>(threads); }

}  // namespace sigmahat::backends
