// What a result may depend on beside its inputs: the program, the device and the libraries, as `info` shows them and a
// manifest keeps them.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "formats/json_text.hpp"
#include "sigmahat/host/context.hpp"

namespace sigmahat::cli {

/// Keys version, revision, sha256 (of the SHA-256 of the program and of libsigmahat, in hexadecimal digits, or null), build.
Json program_facts();
/// Keys requested, used, backend, description, threads, instruction_set.
Json device_facts(const Context& context, const BackendInfo& used);
/// Name and version of each library, those of the backend first.
std::vector<std::pair<std::string, std::string>> all_libraries(const BackendInfo& used);
Json library_facts(const BackendInfo& used);

}  // namespace sigmahat::cli
