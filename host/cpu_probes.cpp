#include "sigmahat/host/cpu_probes.hpp"

#include <omp.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "cpu_probes.cpp"  // relative to host/, an include folder
#include <hwy/foreach_target.h>
//
#include <hwy/cache_control.h>
#include <hwy/highway.h>

#ifndef SIGMAHAT_CPU_PROBES_TABLE  // this file is compiled once per instruction set; the type is the same for all
#define SIGMAHAT_CPU_PROBES_TABLE
namespace sigmahat::cpu_probes {
struct Table {
  double (*sum)(const double*, std::size_t);
  void (*fill)(double*, std::size_t, bool past_the_caches);
  double (*multiply_add)(std::size_t, double&);
};
}  // namespace sigmahat::cpu_probes
#endif

HWY_BEFORE_NAMESPACE();
namespace sigmahat::cpu_probes {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

using Lanes = hn::CappedTag<double, 8>;
constexpr Lanes kLanes;

double sum(const double* HWY_RESTRICT data, std::size_t count) {
  const std::size_t n = hn::Lanes(kLanes);
  auto a = hn::Zero(kLanes), b = a, c = a, d = a;
  std::size_t i = 0;
  for (; i + 4 * n <= count; i += 4 * n) {
    a = hn::Add(a, hn::LoadU(kLanes, data + i));
    b = hn::Add(b, hn::LoadU(kLanes, data + i + n));
    c = hn::Add(c, hn::LoadU(kLanes, data + i + 2 * n));
    d = hn::Add(d, hn::LoadU(kLanes, data + i + 3 * n));
  }
  double total = hn::GetLane(hn::SumOfLanes(kLanes, hn::Add(hn::Add(a, b), hn::Add(c, d))));
  for (; i < count; ++i) total += data[i];
  return total;
}

void fill(double* HWY_RESTRICT data, std::size_t count, bool past_the_caches) {
  const std::size_t n = hn::Lanes(kLanes);
  const auto value = hn::Set(kLanes, 1.0);
  std::size_t i = 0;
  if (past_the_caches) {  // these stores need aligned vectors
    for (; i < count && reinterpret_cast<std::size_t>(data + i) % (n * sizeof(double)) != 0; ++i) data[i] = 1;
    for (; i + n <= count; i += n) hn::Stream(value, kLanes, data + i);
    hwy::FlushStream();
  } else {
    for (; i + n <= count; i += n) hn::StoreU(value, kLanes, data + i);
  }
  for (; i < count; ++i) data[i] = 1;
}

/// 16 independent chains: latency times throughput of current processors (4 cycles, up to 4 a cycle). Returns the
/// flops.
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

Table table() { return {&sum, &fill, &multiply_add}; }

}  // namespace HWY_NAMESPACE
}  // namespace sigmahat::cpu_probes
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace sigmahat {
namespace cpu_probes {
HWY_EXPORT(table);
}  // namespace cpu_probes

namespace {

double now() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

/// Keeps results alive that nobody reads.
std::atomic<double> g_sink;

/// One pass. A thread's range is walked in pieces, which keeps reading and writing in step.
double traffic_seconds(const ProbeMemory& memory, int threads, bool past_the_caches) {
  constexpr std::size_t kPiece = 4096;  // numbers of the longest array: a few pages
  const cpu_probes::Table table = HWY_DYNAMIC_DISPATCH(cpu_probes::table)();
  std::size_t longest = memory.written.size();
  for (const auto& array : memory.read) longest = std::max(longest, array.size());
  const std::size_t pieces = std::max<std::size_t>(1, longest / kPiece);
  const double start = now();
#pragma omp parallel num_threads(threads)
  {
    const auto part = static_cast<std::size_t>(omp_get_thread_num());
    const auto parts = static_cast<std::size_t>(omp_get_num_threads());
    double sink = 0;
    for (std::size_t piece = pieces * part / parts; piece < pieces * (part + 1) / parts; ++piece) {
      const auto of_piece = [&](auto array) {
        const std::size_t begin = array.size() * piece / pieces, end = array.size() * (piece + 1) / pieces;
        return array.subspan(begin, end - begin);
      };
      for (const auto& array : memory.read) {
        const auto range = of_piece(array);
        sink += table.sum(range.data(), range.size());
      }
      const auto range = of_piece(memory.written);
      table.fill(range.data(), range.size(), past_the_caches);
    }
    g_sink = sink;
  }
  return now() - start;
}

}  // namespace

double probe_traffic(const ProbeMemory& memory, int threads) {
  const double ordinary = traffic_seconds(memory, threads, false);
  return memory.written.empty() ? ordinary : std::min(ordinary, traffic_seconds(memory, threads, true));
}

double probe_multiply_adds(int threads) {
  const cpu_probes::Table table = HWY_DYNAMIC_DISPATCH(cpu_probes::table)();
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

}  // namespace sigmahat
#endif
