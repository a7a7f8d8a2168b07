#include "info.hpp"

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <memory>

#include "formats/json_text.hpp"
#include "manifest/environment.hpp"
#include "option_checks.hpp"
#include "output.hpp"
#include "sigmahat/host/context.hpp"
#include "version.hpp"

namespace sigmahat::cli {
namespace {

std::string json_info(const Context& context, const BackendInfo& used) {
  Json out = program_facts();
  out["devices"] = Json::array();
  for (const DeviceEntry& entry : list_devices()) {
    out["devices"].push_back(
        {{"name", entry.name}, {"available", entry.available}, {"description", entry.description}});
  }
  out["device"] = device_facts(context, used);
  out["libraries"] = library_facts(used);
  return dump_json(out);
}

std::string text_info(const Context& context, const BackendInfo& used) {
  std::string out = fmt::format("sigmahat {}\n", kVersion);
  const auto line = [&](std::string_view label, const std::string& text) {
    out += fmt::format("  {:<16} {}\n", label, text);
  };
  line("revision", kRevision);
  line("compiler", kCompiler);
  line("build type", kBuildType);
  line("CUDA", kWithCuda ? "compiled in" : "not compiled in");
  out += "devices\n";
  for (const DeviceEntry& entry : list_devices()) {
    line(entry.name, (entry.available ? "" : "not available: ") + entry.description);
  }
  out += fmt::format("device in use: {} (asked for: {})\n", context.device_used(), context.device_requested());
  line("backend", used.name);
  line("description", used.device);
  line("threads", std::to_string(used.threads));
  line("instruction set", used.instruction_set);
  out += "libraries\n";
  for (const auto& [name, version] : all_libraries(used)) line(name, version);
  return out;
}

}  // namespace

void run_info(const InfoArguments& arguments) {
  const Context context({arguments.device, arguments.threads});
  const BackendInfo used = context.operations().info();
  print(arguments.json ? json_info(context, used) : text_info(context, used));
}

void add_info(CLI::App& application) {
  const auto arguments = std::make_shared<InfoArguments>();
  CLI::App* const info = application.add_subcommand("info", "Show build, devices, libraries and instruction set");
  info->add_option("--device", arguments->device, "Device to describe: auto, cpu, reference, cuda or cuda:K")
      ->capture_default_str();
  info->add_option("--threads", arguments->threads, "CPU threads; 0: as many as OpenMP offers")
      ->check(whole_number(0, kMostThreads), "0 to 1024")
      ->capture_default_str();
  info->add_flag("--json", arguments->json, "Print JSON");
  info->callback([arguments] { run_info(*arguments); });
}

}  // namespace sigmahat::cli
