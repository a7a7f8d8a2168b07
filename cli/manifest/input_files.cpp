#include "manifest/input_files.hpp"

#include <fmt/format.h>
#include <sys/stat.h>

#include <tuple>
#include <utility>

#include "manifest/sha256.hpp"
#include "sigmahat/host/error.hpp"

namespace sigmahat::cli {

std::optional<InputFiles::State> InputFiles::state_of(const std::string& path) {
  struct stat status {};
  if (stat(path.c_str(), &status) != 0) return std::nullopt;
  return State{status.st_dev, status.st_ino, status.st_size, status.st_mtim};
}

bool InputFiles::same(const std::optional<State>& a, const std::optional<State>& b) {
  const auto facts = [](const State& s) {
    return std::tuple(s.device, s.number, s.bytes, s.modified.tv_sec, s.modified.tv_nsec);
  };
  return a.has_value() == b.has_value() && (!a || facts(*a) == facts(*b));
}

InputFiles::InputFiles(std::vector<InputFile> files) {
  for (InputFile& file : files) {
    if (file.path.empty()) continue;
    std::optional<State> state = state_of(file.path);
    files_.push_back({std::move(file), state});
  }
}

Json InputFiles::facts() const {
  Json facts = Json::array();
  for (const auto& [file, state] : files_) {
    const FileDigest digest = file_digest(file.path);
    if (!same(state, state_of(file.path))) {
      throw DataError(fmt::format(
          "{}: the file changed while it was being read, and no manifest can say what the results are of; run again",
          file.path));
    }
    facts.push_back({{"option", file.option}, {"path", file.path}, {"bytes", digest.bytes}, {"sha256", digest.sha256}});
  }
  return facts;
}

}  // namespace sigmahat::cli
