#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "gaussian_fit.hpp"
#include "least_squares_fit.hpp"
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

TEST(EmulatedManifest, NamesTheGpuItsLibrariesAndItsLevels) {
  const std::string data = SIGMAHAT_EXAMPLE_DATA;
  const Json gaussian =
      repeat_gaussian_fit({"--columns=DAX,SMI", "--compare", "--device=cuda:0", "--", data + "/eustockmarkets.csv"});
  EXPECT_EQ(gaussian.at("device").at("used"), "cuda:0");
  for (const char* library : {"CUDA driver", "CUDA runtime", "cuBLAS", "cuSOLVER"}) {
    EXPECT_TRUE(gaussian.at("libraries").contains(library)) << library;
  }
  const auto level = [](const Json& manifest, const char* name) {
    return manifest.at("results").at(name).at("determinism").get<std::string>();
  };
  EXPECT_EQ(level(gaussian, "mean"), "D3");
  EXPECT_EQ(level(gaussian, "rank"), "D3");
  EXPECT_EQ(level(gaussian, "log_likelihood"), "D1");
  EXPECT_EQ(level(gaussian, "ascent_score_norm"), "D1");
  const Json regression = repeat_least_squares_fit(
      {"--y=invest", "--x=value,capital", "--by=firm", "--device=cuda:0", "--", data + "/grunfeld.csv"});
  EXPECT_EQ(regression.at("device").at("used"), "cuda:0");
  EXPECT_EQ(level(regression, "coef"), "D3");
}

}  // namespace
}  // namespace sigmahat::cli::test
