#include "limits.hpp"

#include <fmt/core.h>

#include <limits>
#include <vector>

#include "sigmahat/host/cpu_probes.hpp"

namespace sigmahat::bench {
namespace {

class CpuLimits : public Limits {
 public:
  explicit CpuLimits(int threads) : threads_(threads), data_(std::size_t{48} << 20, 1.0) {}  // 384 MiB

  Rates measure() override {
    constexpr double kNone = std::numeric_limits<double>::infinity();
    const double seconds = probe_traffic({{data_}, {}}, threads_);
    return {static_cast<double>(data_.size() * sizeof(double)) / seconds, probe_multiply_adds(threads_), kNone, kNone};
  }
  std::string describe() override {
    const Rates rates = measure();
    return fmt::format(
        "read bandwidth {:.1f} GB/s, fused multiply-add {:.1f} GFLOP/s (and again before each repetition)\n",
        rates.bandwidth * 1e-9, rates.flops * 1e-9);
  }

 private:
  int threads_;
  std::vector<double> data_;
};

}  // namespace

std::unique_ptr<Limits> cpu_limits(int threads) { return std::make_unique<CpuLimits>(threads); }

}  // namespace sigmahat::bench
