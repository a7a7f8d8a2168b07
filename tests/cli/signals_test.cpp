// The end by a signal: of an ordinary process, and of the first one of a PID namespace, as in a container.
#include "signals.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstring>
#include <filesystem>
#include <functional>
#include <optional>
#include <sstream>
#include <thread>

#include "cli_support.hpp"
#include "exit_code.hpp"
#include "formats/mapped_file.hpp"
#include "formats/output_file.hpp"

namespace sigmahat::cli::test {
namespace {

using ::testing::IsEmpty;
using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr auto kAtMost = 10s;  // for what has no limit of its own, on a busy machine

/// A child that a test has to end; whatever happens, none is left.
class Child {
 public:
  explicit Child(pid_t process) : process_(process) {}
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child() {
    if (ended_) return;
    kill(process_, SIGKILL);
    waitpid(process_, nullptr, 0);
  }

  pid_t process() const { return process_; }
  /// The status that waitpid() gives, or nothing if it runs longer.
  std::optional<int> wait(Clock::duration longest) {
    const auto end = Clock::now() + longest;
    do {
      int status = 0;
      if (waitpid(process_, &status, WNOHANG) == process_) {
        ended_ = true;
        return status;
      }
      std::this_thread::sleep_for(2ms);
    } while (Clock::now() < end);
    return {};
  }

 private:
  pid_t process_;
  bool ended_ = false;
};

/// A mask of signals in /proc/PID/status, as "SigCgt" of those with handlers.
std::uint64_t signal_mask(pid_t process, const std::string& name) {
  std::istringstream lines(read_file("/proc/" + std::to_string(process) + "/status"));
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with(name + ":")) return std::stoull(line.substr(name.size() + 1), nullptr, 16);
  }
  return 0;
}
bool has(std::uint64_t mask, int signal) { return (mask >> (signal - 1) & 1) != 0; }

bool waits_for_handlers(pid_t process) {
  for (const auto end = Clock::now() + kAtMost; Clock::now() < end; std::this_thread::sleep_for(1ms)) {
    if (has(signal_mask(process, "SigCgt"), SIGPIPE)) return true;
  }
  return false;
}

/// Becomes a command that writes no file and takes long.
[[noreturn]] void run_long_command() {
  if (std::freopen("/dev/null", "w", stdout) == nullptr || std::freopen("/dev/null", "w", stderr) == nullptr)
    _exit(126);
  execl(SIGMAHAT_EXECUTABLE, SIGMAHAT_EXECUTABLE, "bench", "derivatives", "--items", "50", "--size", "256",
        "--repetitions", "1000", "--device", "reference", static_cast<char*>(nullptr));
  _exit(127);
}

/// A child that runs `work`.
pid_t start(const std::function<void()>& work) {
  const pid_t process = fork();
  if (process == 0) {
    work();
    _exit(0);
  }
  return process;
}

/// Process 1 of a new PID namespace, which a child of ours waits for and whose exit code it returns.
struct FirstProcess {
  pid_t keeper = -1, first = -1;
  int error = 0;
};
FirstProcess start_as_first_process(const std::function<void()>& work) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return {-1, -1, errno};
  FirstProcess result;
  result.keeper = start([&] {
    pid_t report[2] = {-1, 0};
    if (unshare(CLONE_NEWPID) != 0 && unshare(CLONE_NEWUSER | CLONE_NEWPID) != 0) {
      report[1] = errno;
    } else {
      report[0] = start([&] {
        if (getpid() != 1 || prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) _exit(125);  // none is left if a test gives up
        work();
      });
      report[1] = report[0] < 0 ? errno : 0;
    }
    if (write(ends[1], report, sizeof report) != sizeof report) _exit(124);
    int status = 0;
    waitpid(report[0], &status, 0);
    _exit(WIFEXITED(status) ? WEXITSTATUS(status) : 1);
  });
  close(ends[1]);
  pid_t report[2] = {-1, 0};
  if (read(ends[0], report, sizeof report) != sizeof report) report[1] = EIO;
  close(ends[0]);
  result.first = report[0];
  result.error = report[1];
  return result;
}

/// Opens an output, says so by a byte, and waits for the end.
void write_half(const std::string& path, int told) {
  OutputFile file("--out", path);
  file.write("half");
  if (write(told, "!", 1) != 1) _exit(123);
  for (;;) pause();
}

/// Children begin without the handlers that other tests have left in this process.
class Signals : public ::testing::Test {
 protected:
  Signals() {
    for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGPIPE, SIGBUS}) std::signal(signal, SIG_DFL);
  }
};
using SignalsAsFirstProcess = Signals;

TEST_F(Signals, EndEveryCommandByTheirDefaultAction) {
  for (const int signal : {SIGTERM, SIGINT, SIGHUP}) {
    Child child(start(run_long_command));
    ASSERT_TRUE(waits_for_handlers(child.process()));
    kill(child.process(), signal);
    const std::optional<int> status = child.wait(1s);
    ASSERT_TRUE(status.has_value()) << "still running after a second";
    EXPECT_TRUE(WIFSIGNALED(*status) && WTERMSIG(*status) == signal) << "status " << *status;
  }
}

TEST_F(Signals, ThoseThatAreIgnoredStaySo) {
  Child child(start([] {
    signal(SIGHUP, SIG_IGN);  // as nohup does
    run_long_command();
  }));
  ASSERT_TRUE(waits_for_handlers(child.process()));
  EXPECT_TRUE(has(signal_mask(child.process(), "SigIgn"), SIGHUP));
  EXPECT_FALSE(has(signal_mask(child.process(), "SigCgt"), SIGHUP));
  kill(child.process(), SIGHUP);
  EXPECT_FALSE(child.wait(200ms).has_value()) << "it ended";
}

