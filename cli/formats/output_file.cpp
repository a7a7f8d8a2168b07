#include "formats/output_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "exit_code.hpp"
#include "sigmahat/host/error.hpp"
#include "signals.hpp"

namespace sigmahat::cli {
namespace {

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
  install_signal_handlers();
  descriptor_ = mkostemp(temporary_.data(), O_CLOEXEC);
  if (descriptor_ < 0) fail("be written");
  add_pending_file(temporary_);
  fchmod(descriptor_, target_mode(path_));
}

OutputFile::~OutputFile() { discard(); }

void OutputFile::write(std::string_view text) {
  durable_ = false;
  while (!text.empty()) {
    const ssize_t written = ::write(descriptor_, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) fail("be written");
    text.remove_prefix(static_cast<std::size_t>(written));
  }
}

void OutputFile::write_at(std::string_view bytes, std::int64_t place) {
  durable_ = false;
  while (!bytes.empty()) {
    const ssize_t written = pwrite(descriptor_, bytes.data(), bytes.size(), place);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) fail("be written");
    bytes.remove_prefix(static_cast<std::size_t>(written));
    place += written;
  }
}

void OutputFile::make_durable() {
  if (descriptor_ < 0 || durable_) return;
  if (fsync(descriptor_) != 0) fail("be made durable");
  durable_ = true;
}

void OutputFile::commit() {
  if (descriptor_ < 0) return;
  make_durable();
  const SignalBlock block;
  if (rename(temporary_.c_str(), path_.c_str()) != 0) fail("take its place");
  remove_pending_file(temporary_);
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
  remove_pending_file(temporary_);
}

OutputFile* OutputFiles::open(const std::string& option, const std::string& path) {
  return path.empty() ? nullptr : &files_.emplace_back(option, path);
}

void OutputFiles::make_durable() {
  for (OutputFile& file : files_) file.make_durable();
}

void OutputFiles::commit() {
  for (OutputFile& file : files_) file.commit();
}

}  // namespace sigmahat::cli
