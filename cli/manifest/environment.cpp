#include "manifest/environment.hpp"

#include <fmt/format.h>
#include <gnu/libc-version.h>
#include <CLI/Version.hpp>

#include "formats/csv_reader.hpp"
#include "formats/npz_writer.hpp"
#include "manifest/sha256.hpp"
#include "version.hpp"

namespace sigmahat::cli {

Json program_facts() {
  return {
      {"version", kVersion},
      {"revision", kRevision},
      {"build",
       {{"compiler", kCompiler},
        {"type", kBuildType},
        {"flags", kCompilerFlags},
        {"shared_library", kSharedLibrary},
        {"cuda", kWithCuda},
        {"cuda_compiler", kWithCuda ? Json(kCudaCompiler) : Json(nullptr)},
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
