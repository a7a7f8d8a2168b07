#include "demo.hpp"

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <filesystem>
#include <string>
#include <vector>

#include "application.hpp"
#include "exit_code.hpp"
#include "output.hpp"
#include "sigmahat/host/error.hpp"

namespace sigmahat::cli {
namespace {

namespace fs = std::filesystem;

using Command = std::vector<const char*>;

const std::vector<Command>& commands() {
  static const std::vector<Command> kCommands = {
      {"info"},
      // Fisher's iris: one Gaussian per species, by closed form and by ascent.
      {"gaussian", "fit", "examples/data/iris.csv", "--columns", "sepal_length,sepal_width,petal_length,petal_width",
       "--by", "species", "--compare"},
      // Daily log returns of four European stock indices: the ascent from mean 0 and covariance I, and the closed form.
      {"gaussian", "fit", "examples/data/eustockmarkets.csv", "--columns", "DAX,SMI,CAC,FTSE", "--log-returns",
       "--method", "ascent", "--metric", "fisher", "--compare"},
      // Grunfeld's investment panel: one regression per firm, in one call.
      {"least-squares", "fit", "examples/data/grunfeld.csv", "--y", "invest", "--x", "value,capital", "--by", "firm"},
      // Longley's data, ill-conditioned on purpose: by QR of the rows, and by whatever route the condition asks for.
      {"least-squares", "fit", "examples/data/longley.csv", "--y", "TOTEMP", "--x", "GNPDEFL,GNP,UNEMP,ARMED,POP,YEAR",
       "--route", "qr"},
      {"least-squares", "fit", "examples/data/longley.csv", "--y", "TOTEMP", "--x", "GNPDEFL,GNP,UNEMP,ARMED,POP,YEAR",
       "--compare"},
  };
  return kCommands;
}

/// The folder of the installation that holds examples/data, whether it is there or not.
fs::path installed_folder() {
  std::error_code error;
  const fs::path program = fs::read_symlink("/proc/self/exe", error);
  return error ? fs::path() : (program.parent_path() / SIGMAHAT_SHARE_FROM_PROGRAM).lexically_normal();
}

bool has_data(const fs::path& folder) {
  std::error_code error;
  for (const char* const name : {"iris.csv", "eustockmarkets.csv", "grunfeld.csv", "longley.csv"}) {
    if (!fs::is_regular_file(folder / "examples/data" / name, error)) return false;
  }
  return true;
}

fs::path folder_of_data() {
  const fs::path installed = installed_folder(), here = fs::current_path();
  for (const fs::path& folder : {installed, here}) {
    if (!folder.empty() && has_data(folder)) return folder;
  }
  throw DataError(fmt::format(
      "examples/data: the example data are neither in {} nor in {}; install the program with its data, or run "
      "this in a checkout of the project",
      installed.string(), here.string()));
}

}  // namespace

int run_demo() {
  fs::current_path(folder_of_data());  // so that the command lines are short, and the same everywhere
  for (const Command& command : commands()) {
    print(fmt::format("\n$ sigmahat {}\n", fmt::join(command, " ")));
    Command arguments = command;
    arguments.insert(arguments.begin(), "sigmahat");
    const int code = run_application(static_cast<int>(arguments.size()), arguments.data());
    if (code != kExitOk) return code;
  }
  return kExitOk;
}

void add_demo(CLI::App& application) {
  CLI::App* const demo = application.add_subcommand("demo", "Fit the example data, each fit after its command line");
  demo->callback([] {
    // The command's own error has been printed.
    if (const int code = run_demo(); code != kExitOk) throw CLI::RuntimeError(code);
  });
}

}  // namespace sigmahat::cli