TEST_F(Signals, AThreadThatComputesHandsThemOn) {
  const Folder folder;
  int ends[2];
  ASSERT_EQ(pipe2(ends, O_CLOEXEC), 0);
  Child child(start([&] {
    const OutputFile file("--out", folder.path("out.txt"));
    {
      const SignalBlock block;  // the first thread is busy with its slots
      std::thread other([] {
        sigset_t all;
        sigfillset(&all);
        pthread_sigmask(SIG_UNBLOCK, &all, nullptr);
        raise(SIGTERM);
      });
      other.join();
      if (write(ends[1], "!", 1) != 1) _exit(123);  // not reached if the other thread ends the process
    }
    for (;;) pause();
  }));
  char byte = 0;
  close(ends[1]);
  EXPECT_EQ(read(ends[0], &byte, 1), 1) << "the process ended while its first thread blocked signals";
  close(ends[0]);
  const std::optional<int> status = child.wait(kAtMost);
  ASSERT_TRUE(status.has_value());
  EXPECT_TRUE(WIFSIGNALED(*status) && WTERMSIG(*status) == SIGTERM) << "status " << *status;
  EXPECT_THAT(folder.names(), IsEmpty());
}

TEST_F(Signals, AFileThatIsCutWhileItIsReadIsAnError) {
  const Folder folder;
  const Folder elsewhere;
  const std::string other = elsewhere.write("other.csv", std::string(100'000, 'x'));
  const std::string path = folder.write("rows\n.csv", std::string(100'000, 'x'));
  const auto read_behind_the_end = [&](bool in_another_thread) {
    install_signal_handlers();
    OutputFile out("--out", folder.path("out.txt"));
    out.write("half");
    for (int k = 0; k < 20; ++k) const MappedFile earlier(other);
    const MappedFile before(other), file(path), after(other);
    std::filesystem::resize_file(path, 10);
    const auto read = [&] {
      const volatile std::byte last = file.bytes().back();
      (void)last;
    };
    if (in_another_thread) {
      std::thread(read).join();
    } else {
      read();
    }
  };
  for (const bool in_another_thread : {false, true}) {
    EXPECT_EXIT(read_behind_the_end(in_another_thread), ::testing::ExitedWithCode(kExitData),
                "^sigmahat: error: .*/rows\\\\n.csv: the file changed while it was being read: it is shorter now; run "
                "again\n$");
    EXPECT_THAT(folder.names(), ::testing::ElementsAre("rows\n.csv"));
    folder.write("rows\n.csv", std::string(100'000, 'x'));
  }
}

TEST_F(Signals, AnotherBusErrorKeepsItsDefaultAction) {
  const Folder folder;
  const std::string path = folder.write("rows.csv", std::string(100'000, 'x'));
  const auto fault = [&](bool sent) {
    install_signal_handlers();
    const OutputFile out("--out", folder.path("out.txt"));
    const MappedFile file(path);
    const std::string other = folder.write("other", std::string(100'000, 'x'));
    const int descriptor = open(other.c_str(), O_RDONLY | O_CLOEXEC);
    void* const data = mmap(nullptr, 100'000, PROT_READ, MAP_PRIVATE, descriptor, 0);
    std::filesystem::resize_file(other, 0);
    if (sent) {
      raise(SIGBUS);
      _exit(0);
    }
    const volatile char first = *static_cast<const char*>(data);
    (void)first;
  };
  for (const bool sent : {false, true}) {
    EXPECT_EXIT(fault(sent), ::testing::KilledBySignal(SIGBUS), "^$");
    EXPECT_THAT(folder.names(), ::testing::ElementsAre("other", "rows.csv"));
  }
}

TEST_F(SignalsAsFirstProcess, EndEveryCommand) {
  for (const int signal : {SIGTERM, SIGINT}) {
    const FirstProcess started = start_as_first_process(run_long_command);
    Child keeper(started.keeper);
    if (started.error != 0) GTEST_SKIP() << "no PID namespace can be made here: " << std::strerror(started.error);
    ASSERT_TRUE(waits_for_handlers(started.first));
    kill(started.first, signal);
    const std::optional<int> status = keeper.wait(1s);
    ASSERT_TRUE(status.has_value()) << "still running after a second";
    EXPECT_TRUE(WIFEXITED(*status) && WEXITSTATUS(*status) == 128 + signal) << "status " << *status;
  }
}

TEST_F(SignalsAsFirstProcess, LeaveNoPartialOutput) {
  const Folder folder;
  folder.write("out.txt", "old");
  int ends[2];
  ASSERT_EQ(pipe2(ends, O_CLOEXEC), 0);
  const FirstProcess started = start_as_first_process([&] { write_half(folder.path("out.txt"), ends[1]); });
  Child keeper(started.keeper);
  close(ends[1]);
  char byte = 0;
  const ssize_t told = read(ends[0], &byte, 1);
  close(ends[0]);
  if (started.error != 0) GTEST_SKIP() << "no PID namespace can be made here: " << std::strerror(started.error);
  ASSERT_EQ(told, 1);
  EXPECT_EQ(folder.names().size(), 2u) << "the older file, and the temporary";
  kill(started.first, SIGTERM);
  const std::optional<int> status = keeper.wait(1s);
  ASSERT_TRUE(status.has_value()) << "still running after a second";
  EXPECT_TRUE(WIFEXITED(*status) && WEXITSTATUS(*status) == 128 + SIGTERM) << "status " << *status;
  EXPECT_THAT(folder.names(), ::testing::ElementsAre("out.txt"));
  EXPECT_EQ(read_file(folder.path("out.txt")), "old");
}

}  // namespace
}  // namespace sigmahat::cli::test
