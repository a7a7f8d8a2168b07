// What `sigmahat bench derivatives` prints.
#pragma once

#include <string>
#include <vector>

#include "bench/cases.hpp"

namespace sigmahat::cli {

struct BenchReport {
  std::string device_requested, device_used;
  BackendInfo info;
  BenchBatch batch;
  std::vector<BenchResult> results;
};

std::string bench_text(const BenchReport& report);
std::string bench_json(const BenchReport& report);

}  // namespace sigmahat::cli
