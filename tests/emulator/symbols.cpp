// Addresses in the program as lines of the source, by binutils' addr2line. Only faults ask for them.
#include <link.h>
#include <unistd.h>

#include <cstdio>
#include <map>
#include <string>
#include <vector>

#include "machine.hpp"

namespace sigmahat::emulator {
namespace {

/// Where the program was loaded.
std::uintptr_t program_base() {
  static const std::uintptr_t base = [] {
    std::uintptr_t first = 0;
    dl_iterate_phdr(  // the program itself comes first
        [](dl_phdr_info* info, std::size_t, void* result) {
          *static_cast<std::uintptr_t*>(result) = info->dlpi_addr;
          return 1;
        },
        &first);
    return first;
  }();
  return base;
}

/// Lines that addr2line prints: function, file:line, and again for each call around it that was inlined.
const std::vector<std::string>& addr2line(std::uintptr_t offset) {
  static auto& known = *new std::map<std::uintptr_t, std::vector<std::string>>;  // asked when the program ends, too
  std::vector<std::string>& lines = known[offset];
  if (!lines.empty()) return lines;
  char command[160];
  std::snprintf(command, sizeof command, "addr2line -e /proc/%ld/exe -f -C -i 0x%lx 2>/dev/null",
                static_cast<long>(getpid()), static_cast<unsigned long>(offset));
  if (FILE* const pipe = popen(command, "r")) {  // NOLINT(bugprone-command-processor): numbers alone go in
    char line[4096];
    while (std::fgets(line, sizeof line, pipe) != nullptr) {
      lines.emplace_back(line);
      lines.back().resize(lines.back().find_last_not_of('\n') + 1);
    }
    pclose(pipe);
  }
  return lines;
}

}  // namespace

std::string shortened(const std::string& line) {
  const std::string root = SIGMAHAT_SOURCE_DIR "/";
  const std::size_t skipped = line.compare(0, root.size(), root) == 0 ? root.size() : 0;
  return line.substr(skipped, line.find(" (disc") - skipped);  // addr2line's discriminators say nothing
}

std::uint32_t to_place(const void* address) {
  return static_cast<std::uint32_t>(reinterpret_cast<std::uintptr_t>(address) - program_base());
}
const void* from_place(std::uint32_t place) { return reinterpret_cast<const void*>(program_base() + place); }

std::string source_line(const void* place) {
  // The place is where a call returns to: one byte earlier is inside it.
  const std::vector<std::string>& lines = addr2line(reinterpret_cast<std::uintptr_t>(place) - program_base() - 1);
  if (lines.size() < 2) return "an unknown line";
  std::string result, last;
  for (std::size_t k = 1; k < lines.size(); k += 2) {
    const std::string line = shortened(lines[k]);
    if (line == last || line.find("emulator/include/") != std::string::npos) continue;
    result += (result.empty() ? "" : " < ") + line;
    last = line;
  }
  return result.empty() ? shortened(lines[1]) : result;
}

std::string function_name(const void* function) {
  const std::vector<std::string>& lines = addr2line(reinterpret_cast<std::uintptr_t>(function) - program_base());
  if (lines.empty()) return "?";
  std::string name = lines[0];
  for (const std::string hidden : {"(anonymous namespace)::", "sigmahat::", "test::"}) {
    for (std::size_t at; (at = name.find(hidden)) != std::string::npos;) name.erase(at, hidden.size());
  }
  name = name.substr(0, name.find('('));
  return name.compare(0, 5, "void ") == 0 ? name.substr(5) : name;  // templates come with what they return
}

}  // namespace sigmahat::emulator
