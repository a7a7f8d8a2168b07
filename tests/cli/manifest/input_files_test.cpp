// Inputs that change while a run reads them: their digests would be those of other data than the results.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <thread>

#include "cli_support.hpp"
#include "exit_code.hpp"
#include "manifest/input_files.hpp"
#include "sigmahat/host/error.hpp"

namespace sigmahat::cli::test {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;
using namespace std::chrono_literals;

class InputFilesTest : public ::testing::Test {
 protected:
  void write(const char* text) const { folder_.write("rows.csv", text); }
  void SetUp() override { write("x,y\n1,2\n"); }

  void expect_change(const InputFiles& files) const {
    try {
      (void)files.facts();
      ADD_FAILURE() << "the change was not seen";
    } catch (const DataError& error) {
      EXPECT_THAT(error.what(), AllOf(StartsWith(path_ + ": the file changed"), HasSubstr("run again")));
    }
  }

  Folder folder_;
  std::string path_ = folder_.path("rows.csv");
};

TEST_F(InputFilesTest, OneThatStaysHasItsFacts) {
  const Json facts = InputFiles({{"FILE", path_}, {"start", ""}}).facts();
  ASSERT_EQ(facts.size(), 1u) << "none without a path";
  EXPECT_EQ(facts[0], Json({{"option", "FILE"},
                            {"path", path_},
                            {"bytes", 8},
                            // printf 'x,y\n1,2\n' | sha256sum
                            {"sha256", "81bf9fa83c6f7f151bd491a98cd7d933de3965289e3ebd77c6c425f7eaa16392"}}));
}

TEST_F(InputFilesTest, AnotherSize) {
  const auto modified = std::filesystem::last_write_time(path_);
  const InputFiles files({{"FILE", path_}});
  write("x,y\n1,2\n3,4\n");
  std::filesystem::last_write_time(path_, modified);
  expect_change(files);
}

TEST_F(InputFilesTest, AnotherTime) {
  const InputFiles files({{"FILE", path_}});
  std::filesystem::last_write_time(path_, std::filesystem::last_write_time(path_) + 1us);
  expect_change(files);
}

TEST_F(InputFilesTest, AnotherFileInItsPlace) {
  const std::string other = folder_.write("other.csv", "x,y\n3,4\n");
  std::filesystem::last_write_time(other, std::filesystem::last_write_time(path_));
  const InputFiles files({{"FILE", path_}});
  std::filesystem::rename(other, path_);
  expect_change(files);
}

TEST_F(InputFilesTest, OneThatCameLater) {
  std::filesystem::remove(path_);
  const InputFiles files({{"FILE", path_}});
  SetUp();
  expect_change(files);
}

TEST_F(InputFilesTest, OneThatWent) {
  const InputFiles files({{"FILE", path_}});
  std::filesystem::remove(path_);
  EXPECT_THROW((void)files.facts(), DataError);
}

/// Changes a file once, as soon as somebody opens it.
class ChangeOnOpen {
 public:
  ChangeOnOpen(const std::string& path, void (*change)(const std::string& path)) : events_(inotify_init1(IN_CLOEXEC)) {
    EXPECT_GE(inotify_add_watch(events_, path.c_str(), IN_OPEN), 0);
    change_ = std::thread([this, path, change] {
      pollfd wait{events_, POLLIN, 0};
      if (poll(&wait, 1, 10'000) == 1) change(path);
    });
  }
  ChangeOnOpen(const ChangeOnOpen&) = delete;
  ChangeOnOpen& operator=(const ChangeOnOpen&) = delete;
  ~ChangeOnOpen() {
    change_.join();
    close(events_);
  }

 private:
  int events_;
  std::thread change_;
};

void set_time(const std::string& path) { std::filesystem::last_write_time(path, std::filesystem::file_time_type{}); }
void cut(const std::string& path) { std::filesystem::resize_file(path, 10); }

class FitOfAChangingFile : public ::testing::TestWithParam<std::vector<std::string>> {};

/// Enough of them that a change, which comes at once, comes before the fit has ended.
std::string many_rows() {
  std::string rows = "y,a,b\n";
  for (int i = 0; i < 200'000; ++i) rows += fmt::format("{},{},{}\n", i % 7, i % 11, i % 13);
  return rows;
}

TEST_P(FitOfAChangingFile, HasNoManifest) {
  const Folder folder;
  const std::string path = folder.write("rows.csv", many_rows()), manifest = folder.path("run.json");
  std::vector<std::string> arguments = GetParam();
  arguments.insert(arguments.end(), {path, "--manifest", manifest});
  Outcome outcome;
  // On a machine that is busy elsewhere the change may come too late; not ten times.
  for (int attempt = 0; attempt < 10 && outcome.code != kExitData; ++attempt) {
    std::filesystem::remove(manifest);
    std::filesystem::last_write_time(path, std::filesystem::file_time_type::clock::now());
    const ChangeOnOpen change(path, set_time);
    outcome = run_sigmahat(arguments);
  }
  EXPECT_EQ(outcome.code, kExitData);
  EXPECT_THAT(outcome.err, StartsWith("sigmahat: error: " + path + ": the file changed while it was being read"));
  EXPECT_EQ(outcome.out, "");
  EXPECT_THAT(folder.names(), ElementsAre("rows.csv"));
}

TEST_P(FitOfAChangingFile, LeavesNoPartialOutputWhereTheFileIsCut) {
  const Folder folder;
  const std::string path = folder.path("rows.csv"), out = folder.path("out.json");
  std::vector<std::string> arguments = GetParam();
  arguments.insert(arguments.end(), {path, "--out", out, "--manifest", folder.path("run.json")});
  Outcome outcome;
  for (int attempt = 0; attempt < 10 && outcome.code != kExitData; ++attempt) {
    folder.write("rows.csv", many_rows());
    const ChangeOnOpen change(path, cut);
    outcome = run_sigmahat(arguments);
  }
  EXPECT_EQ(outcome.code, kExitData) << outcome.err;
  EXPECT_THAT(outcome.err, StartsWith("sigmahat: error: " + path + ": "));
  std::filesystem::remove(out);  // of an attempt at which the cut came too late
  std::filesystem::remove(folder.path("run.json"));
  EXPECT_THAT(folder.names(), ElementsAre("rows.csv"));
}

TEST_P(FitOfAChangingFile, MattersToTheManifestAlone) {
  const Folder folder;
  const std::string path = folder.write("rows.csv", many_rows());
  std::vector<std::string> arguments = GetParam();
  arguments.push_back(path);
  const ChangeOnOpen change(path, set_time);
  const Outcome outcome = run_sigmahat(arguments);
  EXPECT_EQ(outcome.code, kExitOk) << outcome.err;
}

INSTANTIATE_TEST_SUITE_P(, FitOfAChangingFile,
                         ::testing::Values(std::vector<std::string>{"gaussian", "fit"},
                                           std::vector<std::string>{"least-squares", "fit", "--y", "y"}),
                         [](const auto& instance) { return instance.index == 0 ? "gaussian" : "least_squares"; });

}  // namespace
}  // namespace sigmahat::cli::test
