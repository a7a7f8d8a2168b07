// Timing and printing that the benchmarks share.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "limits.hpp"

namespace sigmahat::bench {

/// Seconds that one call takes.
template <class F>
double seconds(F&& f) {
  const auto start = std::chrono::steady_clock::now();
  f();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

double median(std::vector<double> values);

/// The run's settings and limits; every benchmark gets the same.
struct Run {
  int threads;
  int repetitions;
  ReadProbe& probe;
};

/// Times `f` with the limits measured before each repetition; medians of all three.
struct Sample {
  double seconds;
  double bandwidth;  ///< bytes per second
  double fma;        ///< flops per second
};
template <class F>
Sample measure(Run& run, F&& f) {
  f();  // first touch of workspace, start of threads
  std::vector<double> times, bandwidths, rates;
  for (int r = 0; r < run.repetitions; ++r) {
    bandwidths.push_back(run.probe.measure());
    rates.push_back(fma_rate(run.threads));
    times.push_back(seconds(f));
  }
  return {median(times), median(bandwidths), median(rates)};
}

/// Forgets the peak of resident memory and returns what is resident now, bytes (Linux: /proc/self/clear_refs).
double reset_peak_memory();
/// Peak of resident memory since then, bytes.
double peak_memory();

/// Each prints one table.
void bench_fit(Run& run);
void bench_score(Run& run);
void bench_groups(Run& run);

}  // namespace sigmahat::bench
