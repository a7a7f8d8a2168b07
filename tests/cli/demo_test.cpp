// `sigmahat demo`: the same report wherever the data lie.
#include "demo.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <regex>
#include <sstream>

#include "cli_support.hpp"
#include "exit_code.hpp"

namespace sigmahat::cli::test {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

std::string current_folder;

void enter_folder() {
  if (chdir(current_folder.c_str()) != 0) _exit(126);
}

Outcome demo_in(const std::string& folder, const std::string& program = SIGMAHAT_EXECUTABLE) {
  current_folder = folder;
  return run_program(program, {"demo"}, enter_folder);
}

/// The report without its times, which no two runs share.
std::string without_times(const std::string& report) {
  return std::regex_replace(report, std::regex("[0-9.]+ (µs|ms|s)\\b"), "TIME");
}

std::vector<std::string> command_lines(const std::string& report) {
  std::vector<std::string> commands;
  std::istringstream lines(report);
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("$ ")) commands.push_back(line);
  }
  return commands;
}

TEST(Demo, ShowsFiveFitsAfterTheirCommandLines) {
  const Outcome outcome = demo_in(fs::path(SIGMAHAT_EXAMPLE_DATA).parent_path().parent_path());
  ASSERT_EQ(outcome.code, kExitOk) << outcome.err;
  EXPECT_THAT(outcome.err, IsEmpty());
  EXPECT_THAT(outcome.out, StartsWith("\n$ sigmahat info\nsigmahat " SIGMAHAT_VERSION "\n"));
  EXPECT_THAT(command_lines(outcome.out),
              ElementsAre("$ sigmahat info", HasSubstr("examples/data/iris.csv"),
                          HasSubstr("examples/data/eustockmarkets.csv"), HasSubstr("examples/data/grunfeld.csv"),
                          HasSubstr("examples/data/longley.csv"), HasSubstr("examples/data/longley.csv")));
  EXPECT_THAT(outcome.out, AllOf(HasSubstr("reached S exactly in 2 iterations"), HasSubstr("11 problems: 11 ok."),
                                 HasSubstr("-3482258.6")));
}

TEST(Demo, ItsCommandLinesPrintWhatItShows) {
  const std::string root = fs::path(SIGMAHAT_EXAMPLE_DATA).parent_path().parent_path();
  const Outcome outcome = demo_in(root);
  ASSERT_EQ(outcome.code, kExitOk) << outcome.err;
  std::string again;
  for (const std::string& command : command_lines(outcome.out)) {
    std::istringstream words(command.substr(std::string("$ sigmahat ").size()));
    std::vector<std::string> arguments;
    for (std::string word; words >> word;) arguments.push_back(word);
    again += "\n" + command + "\n" + run_program(SIGMAHAT_EXECUTABLE, arguments, enter_folder).out;
  }
  EXPECT_EQ(without_times(outcome.out), without_times(again));
}

TEST(Demo, AnInstalledProgramFindsItsData) {
  const Folder prefix, elsewhere;
  fs::create_directories(prefix.path("bin"));
  fs::create_directories(prefix.path("share/sigmahat/examples"));
  fs::copy_file(SIGMAHAT_EXECUTABLE, prefix.path("bin/sigmahat"));  // its run path leads to the build's libraries
  fs::copy(SIGMAHAT_EXAMPLE_DATA, prefix.path("share/sigmahat/examples/data"));
  const Outcome installed = demo_in(elsewhere.path(""), prefix.path("bin/sigmahat"));
  ASSERT_EQ(installed.code, kExitOk) << installed.err;
  const Outcome checkout = demo_in(fs::path(SIGMAHAT_EXAMPLE_DATA).parent_path().parent_path());
  EXPECT_EQ(without_times(installed.out), without_times(checkout.out));
  EXPECT_THAT(elsewhere.names(), IsEmpty());

  fs::remove(prefix.path("share/sigmahat/examples/data/longley.csv"));
  const Outcome incomplete = demo_in(elsewhere.path(""), prefix.path("bin/sigmahat"));
  EXPECT_EQ(incomplete.code, kExitData);
  EXPECT_THAT(incomplete.out, IsEmpty()) << "nothing is begun that cannot be finished";
}

TEST(Demo, SaysWhereItLookedForTheData) {
  const Folder folder;
  const Outcome outcome = demo_in(folder.path(""));
  EXPECT_EQ(outcome.code, kExitData);
  EXPECT_THAT(outcome.out, IsEmpty());
  EXPECT_THAT(outcome.err,
              AllOf(StartsWith("sigmahat: error: examples/data: the example data are neither in "),
                    HasSubstr("share/sigmahat nor in " + fs::path(folder.path("x")).parent_path().string())));
}

TEST(Demo, AFailureEndsIt) {
  const Folder folder;
  fs::create_directories(folder.path("examples"));
  fs::copy(SIGMAHAT_EXAMPLE_DATA, folder.path("examples/data"));
  folder.write("examples/data/grunfeld.csv", "firm,year,invest,value,capital\na,1,2,x,4\n");
  const Outcome outcome = demo_in(folder.path(""));
  EXPECT_EQ(outcome.code, kExitData);
  EXPECT_EQ(command_lines(outcome.out).size(), 4u);
  EXPECT_THAT(outcome.err, StartsWith("sigmahat: error: examples/data/grunfeld.csv: "));
  EXPECT_EQ(std::count(outcome.err.begin(), outcome.err.end(), '\n'), 1) << "one message, not one for the demo, too";
}

}  // namespace
}  // namespace sigmahat::cli::test
