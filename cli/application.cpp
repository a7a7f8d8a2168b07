#include "application.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <new>
#include <stdexcept>
#include <string_view>

#include "bench_derivatives.hpp"
#include "demo.hpp"
#include "derivatives.hpp"
#include "exit_code.hpp"
#include "gaussian_fit.hpp"
#include "info.hpp"
#include "least_squares_fit.hpp"
#include "output.hpp"
#include "parse_errors.hpp"
#include "replay.hpp"
#include "selftest.hpp"
#include "sigmahat/host/error.hpp"
#include "signals.hpp"
#include "text.hpp"
#include "version.hpp"

namespace sigmahat::cli {
namespace {

constexpr const char* kFooter =
    "Exit codes:\n"
    "  0  done; also where a problem has no solution or an ascent ran out of iterations, which the report says\n"
    "  1  a check failed: of derivatives, of the selftest, or of a replay; the report names it\n"
    "  2  usage: an option, its value, or a column that is not there\n"
    "  3  data: a file that cannot be read or written, or whose contents cannot be used\n"
    "  4  numerical: a start that is not positive definite, or a singular model that was to be saved\n"
    "  5  device: it is not there, or its driver, library or memory failed\n"
    "  6  internal: out of memory, or a fault in sigmahat";

int fail(ExitCode code, const std::string& message) {
  fmt::print(stderr, "sigmahat: error: {}\n", printable(message));
  return code;
}

std::string device_message(const std::string& message) {
  const std::size_t named = message.starts_with("device: ") ? 8 : message.starts_with("--device: ") ? 10 : 0;
  return "--device: " + message.substr(named);
}

/// A file that is opened must not become standard output because that was closed, and a file that grows beyond the
/// limit is an error to report, not a signal to die of. Signals to die of do their work also in process 1 of a container.
void prepare_process() {
  install_signal_handlers();
  for (const int descriptor : {0, 1, 2}) {
    // Read-only: output to it fails, as it would without.
    if (fcntl(descriptor, F_GETFD) < 0) (void)open("/dev/null", O_RDONLY);
  }
  ::signal(SIGXFSZ, SIG_IGN);
}

/// "--by=" would take the next argument as its value.
void refuse_empty_values(int argc, const char* const* argv) {
  for (int k = 1; k < argc; ++k) {
    const std::string_view argument = argv[k];
    if (argument == "--") return;
    if (argument.starts_with("--") && argument.find('=') == argument.size() - 1) {
      throw UsageError(fmt::format("{}: the value is empty", argument.substr(0, argument.size() - 1)));
    }
  }
}

/// Help and version end the parse, too, and are no errors.
int end_parse(const CLI::App& application, const CLI::ParseError& error) {
  if (error.get_exit_code() == 0) {
    std::string text = error.get_name() == "CallForVersion" ? error.what() : application.help();
    if (!text.ends_with('\n')) text += '\n';
    print(text);
    return kExitOk;
  }
  return fail(kExitUsage, fmt::format("{}; --help lists what is possible", parse_message(application, error)));
}

int parse_and_run(int argc, const char* const* argv) {
  prepare_process();
  refuse_empty_values(argc, argv);
  CLI::App application("Estimates Gaussian models and linear regressions on CPUs and GPUs.", "sigmahat");
  application.set_version_flag("--version", fmt::format("sigmahat {}", kVersion), "Print the version");
  application.require_subcommand(1);
  application.footer(kFooter);
  CLI::App* const gaussian = application.add_subcommand("gaussian", "Multivariate normal distributions");
  gaussian->require_subcommand(1);
  add_gaussian_fit(*gaussian);
  CLI::App* const least_squares = application.add_subcommand("least-squares", "Linear regressions, one or millions");
  least_squares->require_subcommand(1);
  add_least_squares_fit(*least_squares);
  add_derivatives(application);
  add_bench(application);
  add_replay(application);
  add_selftest(application);
  add_demo(application);
  add_info(application);
  try {
    application.parse(argc, argv);
    return kExitOk;
  } catch (const CLI::RuntimeError& error) {  // of a command whose error has been printed
    return error.get_exit_code();
  } catch (const CLI::ParseError& error) {
    return end_parse(application, error);
  }
}

}  // namespace

int run_application(int argc, const char* const* argv) {
  return with_exit_code([=] { return parse_and_run(argc, argv); });
}

int with_exit_code(const std::function<int()>& run) {
  try {
    return run();
  } catch (const CheckFailed& error) {
    return fail(kExitCheckFailed, error.what());
  } catch (const UsageError& error) {
    return fail(kExitUsage, error.what());
  } catch (const InvalidArgument& error) {
    const std::string message = error.what();
    return fail(kExitUsage, message.starts_with("device: ") ? device_message(message) : message);
  } catch (const DataError& error) {
    return fail(kExitData, error.what());
  } catch (const NumericalError& error) {
    return fail(kExitNumerical, error.what());
  } catch (const DeviceError& error) {
    return fail(kExitDevice, device_message(error.what()));
  } catch (const std::bad_alloc&) {
    return fail(kExitInternal, "out of memory");
  } catch (const std::length_error&) {  // a container beyond what the machine can address
    return fail(kExitInternal, "out of memory");
  } catch (const std::exception& error) {
    return fail(kExitInternal, fmt::format("{} (a fault in sigmahat: please report it)", error.what()));
  }
}

}  // namespace sigmahat::cli
