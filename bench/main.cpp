// sigmahat_bench [--threads N] [--repetitions N] [fit] [score] [groups]: medians beside the limits of this machine.
#include <fmt/core.h>

#include <cstdlib>
#include <exception>
#include <map>
#include <string>

#include "bench.hpp"
#include "sigmahat/host/context.hpp"

namespace {

int whole_number(const char* name, const char* text) {
  char* end = nullptr;
  const long value = text == nullptr ? 0 : std::strtol(text, &end, 10);
  if (text == nullptr || *end != '\0' || value < 1 || value > 1000) {
    fmt::print(stderr, "sigmahat_bench: {} takes a whole number from 1 to 1000\n", name);
    std::exit(2);
  }
  return static_cast<int>(value);
}

}  // namespace

int main(int argc, char** argv) try {
  using namespace sigmahat;
  const std::map<std::string, void (*)(bench::Run&)> benches = {
      {"fit", bench::bench_fit}, {"score", bench::bench_score}, {"groups", bench::bench_groups}};
  int threads = 0, repetitions = 7;
  std::vector<std::string> chosen;
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    if (argument == "--threads") {
      threads = whole_number("--threads", argv[++i]);
    } else if (argument == "--repetitions") {
      repetitions = whole_number("--repetitions", argv[++i]);
    } else if (benches.contains(argument)) {
      chosen.push_back(argument);
    } else {
      fmt::print(stderr, "usage: sigmahat_bench [--threads N] [--repetitions N] [fit] [score] [groups]\n");
      return 2;
    }
  }
  if (chosen.empty()) chosen = {"fit", "score", "groups"};

  const Context context({"cpu", threads});
  const BackendInfo info = context.operations().info();
  bench::ReadProbe probe(info.threads);
  bench::Run run{info.threads, repetitions, probe};
  fmt::print("{}, {} threads, {}, medians of {}\n", info.device, info.threads, info.instruction_set, repetitions);
  for (const auto& [name, version] : info.libraries) fmt::print("{}: {}\n", name, version);
  fmt::print("read bandwidth {:.1f} GB/s, fused multiply-add {:.1f} GFLOP/s (and again before each repetition)\n",
             probe.measure() * 1e-9, bench::fma_rate(info.threads) * 1e-9);
  for (const std::string& name : chosen) benches.at(name)(run);
  return 0;
} catch (const std::exception& error) {
  fmt::print(stderr, "sigmahat_bench: {}\n", error.what());
  return 1;
}
