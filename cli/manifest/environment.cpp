#include "manifest/environment.hpp"

#include <dlfcn.h>
#include <fmt/format.h>
#include <gnu/libc-version.h>

#include <CLI/Version.hpp>
#include <filesystem>
#include <system_error>

#include "formats/csv_reader.hpp"
#include "formats/npz_writer.hpp"
#include "manifest/sha256.hpp"
#include "sigmahat/host/determinism.hpp"
#include "sigmahat/host/error.hpp"
#include "version.hpp"

namespace sigmahat::cli {

namespace {

/// SHA-256 of the program's file and of the library's, where that is one of its own. Null where they may be run, but not
/// read.
Json program_digest() try {
  const std::string program = "/proc/self/exe";
  std::string digests = file_digest(program).sha256;
  Dl_info place{};
  std::error_code error;
  if (dladdr(reinterpret_cast<const void*>(&promises), &place) != 0 && place.dli_fname != nullptr &&
      !std::filesystem::equivalent(place.dli_fname, program, error) && !error) {
    digests += file_digest(place.dli_fname).sha256;
  }
  Sha256 sum;
  sum.add(digests.data(), digests.size());
  return sum.finish();
} catch (const DataError&) {
  return nullptr;
}

}  // namespace

Json program_facts() {
  return {
      {"version", kVersion},
      {"revision", kRevision},
      {"sha256", program_digest()},
      {"build",
       {{"compiler", kCompiler},
        {"type", kBuildType},
        {"flags", kCompilerFlags},
        {"shared_library", kSharedLibrary},
        {"cuda", kWithCuda},
        {"cuda_compiler", kWithCuda ? Json(kCudaCompiler) : Json(nullptr)},
        {"cuda_flags", kWithCuda ? Json(kCudaCompilerFlags) : Json(nullptr)},
        {"cuda_architectures", kWithCuda ? Json(kCudaArchitectures) : Json(nullptr)}}},
  };
}

Json device_facts(const Context& context, const BackendInfo& used) {
  return {{"requested", context.device_requested()},
          {"used", context.device_used()},
          {"backend", used.name},
          {"description", used.device},
          {"threads", used.threads},
          {"instruction_set", used.instruction_set}};
}

std::vector<std::pair<std::string, std::string>> all_libraries(const BackendInfo& used) {
  std::vector<std::pair<std::string, std::string>> all = used.libraries;
  all.insert(all.end(),
             {{"glibc", gnu_get_libc_version()},
              csv_library(),
              zip_library(),
              digest_library(),
              {"CLI11", CLI11_VERSION},
              {"nlohmann-json", fmt::format("{}.{}.{}", NLOHMANN_JSON_VERSION_MAJOR, NLOHMANN_JSON_VERSION_MINOR,
                                            NLOHMANN_JSON_VERSION_PATCH)},
              {"fmt", fmt::format("{}.{}.{}", FMT_VERSION / 10000, FMT_VERSION / 100 % 100, FMT_VERSION % 100)}});
  return all;
}

Json library_facts(const BackendInfo& used) {
  Json facts = Json::object();
  for (const auto& [name, version] : all_libraries(used)) facts[name] = version;
  return facts;
}

}  // namespace sigmahat::cli
