#include "application.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <new>

#include "exit_code.hpp"
#include "gaussian_fit.hpp"
#include "info.hpp"
#include "output.hpp"
#include "sigmahat/host/error.hpp"
#include "version.hpp"

namespace sigmahat::cli {
namespace {

constexpr const char* kFooter =
    "Exit codes:\n"
    "  0  done; also where the likelihood has no maximum or an ascent ran out of iterations, which the report says\n"
    "  2  usage: an option, its value, or a column that is not there\n"
    "  3  data: a file that cannot be read or written, or whose contents cannot be used\n"
    "  4  numerical: a start that is not positive definite, or a singular model that was to be saved\n"
    "  5  device: it is not there, or its driver, library or memory failed\n"
    "  6  internal: out of memory, or a fault in sigmahat";

int fail(ExitCode code, const std::string& message) {
  fmt::print(stderr, "sigmahat: error: {}\n", message);
  return code;
}

/// Help and version end the parse, too, and are no errors.
int end_parse(const CLI::App& application, const CLI::ParseError& error) {
  if (error.get_exit_code() == 0) {
    print(error.get_name() == "CallForVersion" ? std::string(error.what()) + '\n' : application.help());
    return kExitOk;
  }
  return fail(kExitUsage, fmt::format("{}; --help lists what is possible", error.what()));
}

int parse_and_run(int argc, const char* const* argv) {
  CLI::App application("Estimates Gaussian models on CPUs and GPUs.", "sigmahat");
  application.set_version_flag("--version", fmt::format("sigmahat {}", kVersion), "Print the version");
  application.require_subcommand(1);
  application.footer(kFooter);
  CLI::App* const gaussian = application.add_subcommand("gaussian", "Multivariate normal distributions");
  gaussian->require_subcommand(1);
  add_gaussian_fit(*gaussian);
  add_info(application);
  try {
    application.parse(argc, argv);
    return kExitOk;
  } catch (const CLI::ParseError& error) {
    return end_parse(application, error);
  }
}

}  // namespace

int run_application(int argc, const char* const* argv) {
  try {
    return parse_and_run(argc, argv);
  } catch (const UsageError& error) {
    return fail(kExitUsage, error.what());
  } catch (const InvalidArgument& error) {
    return fail(kExitUsage, error.what());
  } catch (const DataError& error) {
    return fail(kExitData, error.what());
  } catch (const NumericalError& error) {
    return fail(kExitNumerical, error.what());
  } catch (const DeviceError& error) {
    return fail(kExitDevice, error.what());
  } catch (const std::bad_alloc&) {
    return fail(kExitInternal, "out of memory");
  } catch (const std::exception& error) {
    return fail(kExitInternal, fmt::format("{} (a fault in sigmahat: please report it)", error.what()));
  }
}

}  // namespace sigmahat::cli
