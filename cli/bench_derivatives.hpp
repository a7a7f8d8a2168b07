// `sigmahat bench derivatives`.
#pragma once

#include <string>

#include "bench/cases.hpp"
#include "cli11.hpp"

namespace sigmahat::cli {

struct BenchDerivativesArguments {
  std::string device = "auto";
  int threads = 0;
  BenchBatch batch{1'000'000, 16, 7};
  bool json = false;
};

/// Adds `bench` with its subcommands.
void add_bench(CLI::App& application);
void run_bench_derivatives(const BenchDerivativesArguments& arguments);

}  // namespace sigmahat::cli
