// The files that a run reads, and whether they changed while it read them.
#pragma once

#include <sys/types.h>

#include <ctime>
#include <optional>
#include <string>
#include <vector>

#include "formats/json_text.hpp"

namespace sigmahat::cli {

/// A file that a run reads, and the option that names it.
struct InputFile {
  std::string option;  ///< a key of OptionRecord::values
  std::string path;
};

class InputFiles {
 public:
  /// To be made before the first is read. Those without a path are left out.
  explicit InputFiles(std::vector<InputFile> files);

  /// For each file: option, path, bytes, sha256. Reads them once more for the digests. DataError if that fails, or if a
  /// file's state is no longer what it was when this was made: the run may then have read anything. A writer that has
  /// the file mapped need not change its state, and is not seen.
  Json facts() const;

 private:
  /// A file that is replaced has another number, one that is written to by a call another time.
  struct State {
    dev_t device;
    ino_t number;
    off_t bytes;
    timespec modified;
  };
  static std::optional<State> state_of(const std::string& path);
  static bool same(const std::optional<State>& a, const std::optional<State>& b);

  struct Watched {
    InputFile file;
    std::optional<State> state;  ///< none if it cannot be had, of which the reader tells
  };
  std::vector<Watched> files_;
};

}  // namespace sigmahat::cli
