// The number of threads that a container's quota leaves.
#include "backends/cpu/thread_count.hpp"

#include <gtest/gtest.h>
#include <omp.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace sigmahat::backends {
namespace {

/// A folder that looks like mounted control groups.
class Quota : public ::testing::Test {
 protected:
  void SetUp() override {
    root_ = std::filesystem::temp_directory_path() / ("sigmahat-quota-" + std::to_string(getpid()));
    std::filesystem::create_directories(root_);
  }
  void TearDown() override { std::filesystem::remove_all(root_); }

  void set(const char* group, const char* text) const {
    std::filesystem::create_directories(root_ / group);
    std::ofstream(root_ / group / "cpu.max") << text;
  }

  std::filesystem::path root_;
};

TEST_F(Quota, IsRoundedUpToCpus) {
  EXPECT_EQ(quota_cpus(root_, "/"), 0) << "no such file, as in the root of a machine";
  for (const auto& [text, cpus] : {std::pair{"max 100000\n", 0},
                                   {"200000 100000\n", 2},
                                   {"150000 100000\n", 2},
                                   {"1000 100000\n", 1},
                                   {"50000 25000\n", 2},
                                   {"", 0},
                                   {"0 100000", 0},
                                   {"100000 0", 0},
                                   {"nonsense", 0}}) {
    set("", text);
    EXPECT_EQ(quota_cpus(root_, "/"), cpus) << text;
  }
}

TEST_F(Quota, IsTheLeastOfTheGroupsAround) {
  set("a/b", "800000 100000\n");
  set("a", "300000 100000\n");
  EXPECT_EQ(quota_cpus(root_, "/a/b"), 3);
  EXPECT_EQ(quota_cpus(root_, "/a/b/c"), 3) << "a group that is not mounted here";
  set("a/b", "100000 100000\n");
  EXPECT_EQ(quota_cpus(root_, "/a/b"), 1);
  EXPECT_EQ(quota_cpus(root_, "/a"), 3);
  EXPECT_EQ(quota_cpus(root_, "/other"), 0);
}

TEST_F(Quota, LimitsWhatOpenMPOffersButNotWhatTheUserChose) {
  unsetenv("OMP_NUM_THREADS");
  omp_set_num_threads(7);
  EXPECT_EQ(default_threads(root_), 7) << "without a quota";
  set("", "900000 100000");
  EXPECT_EQ(default_threads(root_), 7) << "below the quota";
  set("", "300000 100000");
  EXPECT_EQ(default_threads(root_), 3);
  setenv("OMP_NUM_THREADS", "7", 1);
  EXPECT_EQ(default_threads(root_), 7);
}

}  // namespace
}  // namespace sigmahat::backends
