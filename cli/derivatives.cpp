#include "derivatives.hpp"

#include <fmt/format.h>
#include <unistd.h>
#include <CLI/CLI.hpp>

#include <algorithm>
#include <memory>

#include "derivatives/document.hpp"
#include "exit_code.hpp"
#include "option_checks.hpp"
#include "output.hpp"
#include "progress_bar.hpp"
#include "suggestion.hpp"
#include "text.hpp"

namespace sigmahat::cli {
namespace {

std::vector<std::string> all_names() {
  std::vector<std::string> names;
  for (const DerivativeEntry& entry : derivative_catalogue()) names.emplace_back(entry.name);
  return names;
}

void require_entry(const std::string& name) {
  if (find_derivative(name) != nullptr) return;
  throw UsageError(fmt::format("NAME: the catalogue has no entry '{}'{}; 'sigmahat derivatives list' names them all",
                               printable(name), suggestion(name, all_names())));
}

/// What is to be checked, each once, in the order given.
std::vector<std::string> chosen_names(const DerivativesCheckArguments& a) {
  if (a.all && !a.names.empty()) throw UsageError("--all: names of entries are given, too; one of the two is enough");
  if (a.all) return all_names();
  if (a.names.empty()) throw UsageError("NAME: which entries are to be checked? Name some, or give --all");
  std::vector<std::string> names;
  for (const std::string& name : a.names) {
    require_entry(name);
    if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
  }
  return names;
}

bool wanted(const std::string& precision, const DerivativeCheck& check) {
  return precision == "both" || (precision == "float32") == (check.precision == ScalarType::float32);
}

}  // namespace

void run_derivatives_list(bool json) {
  const auto entries = derivative_catalogue();
  print(json ? list_json(entries) : list_text(entries));
}

void run_derivatives_show(const std::string& name) {
  require_entry(name);
  print(entry_text(*find_derivative(name)));
}

void report_checks(const std::vector<DeviceChecks>& devices, bool json) {
  print(json ? checks_json(devices) : checks_text(devices));
  if (const std::string failed = failed_checks(devices); !failed.empty()) throw CheckFailed(failed);
}

void run_derivatives_check(const DerivativesCheckArguments& a) {
  const std::vector<std::string> names = chosen_names(a);
  std::vector<DeviceChecks> devices;
  std::vector<std::string> unchecked;  // nothing that was checked is nothing that passed
  const std::vector<std::string> asked = chosen_devices(a.device);
  ProgressBar bar(STDERR_FILENO, "entries");
  Index done = 0;
  for (const std::string& device : asked) {
    const Context context({device, a.threads});
    DeviceChecks& of_device = devices.emplace_back();
    of_device.device = context.device_used();
    for (const std::string& name : names) {
      const std::size_t before = of_device.checks.size();
      for (const DerivativeCheck& check : check_derivative(context, name)) {
        if (wanted(a.precision, check)) of_device.checks.push_back(check);
      }
      if (!a.all && of_device.checks.size() == before && &device == asked.data()) unchecked.push_back(name);
      bar.update(++done, std::ssize(names) * std::ssize(asked));
    }
  }
  if (!unchecked.empty()) {
    throw UsageError(fmt::format("--precision: {} {} in float64 alone", fmt::join(unchecked, ", "),
                                 unchecked.size() == 1 ? "is computed" : "are computed"));
  }
  report_checks(devices, a.json);
}

namespace {

void add_check(CLI::App& derivatives) {
  const auto arguments = std::make_shared<DerivativesCheckArguments>();
  CLI::App* const check = derivatives.add_subcommand(
      "check", "Compare entries with derivatives by dual numbers, and with their error bounds");
  check->add_option("NAME", arguments->names, "Entries to check")->check(name_given);
  check->add_flag("--all", arguments->all, "Check every entry");
  check->add_option("--precision", arguments->precision, "Storage type: float32, float64 or both")
      ->check(CLI::IsMember({"float32", "float64", "both"}))
      ->capture_default_str();
  check
      ->add_option("--device", arguments->device,
                   "all: every one that is there; or auto, cpu, reference, cuda or cuda:K")
      ->capture_default_str()
      ->group("Device");
  check->add_option("--threads", arguments->threads, "CPU threads; 0: as many as OpenMP offers")
      ->check(whole_number(0, kMostThreads), "0 to 1024")
      ->capture_default_str()
      ->group("Device");
  check->add_flag("--json", arguments->json, "Print JSON")->group("Output");
  check->callback([arguments] { run_derivatives_check(*arguments); });
}

}  // namespace

void add_derivatives(CLI::App& application) {
  CLI::App* const derivatives =
      application.add_subcommand("derivatives", "A catalogue of matrix derivatives, with proofs and checks");
  derivatives->require_subcommand(1);

  const auto json = std::make_shared<bool>(false);
  CLI::App* const list = derivatives->add_subcommand("list", "List the entries: name, group, formula");
  list->add_flag("--json", *json, "Print JSON, with all that an entry says");
  list->callback([json] { run_derivatives_list(*json); });

  const auto name = std::make_shared<std::string>();
  CLI::App* const show = derivatives->add_subcommand(
      "show", "Show an entry: formula, sizes, layout, function, error bound, proof, source");
  show->add_option("NAME", *name, "The entry")->required()->check(name_given);
  show->callback([name] { run_derivatives_show(*name); });

  add_check(*derivatives);
}

}  // namespace sigmahat::cli
