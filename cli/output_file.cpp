#include "output_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "sigmahat/host/error.hpp"

namespace sigmahat::cli {
namespace {

constexpr std::array kSignals = {SIGINT, SIGTERM, SIGHUP};

// The temporaries that a signal handler has to remove. Slots change only while those signals are blocked.
constexpr std::size_t kSlots = 8;
std::array<char[4096], kSlots> pending_paths{};

extern "C" void remove_pending_files(int signal) {
  for (const auto& path : pending_paths) {
    if (path[0] != '\0') unlink(path);
  }
  ::signal(signal, SIG_DFL);
  raise(signal);
}

/// Blocks the signals for the length of a scope.
class SignalBlock {
 public:
  SignalBlock() {
    sigset_t blocked;
    sigemptyset(&blocked);
    for (const int signal : kSignals) sigaddset(&blocked, signal);
    pthread_sigmask(SIG_BLOCK, &blocked, &before_);
  }
  ~SignalBlock() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

 private:
  sigset_t before_{};
};

void install_handlers() {
  struct sigaction action {};
  action.sa_handler = remove_pending_files;
  sigemptyset(&action.sa_mask);
  for (const int signal : kSignals) {
    struct sigaction before {};
    sigaction(signal, nullptr, &before);
    if (before.sa_handler == SIG_DFL) sigaction(signal, &action, nullptr);  // one that is ignored stays so
  }
}

void add_pending(const std::string& path) {
  for (auto& slot : pending_paths) {
    if (slot[0] != '\0' || path.size() >= sizeof slot) continue;
    std::memcpy(slot, path.c_str(), path.size() + 1);
    return;
  }
}

void remove_pending(const std::string& path) {
  for (auto& slot : pending_paths) {
    if (path == slot) slot[0] = '\0';
  }
}

/// The permissions of an older target, or those that a new file would get.
mode_t target_mode(const std::string& path) {
  struct stat status {};
  if (stat(path.c_str(), &status) == 0) return status.st_mode & 07777;
  const mode_t mask = umask(0);
  umask(mask);
  return 0666 & ~mask;
}

}  // namespace

OutputFile::OutputFile(const std::string& path) : path_(path) {
  namespace fs = std::filesystem;
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  if (path.empty() || fs::is_directory(status)) {
    throw DataError(fmt::format("{}: cannot be written: it is a directory", path.empty() ? "''" : path));
  }
  if (fs::exists(status) && !fs::is_regular_file(status)) {
    throw DataError(
        fmt::format("{}: cannot be written: it is no regular file, and outputs replace their target", path));
  }
  // A link stays a link: what it points to is replaced.
  if (fs::is_symlink(fs::symlink_status(path, error))) {
    const fs::path target = fs::weakly_canonical(path, error);
    if (!error) path_ = target.string();
  }

  temporary_ = path_ + ".XXXXXX";
  const SignalBlock block;
  install_handlers();
  descriptor_ = mkostemp(temporary_.data(), O_CLOEXEC);
  if (descriptor_ < 0) fail("be written");
  add_pending(temporary_);
  fchmod(descriptor_, target_mode(path_));
}

OutputFile::~OutputFile() { discard(); }

void OutputFile::write(std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(descriptor_, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) fail("be written");
    text.remove_prefix(static_cast<std::size_t>(written));
  }
}

void OutputFile::commit() {
  const SignalBlock block;
  if (fsync(descriptor_) != 0) fail("be made durable");
  if (rename(temporary_.c_str(), path_.c_str()) != 0) fail("take its place");
  remove_pending(temporary_);
  close(descriptor_);
  descriptor_ = -1;
}

void OutputFile::fail(const char* action) const {
  throw DataError(fmt::format("{}: cannot {}: {}", path_, action, std::strerror(errno)));
}

void OutputFile::discard() noexcept {
  if (descriptor_ < 0) return;
  const SignalBlock block;
  close(descriptor_);
  descriptor_ = -1;
  unlink(temporary_.c_str());
  remove_pending(temporary_);
}

void check_writable(const std::string& path) { const OutputFile probe(path); }

}  // namespace sigmahat::cli
