// Every planted fault must be found, in every order of turns, with a message that says where; every twin must run.
#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <map>

#include "kernel_test.hpp"
#include "planted.hpp"

namespace sigmahat::test {

void PrintTo(const Planted& bug, std::ostream* out) { *out << bug.name; }

namespace {

constexpr emulator::Order kOrders[] = {emulator::Order::ascending, emulator::Order::descending,
                                       emulator::Order::shuffled};

template <class T>
concept AtomicallyAdded = requires(T* address, T value) {
  device::atomic_add(address, value);
};
static_assert(AtomicallyAdded<int> && AtomicallyAdded<Index>);
static_assert(!AtomicallyAdded<double> && !AtomicallyAdded<float>, "such a sum depends on the order of the threads");

/// The lines that end in "// BUG name", as "planted_races.cu:17", by name.
std::map<std::string, std::vector<std::string>> marked_lines() {
  std::map<std::string, std::vector<std::string>> lines;
  const std::string marker = "// BUG ";
  for (const auto& file : std::filesystem::directory_iterator(SIGMAHAT_PLANTED_DIR)) {
    if (file.path().extension() != ".cu") continue;
    std::ifstream in(file.path());
    std::string line;
    for (int number = 1; std::getline(in, line); ++number) {
      const std::size_t at = line.find(marker);
      if (at == std::string::npos) continue;
      lines[line.substr(at + marker.size())].push_back(file.path().filename().string() + ":" + std::to_string(number));
    }
  }
  return lines;
}

class EmulatorTest : public ::testing::TestWithParam<Planted> {
 protected:
  struct Outcome {
    std::string fault;  // empty: none
    std::vector<double> result;
  };

  /// One launch on a device as new. The result is that of the first `count` numbers.
  static Outcome run(const Planted& bug, bool planted, Index count) {
    emulator::reset();
    cudaStream_t stream = nullptr;
    EXPECT_TRUE(succeeded(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking)));
    Outcome outcome;
    {
      std::vector<double> numbers(PlantedMemory::kNumbers);
      for (std::size_t k = 0; k < numbers.size(); ++k) numbers[k] = static_cast<double>(k);
      const DeviceArray<double> g_numbers(stream, numbers), g_result(PlantedMemory::kNumbers);
      const DeviceArray<Index> g_counts(stream, std::vector<Index>(PlantedMemory::kCounts));
      const LaunchStatus status = bug.launch(stream, {g_numbers.get(), g_result.get(), g_counts.get()}, planted);
      EXPECT_TRUE(planted || status.ok());
      if (cudaStreamSynchronize(stream) != cudaSuccess) {
        outcome.fault = cudaGetErrorString(cudaErrorLaunchFailure);
      } else {
        outcome.result.resize(static_cast<std::size_t>(count));
        EXPECT_TRUE(succeeded(cudaMemcpyAsync(outcome.result.data(), g_result.get(),
                                              outcome.result.size() * sizeof(double), cudaMemcpyDeviceToHost, stream)));
        EXPECT_TRUE(succeeded(cudaStreamSynchronize(stream)));
      }
    }
    emulator::reset();
    EXPECT_TRUE(succeeded(cudaStreamDestroy(stream)));
    EXPECT_EQ(emulator::leaks(), std::vector<std::string>());
    return outcome;
  }

  static void expect_words(const std::string& message, const std::vector<std::string>& words) {
    ASSERT_NE(message, "") << "the fault was not found";
    for (const std::string& word : words) {
      EXPECT_TRUE(message.find(word) != std::string::npos) << "without \"" << word << "\": " << message;
    }
  }

  static void expect_progression(const Planted& bug) {
    const Progression& expected = bug.expected;
    for (const emulator::Order order : kOrders) {
      emulator::set_order(order);
      SCOPED_TRACE(emulator::schedule_name());
      const Outcome outcome = run(bug, false, expected.count);
      EXPECT_EQ(outcome.fault, "");
      std::vector<double> numbers;
      for (Index k = 0; k < expected.count; ++k)
        numbers.push_back(expected.first + static_cast<double>(k) * expected.step);
      EXPECT_EQ(outcome.result, numbers);
    }
  }
};

using PlantedBug = EmulatorTest;

#if defined(__SANITIZE_ADDRESS__)
constexpr bool kAddressSanitizer = true;
#else
constexpr bool kAddressSanitizer = false;
#endif

TEST_P(PlantedBug, IsFound) {
  const Planted& bug = GetParam();
  if (bug.evidence == Evidence::sanitizer) {
    if (!kAddressSanitizer) GTEST_SKIP() << "only the address sanitizer sees it: preset debug";
    EXPECT_DEATH(run(bug, true, bug.expected.count), bug.hint);
    return;
  }
  if (bug.evidence == Evidence::checker && !emulator::has_checker()) {
    GTEST_SKIP() << "kernels were compiled without the checker's instrumentation (SIGMAHAT_EMULATOR_CHECKER)";
  }
  const bool has_line = bug.evidence == Evidence::checker || bug.evidence == Evidence::scheduler;
  std::vector<std::string> words = marked_lines()[bug.name];
  ASSERT_EQ(!words.empty(), has_line) << "the sources need a line that ends in // BUG " << bug.name;
  words.push_back(std::string("kernel ") + (bug.evidence == Evidence::shape ? "fill_result" : bug.name));
  words.push_back(bug.hint);
  if (has_line) words.push_back("thread ");
  for (const emulator::Order order : kOrders) {
    emulator::set_order(order);
    SCOPED_TRACE(emulator::schedule_name());
    const Outcome outcome = run(bug, true, bug.expected.count);
    if (bug.evidence == Evidence::poison) {
      EXPECT_TRUE(std::any_of(outcome.result.begin(), outcome.result.end(), [](double x) { return std::isnan(x); }));
    } else {
      expect_words(outcome.fault, words);
      if (has_line) expect_words(outcome.fault, {emulator::schedule_name()});
    }
  }
}

TEST_P(PlantedBug, TwinRuns) { expect_progression(GetParam()); }

using InnocentKernel = EmulatorTest;

TEST_P(InnocentKernel, Runs) { expect_progression(GetParam()); }

std::vector<Planted> all_planted() {
  std::vector<Planted> all;
  for (const auto& group : {planted_accesses(), planted_arithmetic(), planted_pointers(), planted_initialisation(),
                            planted_races(), planted_barriers(), planted_copies(), planted_blocks()}) {
    all.insert(all.end(), group.begin(), group.end());
  }
  return all;
}

const auto kName = [](const auto& parameter) { return std::string(parameter.param.name); };
INSTANTIATE_TEST_SUITE_P(Emulator, PlantedBug, ::testing::ValuesIn(all_planted()), kName);
INSTANTIATE_TEST_SUITE_P(Emulator, InnocentKernel, ::testing::ValuesIn(innocent()), kName);

}  // namespace
}  // namespace sigmahat::test
