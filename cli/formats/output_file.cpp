#include "formats/output_file.hpp"

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

#include "exit_code.hpp"
#include "sigmahat/host/error.hpp"

namespace sigmahat::cli {
namespace {

constexpr std::array kSignals = {SIGINT, SIGTERM, SIGHUP, SIGPIPE};

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

/// Whether standard output or standard error goes to this file, which would lose what is printed.
bool is_standard_stream(const std::string& path) {
  struct stat target {};
  if (stat(path.c_str(), &target) != 0) return false;
  for (const int descriptor : {STDOUT_FILENO, STDERR_FILENO}) {
    struct stat stream {};
    if (fstat(descriptor, &stream) == 0 && stream.st_dev == target.st_dev && stream.st_ino == target.st_ino)
      return true;
  }
  return false;
}

}  // namespace

std::string output_target(const std::string& option, const std::string& path) {
  namespace fs = std::filesystem;
  const auto refuse = [&](const std::string& reason) {
    throw UsageError(fmt::format("{}: {}: cannot be written: {}", option, path, reason));
  };
  std::error_code error;
  const bool link = fs::is_symlink(fs::symlink_status(path, error));
  const fs::file_status status = fs::status(path, error);
  if (fs::is_directory(status) || path.ends_with('/')) refuse("it is a directory");
  if (link && !fs::exists(status)) refuse("it is a symbolic link that leads nowhere");
  if (fs::exists(status) && !fs::is_regular_file(status)) refuse("it is no regular file, and outputs replace a file");
  if (is_standard_stream(path)) refuse("it is standard output or standard error; name another file");
  if (!link) return path;
  const fs::path target = fs::canonical(path, error);
  if (error) refuse(error.message());
  return target.string();
}

OutputFile::OutputFile(const std::string& option, const std::string& path)
    : option_(option), path_(output_target(option, path)), temporary_(path_ + ".XXXXXX") {
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

void OutputFile::write_at(std::string_view bytes, std::int64_t place) {
  while (!bytes.empty()) {
    const ssize_t written = pwrite(descriptor_, bytes.data(), bytes.size(), place);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) fail("be written");
    bytes.remove_prefix(static_cast<std::size_t>(written));
    place += written;
  }
}

void OutputFile::make_durable() {
  if (fsync(descriptor_) != 0) fail("be made durable");
}

void OutputFile::commit() {
  make_durable();
  const SignalBlock block;
  if (rename(temporary_.c_str(), path_.c_str()) != 0) fail("take its place");
  remove_pending(temporary_);
  close(descriptor_);
  descriptor_ = -1;
}

void OutputFile::fail(const char* action) const {
  throw DataError(fmt::format("{}: {}: cannot {}: {}", option_, path_, action, std::strerror(errno)));
}

void OutputFile::discard() noexcept {
  if (descriptor_ < 0) return;
  const SignalBlock block;
  close(descriptor_);
  descriptor_ = -1;
  unlink(temporary_.c_str());
  remove_pending(temporary_);
}

}  // namespace sigmahat::cli
