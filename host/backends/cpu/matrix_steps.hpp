// The functions of small matrices of kernels/steps/ for one CPU thread, compiled for each vector instruction set and
// chosen at run time.
#pragma once

#include "sigmahat/kernels/matrix_functions.hpp"

namespace sigmahat::backends {

/// The call's function for items first … first + count − 1. `scratch` has what steps::scratch_of says.
using MatrixSteps = void (*)(const MatrixFunctionCall& call, Index first, Index count, double* scratch);

/// The version for this processor.
MatrixSteps matrix_steps();

}  // namespace sigmahat::backends
