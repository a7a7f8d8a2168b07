// Timing and printing that the benchmarks share.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "limits.hpp"
#include "sigmahat/host/context.hpp"

namespace sigmahat::bench {

/// Seconds that one call takes.
template <class F>
double seconds(F&& f) {
  const auto start = std::chrono::steady_clock::now();
  f();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

double median(std::vector<double> values);

/// n·p numbers from 1 to 3.15.
std::vector<double> random_rows(Index n, Index p);

/// The run's settings, device and limits; every benchmark gets the same.
struct Run {
  const Context& context;
  int gpu;  ///< CUDA's number; −1 on the CPU
  int repetitions;
  Limits& limits;

  bool on_gpu() const { return gpu >= 0; }
};

/// Times `f` with the limits measured before each repetition; medians of all.
struct Sample {
  double seconds;
  Rates rates;
};
Sample measure(const Run& run, const std::function<void()>& f);

/// Forgets the peak of resident memory and returns what is resident now, bytes (Linux: /proc/self/clear_refs).
double reset_peak_memory();
/// Peak of resident memory since then, bytes.
double peak_memory();

/// Each prints one table. bench_resident (device_bench.cpp) is for GPUs alone.
void bench_fit(const Run& run);
void bench_score(const Run& run);
void bench_groups(const Run& run);
void bench_least_squares(const Run& run);
void bench_resident(const Run& run);

}  // namespace sigmahat::bench
