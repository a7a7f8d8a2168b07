#include "limits.hpp"

#include <fmt/core.h>
#include <omp.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <limits>
#include <vector>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "limits.cpp"
#include <hwy/foreach_target.h>
//
#include <hwy/highway.h>

#ifndef SIGMAHAT_BENCH_LIMITS_TABLE  // this file is compiled once per instruction set; the type is the same for all
#define SIGMAHAT_BENCH_LIMITS_TABLE
namespace sigmahat::bench::limits {
struct Table {
  double (*sum)(const double*, std::size_t);
  double (*multiply_add)(std::size_t, double&);
};
}  // namespace sigmahat::bench::limits
#endif

HWY_BEFORE_NAMESPACE();
namespace sigmahat::bench::limits {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

using Lanes = hn::CappedTag<double, 8>;
constexpr Lanes kLanes;

double sum(const double* HWY_RESTRICT data, std::size_t count) {
  const std::size_t n = hn::Lanes(kLanes);
  auto a = hn::Zero(kLanes), b = a, c = a, d = a;
  for (std::size_t i = 0; i + 4 * n <= count; i += 4 * n) {
    a = hn::Add(a, hn::LoadU(kLanes, data + i));
    b = hn::Add(b, hn::LoadU(kLanes, data + i + n));
    c = hn::Add(c, hn::LoadU(kLanes, data + i + 2 * n));
    d = hn::Add(d, hn::LoadU(kLanes, data + i + 3 * n));
  }
  return hn::GetLane(hn::SumOfLanes(kLanes, hn::Add(hn::Add(a, b), hn::Add(c, d))));
}

/// 16 independent chains: latency times throughput of current processors (4 cycles, up to 4 a cycle). Returns the flops.
double multiply_add(std::size_t rounds, double& sink) {
  constexpr int kChains = 16;
  hn::Vec<Lanes> chain[kChains];
#pragma GCC unroll 16
  for (int i = 0; i < kChains; ++i) chain[i] = hn::Set(kLanes, static_cast<double>(i));
  const auto factor = hn::Set(kLanes, 0.999), term = hn::Set(kLanes, 0.001);
  for (std::size_t r = 0; r < rounds; ++r) {
#pragma GCC unroll 16
    for (int i = 0; i < kChains; ++i) chain[i] = hn::MulAdd(chain[i], factor, term);
  }
#pragma GCC unroll 16
  for (int i = 0; i < kChains; ++i) sink += hn::GetLane(chain[i]);
  return 2.0 * kChains * static_cast<double>(hn::Lanes(kLanes) * rounds);
}

Table table() { return {&sum, &multiply_add}; }

}  // namespace HWY_NAMESPACE
}  // namespace sigmahat::bench::limits
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace sigmahat::bench {
namespace limits {
HWY_EXPORT(table);
}  // namespace limits

namespace {

double now() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

/// Keeps results alive that nobody reads.
std::atomic<double> g_sink;

class ReadProbe {
 public:
  explicit ReadProbe(int threads) : threads_(threads), data_(std::size_t{48} << 20, 1.0) {}  // 384 MiB
  /// Bytes per second of one pass.
  double measure();

 private:
  int threads_;
  std::vector<double> data_;
};

double ReadProbe::measure() {
  const limits::Table table = HWY_DYNAMIC_DISPATCH(limits::table)();
  const double start = now();
#pragma omp parallel num_threads(threads_)
  {
    const auto part = static_cast<std::size_t>(omp_get_thread_num());
    const auto parts = static_cast<std::size_t>(omp_get_num_threads());
    const std::size_t begin = data_.size() * part / parts, end = data_.size() * (part + 1) / parts;
    g_sink = table.sum(data_.data() + begin, end - begin);
  }
  return static_cast<double>(data_.size() * sizeof(double)) / (now() - start);
}

/// Flops per second, one short measurement.
double fma_rate(int threads) {
  const limits::Table table = HWY_DYNAMIC_DISPATCH(limits::table)();
  constexpr std::size_t kRounds = 4'000'000;
  double flops = 0;
  const double start = now();
#pragma omp parallel num_threads(threads) reduction(+ : flops)
  {
    double sink = 0;
    flops += table.multiply_add(kRounds, sink);
    g_sink = sink;
  }
  return flops / (now() - start);
}

class CpuLimits : public Limits {
 public:
  explicit CpuLimits(int threads) : threads_(threads), probe_(threads) {}

  Rates measure() override {
    constexpr double kNone = std::numeric_limits<double>::infinity();
    return {probe_.measure(), fma_rate(threads_), kNone, kNone};
  }
  std::string describe() override {
    const Rates rates = measure();
    return fmt::format(
        "read bandwidth {:.1f} GB/s, fused multiply-add {:.1f} GFLOP/s (and again before each repetition)\n",
        rates.bandwidth * 1e-9, rates.flops * 1e-9);
  }

 private:
  int threads_;
  ReadProbe probe_;
};

}  // namespace

std::unique_ptr<Limits> cpu_limits(int threads) { return std::make_unique<CpuLimits>(threads); }

}  // namespace sigmahat::bench
#endif
