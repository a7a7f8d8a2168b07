// Medians beside the limits of the device, measured in the same run.
#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <exception>
#include <map>
#include <string>
#include <vector>

#include "bench.hpp"
#include "sigmahat/host/context.hpp"
#include "sigmahat/host/error.hpp"

namespace {

constexpr const char* kUsage =
    "usage: sigmahat_bench [OPTION...] [fit] [score] [groups] [least-squares] [resident]\n"
    "without a name all of them, resident on a GPU alone\n\n"
    "  -h, --help       this\n"
    "  --device NAME    auto, cpu (default), reference, cuda or cuda:K\n"
    "  --threads N      1 to 1000; as many as OpenMP offers where it is not given\n"
    "  --repetitions N  1 to 1000 (7)\n\n"
    "exit codes: 0 done, 2 usage, 5 device, 6 all else\n";

enum Exit : int { kUsageError = 2, kDeviceFailure = 5, kFault = 6 };  // as those of `sigmahat`

const std::string kGpu = "cuda:";

const std::map<std::string, void (*)(const sigmahat::bench::Run&)> kBenches = {
    {"fit", sigmahat::bench::bench_fit},
    {"score", sigmahat::bench::bench_score},
    {"groups", sigmahat::bench::bench_groups},
    {"least-squares", sigmahat::bench::bench_least_squares},
    {"resident", sigmahat::bench::bench_resident}};

struct Arguments {
  std::string device = "cpu";
  int threads = 0, repetitions = 7;
  std::vector<std::string> chosen;
  bool help = false;
};

int whole_number(const std::string& name, const std::string& text) {
  int value = 0;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || stop != text.data() + text.size() || value < 1 || value > 1000) {
    throw sigmahat::InvalidArgument(name + ": '" + text + "' is no whole number from 1 to 1000");
  }
  return value;
}

Arguments parse(int argc, char** argv) {
  Arguments out;
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    const auto value = [&]() -> std::string {
      if (i + 1 >= argc) throw sigmahat::InvalidArgument(argument + ": its value is missing");
      return argv[++i];
    };
    if (argument == "-h" || argument == "--help") {
      out.help = true;
    } else if (argument == "--device") {
      out.device = value();
    } else if (argument == "--threads") {
      out.threads = whole_number(argument, value());
    } else if (argument == "--repetitions") {
      out.repetitions = whole_number(argument, value());
    } else if (kBenches.contains(argument)) {
      out.chosen.push_back(argument);
    } else {
      throw sigmahat::InvalidArgument("there is no " + std::string(argument.starts_with("-") ? "option" : "benchmark") +
                                      " '" + argument + "'; --help lists what there is");
    }
  }
  return out;
}

int fail(Exit code, const std::exception& error) {
  fmt::print(stderr, "sigmahat_bench: error: {}\n", error.what());
  return code;
}

}  // namespace

int main(int argc, char** argv) try {
  using namespace sigmahat;
  std::setvbuf(stdout, nullptr, _IOLBF, 0);  // a run that is cut off leaves the lines that it had
  Arguments arguments = parse(argc, argv);
  if (arguments.help) {
    fmt::print("{}", kUsage);
    return 0;
  }
  std::vector<std::string>& chosen = arguments.chosen;

  const Context context({arguments.device, arguments.threads});
  const std::string& used = context.device_used();
  const int gpu = used.starts_with(kGpu) ? std::stoi(used.substr(kGpu.size())) : -1;
  if (gpu < 0 && std::find(chosen.begin(), chosen.end(), "resident") != chosen.end()) {
    throw InvalidArgument("resident: it needs a GPU (--device cuda), and the device is " + used);
  }
  const BackendInfo info = context.operations().info();
  fmt::print("{}, {} threads, {}, medians of {}\n", info.device, info.threads, info.instruction_set,
             arguments.repetitions);
  for (const auto& [name, version] : info.libraries) fmt::print("{}: {}\n", name, version);
  if (chosen.empty()) {
    chosen = {"fit", "score", "groups", "least-squares"};
    if (gpu >= 0) chosen.emplace_back("resident");
  }
  const auto limits = gpu >= 0 ? bench::device_limits(gpu) : bench::cpu_limits(info.threads);
  fmt::print("{}", limits->describe());
  const bench::Run run{context, gpu, arguments.repetitions, *limits};
  for (const std::string& name : chosen) kBenches.at(name)(run);
  return 0;
} catch (const sigmahat::InvalidArgument& error) {
  return fail(kUsageError, error);
} catch (const sigmahat::DeviceError& error) {
  return fail(kDeviceFailure, error);
} catch (const std::exception& error) {
  return fail(kFault, error);
}
