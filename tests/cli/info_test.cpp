#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "cli_support.hpp"

namespace sigmahat::cli::test {
namespace {

using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::StartsWith;

TEST(Info, Version) {
  const Outcome outcome = run_sigmahat({"--version"});
  EXPECT_EQ(outcome.code, 0);
  EXPECT_EQ(outcome.out, std::string("sigmahat ") + SIGMAHAT_VERSION + "\n");
}

TEST(Info, TellsBuildDevicesAndLibraries) {
  const Outcome outcome = run_sigmahat({"info", "--device", "cpu"});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_THAT(outcome.out, StartsWith(std::string("sigmahat ") + SIGMAHAT_VERSION + "\n"));
  for (const char* word : {"compiler", "build type", "CUDA", "devices", "reference", "instruction set", "threads",
                           "Apache Arrow", "libzip", "OpenBLAS", "device in use: cpu (asked for: cpu)"}) {
    EXPECT_THAT(outcome.out, HasSubstr(word));
  }
}

TEST(Info, Json) {
  const Outcome outcome = run_sigmahat({"info", "--json", "--device", "cpu", "--threads", "1"});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const Json info = outcome.json();
  EXPECT_EQ(info.at("version"), SIGMAHAT_VERSION);
  EXPECT_TRUE(info.at("build").at("cuda").is_boolean());
  EXPECT_EQ(info.at("device").at("requested"), "cpu");
  EXPECT_EQ(info.at("device").at("used"), "cpu");
  EXPECT_EQ(info.at("device").at("threads"), 1);
  EXPECT_FALSE(info.at("device").at("instruction_set").get<std::string>().empty());
  EXPECT_TRUE(info.at("libraries").contains("Apache Arrow"));
  const Json& devices = info.at("devices");
  EXPECT_TRUE(std::any_of(devices.begin(), devices.end(), [](const Json& entry) {
    return entry.at("name") == "cpu" && entry.at("available") == true;
  }));
}

TEST(Help, ShowsDefaultsAndExitCodes) {
  const Outcome outcome = run_sigmahat({"gaussian", "fit", "--help"});
  EXPECT_EQ(outcome.code, 0);
  // "=1000", and from version 2.4 of CLI11 on " [1000]".
  for (const char* text :
       {"--max-iterations INT(=| \\[)1000", "--score-tolerance FLOAT(=| \\[)1e-13", "(=| \\[)closed-form",
        "(=| \\[)fisher", "--device TEXT(=| \\[)auto", "Exit codes:", "5  device"}) {
    EXPECT_THAT(outcome.out, ContainsRegex(text));
  }
}

}  // namespace
}  // namespace sigmahat::cli::test
