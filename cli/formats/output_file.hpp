// An output file that appears whole or not at all.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>

namespace sigmahat::cli {

/// The file that an output to `path` replaces: `path` itself or, where that is a symbolic link, what it leads to. A link
/// is never replaced. UsageError, beginning with `option`, where that is no regular file: a folder, a device, a pipe, a
/// link that leads nowhere, or standard output itself.
std::string output_target(const std::string& option, const std::string& path);

/// Text goes to a temporary file in the target's folder; commit() makes it durable and renames it to the target. Without
/// commit() (an error, SIGINT, SIGTERM, SIGHUP, SIGPIPE) the temporary is removed and an older target stays as it was.
class OutputFile {
 public:
  /// Opens the temporary. UsageError as output_target(); DataError if there is no such folder, or no permission.
  OutputFile(const std::string& option, const std::string& path);
  OutputFile(const OutputFile&) = delete;
  OutputFile& operator=(const OutputFile&) = delete;
  ~OutputFile();

  /// DataError if the disk is full or fails.
  void write(std::string_view text);
  /// Puts bytes at a place of the file, also over or behind what is there.
  void write_at(std::string_view bytes, std::int64_t place);
  /// Everything that can fail for want of space; what is left for commit() is a rename.
  void make_durable();
  void commit();
  /// Removes the temporary; make_durable() and commit() then do nothing.
  void discard() noexcept;

 private:
  [[noreturn]] void fail(const char* action) const;

  std::string option_, path_, temporary_;
  int descriptor_ = -1;
  bool durable_ = false;
};

/// The files of one run, which appear one behind the other, last of all.
class OutputFiles {
 public:
  /// Opens one that lives as long as this; null where `path` is empty.
  OutputFile* open(const std::string& option, const std::string& path);
  void make_durable();
  void commit();

 private:
  std::deque<OutputFile> files_;
};

}  // namespace sigmahat::cli
