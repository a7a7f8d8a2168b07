// The two kinds of failure that throw. The third kind, a numerical outcome, is data: see ProblemStatus.
#pragma once

#include <stdexcept>
#include <string>

namespace sigmahat {

/// The caller's mistake: the message names the argument, its value and the requirement.
class InvalidArgument : public std::invalid_argument {
 public:
  using std::invalid_argument::invalid_argument;
};

/// The data's fault: a value that the operation cannot take. The message names file or argument, row and column.
class DataError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// A start or a parameter for which the mathematics has no value, such as a covariance that is not positive definite.
class NumericalError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// The environment's fault (driver, device, memory, library status): the message names library, call and code.
class DeviceError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

}  // namespace sigmahat
