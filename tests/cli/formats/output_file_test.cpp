#include "formats/output_file.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "cli_support.hpp"
#include "exit_code.hpp"
#include "sigmahat/host/error.hpp"

namespace sigmahat::cli::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

TEST(OutputFile, AppearsWholeOnCommit) {
  const Folder folder;
  OutputFile file("--out", folder.path("out.txt"));
  file.write("one ");
  file.write("two");
  EXPECT_FALSE(std::filesystem::exists(folder.path("out.txt")));
  file.commit();
  EXPECT_EQ(read_file(folder.path("out.txt")), "one two");
  EXPECT_THAT(folder.names(), ElementsAre("out.txt"));
}

TEST(OutputFile, LeavesNothingWithoutCommit) {
  const Folder folder;
  {
    OutputFile file("--out", folder.path("out.txt"));
    file.write("half");
  }
  EXPECT_THAT(folder.names(), IsEmpty());
}

TEST(OutputFile, KeepsTheOlderFileWithoutCommit) {
  const Folder folder;
  folder.write("out.txt", "old");
  {
    OutputFile file("--out", folder.path("out.txt"));
    file.write("new");
  }
  EXPECT_EQ(read_file(folder.path("out.txt")), "old");
  EXPECT_THAT(folder.names(), ElementsAre("out.txt"));
}

TEST(OutputFile, ReplacesKeepingPermissionsAndLinks) {
  const Folder folder;
  const std::string target = folder.write("target.txt", "old");
  ASSERT_EQ(chmod(target.c_str(), 0640), 0);
  std::filesystem::create_symlink("target.txt", folder.path("link.txt"));
  OutputFile file("--out", folder.path("link.txt"));
  file.write("new");
  file.commit();
  EXPECT_TRUE(std::filesystem::is_symlink(folder.path("link.txt")));
  EXPECT_EQ(read_file(target), "new");
  EXPECT_EQ(static_cast<int>(std::filesystem::status(target).permissions()), 0640);
}

TEST(OutputFile, NamesWhyATargetCannotBeWritten) {
  const Folder folder;
  const auto error_of = [](const std::string& path) -> std::string {
    try {
      const OutputFile file("--out", path);
    } catch (const DataError& error) {
      return error.what();
    } catch (const UsageError& error) {
      return std::string("usage: ") + error.what();
    }
    return "no error";
  };
  EXPECT_THAT(error_of(folder.path("none/out.txt")), HasSubstr("none/out.txt: cannot be written: No such file"));
  EXPECT_THAT(error_of(folder.path("")), AllOf(StartsWith("usage: --out: "), HasSubstr("it is a directory")));
  std::filesystem::create_symlink("none/target.txt", folder.path("dangling"));
  EXPECT_THAT(error_of(folder.path("dangling")), HasSubstr("a symbolic link that leads nowhere"));
  std::filesystem::create_directory_symlink(".", folder.path("folder"));
  EXPECT_THAT(error_of(folder.path("folder")), HasSubstr("it is a directory"));
  ASSERT_EQ(mkfifo(folder.path("pipe").c_str(), 0600), 0);
  std::filesystem::create_symlink("pipe", folder.path("to_pipe"));  // as /dev/stdout leads to a pipe or a terminal
  EXPECT_THAT(error_of(folder.path("to_pipe")), AllOf(StartsWith("usage: --out: "), HasSubstr("no regular file")));
  EXPECT_THAT(error_of(folder.path("pipe")), HasSubstr("no regular file"));
  EXPECT_TRUE(std::filesystem::is_symlink(folder.path("to_pipe"))) << "a link is never replaced";
  EXPECT_THAT(folder.names(), ElementsAre("dangling", "folder", "pipe", "to_pipe"));
}

TEST(OutputFile, ASignalRemovesTheTemporary) {
  for (const int signal : {SIGINT, SIGTERM, SIGPIPE}) {
    const Folder folder;
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      OutputFile file("--out", folder.path("out.txt"));
      file.write("half");
      raise(signal);
      _exit(0);  // not reached
    }
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == signal) << "status " << status;
    EXPECT_THAT(folder.names(), IsEmpty());
  }
}

}  // namespace
}  // namespace sigmahat::cli::test
