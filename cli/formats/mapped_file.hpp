// A file mapped into memory, read-only. Where it becomes shorter while it is read, the program ends with a message
// (signals.hpp).
#pragma once

#include <cstddef>
#include <span>
#include <string>

namespace sigmahat::cli {

class MappedFile {
 public:
  /// Throws DataError naming the file if it is missing, no regular file, unreadable or empty.
  explicit MappedFile(const std::string& path);
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;
  ~MappedFile();

  std::span<const std::byte> bytes() const { return {data_, size_}; }
  const char* text() const { return reinterpret_cast<const char*>(data_); }
  std::size_t size() const { return size_; }

 private:
  const std::byte* data_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace sigmahat::cli
