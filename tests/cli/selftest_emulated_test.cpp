#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "selftest.hpp"

namespace sigmahat::cli::test {
namespace {

TEST(EmulatedSelftest, TheGpusBitsAreTheStoredOnes) {
  const std::vector<selftest::Run> runs = selftest_runs("cuda:0", selftest::expected_results());
  ASSERT_EQ(runs.size(), 1u);
  EXPECT_EQ(runs[0].device, "cuda:0");
  EXPECT_EQ(runs[0].info.name, "cuda");
  EXPECT_EQ(selftest::failures(runs), "");
  const auto& checks = runs[0].checks;
  const auto count = [&](selftest::Kind kind) {
    return std::count_if(checks.begin(), checks.end(), [&](const auto& check) { return check.kind == kind; });
  };
  EXPECT_GE(count(selftest::Kind::stored_bits), 15);
  EXPECT_GE(count(selftest::Kind::same_bits), 10) << "what is D1 is computed twice";
  EXPECT_GE(count(selftest::Kind::bound), 15);
}

}  // namespace
}  // namespace sigmahat::cli::test
