// The race checker against the definition: random accesses and barriers of one block, in which it must complain where
// two accesses race, and nowhere else.
#include <random>

#include "kernel_test.hpp"
#include "planted.hpp"

namespace sigmahat::test {
namespace {

constexpr int kThreads = 96, kSteps = 6;

struct Program {
  std::vector<int> actions = std::vector<int>(kThreads * kSteps, no_action);
  std::vector<int> barriers = std::vector<int>(kSteps);

  explicit Program(unsigned seed) {
    std::mt19937 random(seed);
    const auto below = [&](unsigned n) { return static_cast<int>(random() % n); };
    // Few threads of few lanes, so that the same ones meet again.
    for (int k = 2 + below(9); k > 0; --k) {
      const int thread = 32 * below(3) + below(3), step = below(kSteps), word = below(kProgramWords);
      actions[step * kThreads + thread] = 3 * word + (below(2) == 0 ? read_word : below(3));
    }
    for (int& barrier : barriers) barrier = below(3);
  }

  /// Access b is ordered after access a, of an earlier step.
  bool ordered(int a, int b) const {
    const int first = a % kThreads, second = b % kThreads;
    bool result = first == second;
    for (int s = a / kThreads; s < b / kThreads; ++s) {
      result = result || barriers[s] == of_block || (barriers[s] == of_warp && first / 32 == second / 32);
    }
    return result;
  }

  bool races() const {
    for (int a = 0; a < kThreads * kSteps; ++a) {
      for (int b = a + 1; actions[a] != no_action && b < kThreads * kSteps; ++b) {
        if (actions[b] == no_action || actions[a] / 3 != actions[b] / 3) continue;
        const int first = actions[a] % 3, second = actions[b] % 3;
        const bool conflict = first != second || first == write_word;
        if (conflict && !ordered(a, b)) return true;
      }
    }
    return false;
  }
};

using RandomProgram = KernelTest;

TEST_P(RandomProgram, IsRefusedWhereItRacesAndNowhereElse) {
  if (!emulator::has_checker()) GTEST_SKIP() << "kernels were compiled without the checker's instrumentation";
  const DeviceArray<int> sink(kThreads);
  int racing = 0;
  constexpr int kPrograms = 1000;
  for (unsigned seed = 0; seed < kPrograms; ++seed) {
    SCOPED_TRACE("program " + std::to_string(seed));
    const Program program(seed);
    const auto actions = put(program.actions), barriers = put(program.barriers);
    ASSERT_TRUE(launch_program(stream(), kThreads, kSteps, actions.get(), barriers.get(), sink.get()).ok());
    const bool found = cudaStreamSynchronize(stream()) != cudaSuccess;
    const std::string message = found ? cudaGetErrorString(cudaErrorLaunchFailure) : "no fault";
    emulator::reset();
    EXPECT_EQ(found, program.races()) << message;
    EXPECT_EQ(found, message.find("data race") != std::string::npos) << message;
    racing += found ? 1 : 0;
  }
  EXPECT_GT(racing, kPrograms / 4);
  EXPECT_LT(racing, 3 * kPrograms / 4);
}

SIGMAHAT_ON_DEVICE(RandomProgram);

}  // namespace
}  // namespace sigmahat::test
