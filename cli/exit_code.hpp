// The table of exit codes (docs/cli.md) and the one kind of error that only the command line knows.
#pragma once

#include <stdexcept>

namespace sigmahat::cli {

enum ExitCode : int {
  kExitOk = 0,
  kExitCheckFailed = 1,  ///< what was to be checked does not hold; the report says what
  kExitUsage = 2,        ///< the command line is wrong: an option, a value, a column that is not there
  kExitData = 3,         ///< a file cannot be read or written, or what it holds cannot be used
  kExitNumerical = 4,    ///< a start that is not positive definite, or a singular model that was to be saved
  kExitDevice = 5,       ///< the device is not there, or its driver, library or memory failed
  kExitInternal = 6,     ///< everything else: out of memory, or a fault in sigmahat
};

/// The command line's user made a mistake; the message names argument, value and requirement.
class UsageError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// What the user asked to have checked does not hold. The report has been printed; the message sums it up.
class CheckFailed : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

}  // namespace sigmahat::cli
