// An output file that appears whole or not at all.
#pragma once

#include <string>
#include <string_view>

namespace sigmahat::cli {

/// Text goes to a temporary file in the target's folder; commit() makes it durable and renames it to the target. Without
/// commit() (an error, SIGINT, SIGTERM, SIGHUP) the temporary is removed and an older target stays as it was.
class OutputFile {
 public:
  /// Opens the temporary. DataError if the target cannot be written: no such folder, no permission, no regular file.
  explicit OutputFile(const std::string& path);
  OutputFile(const OutputFile&) = delete;
  OutputFile& operator=(const OutputFile&) = delete;
  ~OutputFile();

  /// DataError if the disk is full or fails.
  void write(std::string_view text);
  void commit();

 private:
  [[noreturn]] void fail(const char* action) const;
  void discard() noexcept;

  std::string path_, temporary_;
  int descriptor_ = -1;
};

/// Throws DataError where the file could not be written, and leaves nothing behind.
void check_writable(const std::string& path);

}  // namespace sigmahat::cli
