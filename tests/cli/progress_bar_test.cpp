#include "progress_bar.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include <array>

#include "cli_support.hpp"

namespace sigmahat::cli::test {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::MatchesRegex;

/// A terminal of the system's own making; what is written to it can be read back.
class Terminal {
 public:
  Terminal() : master_(posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK)) {
    if (master_ < 0 || grantpt(master_) != 0 || unlockpt(master_) != 0) return;
    slave_ = open(ptsname(master_), O_RDWR | O_NOCTTY);
  }
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;
  ~Terminal() {
    for (const int descriptor : {slave_, master_}) {
      if (descriptor >= 0) close(descriptor);
    }
  }
  int descriptor() const { return slave_; }
  std::string written() const {
    std::string text;
    std::array<char, 4096> piece{};
    for (ssize_t count = 0; (count = read(master_, piece.data(), piece.size())) > 0;) {
      text.append(piece.data(), static_cast<std::size_t>(count));
    }
    return text;
  }

 private:
  int master_ = -1, slave_ = -1;
};

TEST(ProgressBar, StandsOnATerminalAndGoesAway) {
  const Terminal terminal;
  if (terminal.descriptor() < 0) GTEST_SKIP() << "the system has no pseudo-terminals: is /dev/pts mounted?";
  {
    ProgressBar bar(terminal.descriptor(), "problems", std::chrono::milliseconds{0});
    EXPECT_TRUE(bar.enabled());
    bar.update(250, 1000);
    EXPECT_THAT(terminal.written(), MatchesRegex("\r\\[#######  *\\]  25 %  250 of 1000 problems"));
    bar.update(260, 1000);
    EXPECT_THAT(terminal.written(), IsEmpty()) << "ten times a second at most";
  }
  const std::string cleared = terminal.written();
  EXPECT_THAT(cleared, MatchesRegex("\r *\r"));
  EXPECT_GE(cleared.size(), std::string("[##############################]  25 %  250 of 1000 problems").size() + 2);
}

TEST(ProgressBar, AppearsOnlyAfterTheDelay) {
  const Terminal terminal;
  if (terminal.descriptor() < 0) GTEST_SKIP() << "the system has no pseudo-terminals: is /dev/pts mounted?";
  {
    ProgressBar bar(terminal.descriptor(), "problems");
    bar.update(1, 2);
  }
  EXPECT_THAT(terminal.written(), IsEmpty());
}

TEST(ProgressBar, NeverOutsideOfATerminal) {
  const Folder folder;
  const int file = open(folder.path("err").c_str(), O_RDWR | O_CREAT, 0600);
  ASSERT_GE(file, 0);
  {
    ProgressBar bar(file, "problems", std::chrono::milliseconds{0});
    EXPECT_FALSE(bar.enabled());
    bar.update(1, 2);
  }
  close(file);
  EXPECT_THAT(read_file(folder.path("err")), IsEmpty());
}

}  // namespace
}  // namespace sigmahat::cli::test
