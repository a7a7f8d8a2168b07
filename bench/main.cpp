// Medians beside the limits of the device, measured in the same run.
#include <fmt/core.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <map>
#include <string>

#include "bench.hpp"
#include "sigmahat/host/context.hpp"
#include "sigmahat/host/error.hpp"

namespace {

constexpr const char* kUsage =
    "usage: sigmahat_bench [--device NAME] [--threads N] [--repetitions N] [fit] [score] [groups] [resident]\n"
    "--device cpu (default), reference, cuda or cuda:K; resident is for GPUs alone\n";

const std::string kGpu = "cuda:";

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
  std::setvbuf(stdout, nullptr, _IOLBF, 0);  // a run that is cut off leaves the lines that it had
  const std::map<std::string, void (*)(const bench::Run&)> benches = {{"fit", bench::bench_fit},
                                                                      {"score", bench::bench_score},
                                                                      {"groups", bench::bench_groups},
                                                                      {"resident", bench::bench_resident}};
  int threads = 0, repetitions = 7;
  std::string device = "cpu";
  std::vector<std::string> chosen;
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    if (argument == "--device" && i + 1 < argc) {
      device = argv[++i];
    } else if (argument == "--threads") {
      threads = whole_number("--threads", argv[++i]);
    } else if (argument == "--repetitions") {
      repetitions = whole_number("--repetitions", argv[++i]);
    } else if (benches.contains(argument)) {
      chosen.push_back(argument);
    } else {
      fmt::print(stderr, "{}", kUsage);
      return 2;
    }
  }

  const Context context({device, threads});
  const BackendInfo info = context.operations().info();
  fmt::print("{}, {} threads, {}, medians of {}\n", info.device, info.threads, info.instruction_set, repetitions);
  for (const auto& [name, version] : info.libraries) fmt::print("{}: {}\n", name, version);
  const std::string& used = context.device_used();
  const int gpu = used.starts_with(kGpu) ? std::stoi(used.substr(kGpu.size())) : -1;
  if (gpu < 0 && std::find(chosen.begin(), chosen.end(), "resident") != chosen.end()) {
    throw InvalidArgument("resident: it needs --device cuda; this is " + used);
  }
  if (chosen.empty()) {
    chosen = {"fit", "score", "groups"};
    if (gpu >= 0) chosen.emplace_back("resident");
  }
  const auto limits = gpu >= 0 ? bench::device_limits(gpu) : bench::cpu_limits(info.threads);
  fmt::print("{}", limits->describe());
  const bench::Run run{context, gpu, repetitions, *limits};
  for (const std::string& name : chosen) benches.at(name)(run);
  return 0;
} catch (const std::exception& error) {
  fmt::print(stderr, "sigmahat_bench: {}\n", error.what());
  return 1;
}
