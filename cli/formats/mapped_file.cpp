#include "formats/mapped_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "sigmahat/host/error.hpp"
#include "signals.hpp"
#include "text.hpp"

namespace sigmahat::cli {
namespace {

/// Closes the descriptor at the end of the scope; the mapping outlives it.
struct Descriptor {
  int number;
  ~Descriptor() {
    if (number >= 0) close(number);
  }
};

}  // namespace

MappedFile::MappedFile(const std::string& path) {
  // O_NONBLOCK: a pipe without a writer must give an error, not wait for ever.
  const Descriptor file{open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
  struct stat status {};
  if (file.number < 0 || fstat(file.number, &status) != 0) {
    throw DataError(fmt::format("{}: cannot be read: {}", path, std::strerror(errno)));
  }
  if (S_ISDIR(status.st_mode)) throw DataError(fmt::format("{}: is a directory, not a file", path));
  if (!S_ISREG(status.st_mode)) throw DataError(fmt::format("{}: is not a regular file", path));
  if (status.st_size == 0) throw DataError(fmt::format("{}: the file is empty", path));
  size_ = static_cast<std::size_t>(status.st_size);
  void* const address = mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, file.number, 0);
  if (address == MAP_FAILED) {
    throw DataError(fmt::format("{}: cannot be mapped into memory: {}", path, std::strerror(errno)));
  }
  madvise(address, size_, MADV_SEQUENTIAL);
  data_ = static_cast<const std::byte*>(address);
  add_mapped_file(data_, size_, printable(path));
}

MappedFile::~MappedFile() {
  if (data_ == nullptr) return;
  remove_mapped_file(data_);
  munmap(const_cast<std::byte*>(data_), size_);
}

}  // namespace sigmahat::cli
