#include "output.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "sigmahat/host/error.hpp"

namespace sigmahat::cli {

void print(std::string_view text) {
  errno = 0;
  const bool written = std::fwrite(text.data(), 1, text.size(), stdout) == text.size();
  if (!written || std::fflush(stdout) != 0) {
    throw DataError(fmt::format("standard output cannot be written: {}", std::strerror(errno)));
  }
}

}  // namespace sigmahat::cli
