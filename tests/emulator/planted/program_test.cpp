// The race checker against the definition: random accesses and barriers of one block. It must not complain where no two
// accesses race, and complain where two do.
#include <random>

#include "kernel_test.hpp"
#include "planted.hpp"

namespace sigmahat::test {
namespace {

constexpr int kThreads = 96, kSteps = 6;

/// What stands between the steps.
enum class Barriers { whole, partial };  // of all lanes of a warp or of the block; also of some lanes

struct Program {
  std::vector<int> actions = std::vector<int>(kThreads * kSteps, no_action);
  std::vector<int> barriers = std::vector<int>(kSteps);

  Program(unsigned seed, Barriers kind) {
    std::mt19937 random(seed);
    const auto below = [&](unsigned n) { return static_cast<int>(random() % n); };
    // Few threads of few lanes, so that the same ones meet again.
    for (int k = 2 + below(9); k > 0; --k) {
      const int thread = 32 * below(3) + below(3), step = below(kSteps), word = below(kProgramWords);
      actions[step * kThreads + thread] = 3 * word + (below(2) == 0 ? read_word : below(3));
    }
    constexpr int kMasks[] = {0b011, 0b101, 0b110};
    for (int& barrier : barriers) {
      barrier = below(3);
      if (kind == Barriers::partial && below(2) == 0) barrier = kMasks[below(3)];
    }
  }

  /// Whether the thread takes part in the barrier after step s, and the other one in the same.
  bool meet(int s, int thread, int other) const {
    if (barriers[s] == no_barrier) return false;
    if (barriers[s] == of_block) return true;
    const bool lanes = barriers[s] == of_warp || ((barriers[s] >> thread % 32 & barriers[s] >> other % 32) & 1) != 0;
    return lanes && thread / 32 == other / 32;
  }

  /// Access b is ordered after access a, of an earlier step: a chain of barriers leads from the one thread to the other.
  bool ordered(int a, int b) const {
    std::vector<bool> reached(kThreads);
    reached[a % kThreads] = true;
    for (int s = a / kThreads; s < b / kThreads; ++s) {
      const std::vector<bool> before = reached;
      for (int from = 0; from < kThreads; ++from) {
        for (int to = 0; before[from] && to < kThreads; ++to) reached[to] = reached[to] || meet(s, from, to);
      }
    }
    return reached[b % kThreads];
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

class RandomProgram : public KernelTest {
 protected:
  struct Counts {
    int racing = 0, missed = 0;
  };
  /// Runs `programs` of them. A fault is one of a race, and there is one.
  Counts run(int programs, Barriers kind) const {
    const DeviceArray<int> sink(kThreads);
    Counts counts;
    for (int seed = 0; seed < programs; ++seed) {
      SCOPED_TRACE("program " + std::to_string(seed));
      const Program program(static_cast<unsigned>(seed), kind);
      const auto actions = put(program.actions), barriers = put(program.barriers);
      require_success(launch_program(stream(), kThreads, kSteps, actions.get(), barriers.get(), sink.get()));
      const bool found = cudaStreamSynchronize(stream()) != cudaSuccess;
      const std::string message = found ? cudaGetErrorString(cudaErrorLaunchFailure) : "no fault";
      emulator::reset();
      const bool races = program.races();
      EXPECT_TRUE(races || !found) << message;
      EXPECT_EQ(found, message.find("data race") != std::string::npos) << message;
      counts.racing += races ? 1 : 0;
      counts.missed += races && !found ? 1 : 0;
    }
    EXPECT_GT(counts.racing, programs / 4);
    EXPECT_LT(counts.racing, 3 * programs / 4);
    return counts;
  }
};

TEST_P(RandomProgram, IsRefusedWhereItRacesAndNowhereElse) {
  if (!emulator::has_checker()) GTEST_SKIP() << "kernels were compiled without the checker's instrumentation";
  EXPECT_EQ(run(1000, Barriers::whole).missed, 0);
}

TEST_P(RandomProgram, WithBarriersOfSomeLanesIsRefusedWhereItRaces) {
  if (!emulator::has_checker()) GTEST_SKIP() << "kernels were compiled without the checker's instrumentation";
  // A word's record has room for two readers; in none of these programs is a race hidden by a third one.
  EXPECT_EQ(run(3000, Barriers::partial).missed, 0);
}

SIGMAHAT_ON_DEVICE(RandomProgram);

}  // namespace
}  // namespace sigmahat::test
