// RowSteps compiled for each instruction set and chosen at run time.
#pragma once

#include "../least_squares/row_steps.hpp"

namespace sigmahat::backends {

/// The version for this processor.
RowSteps row_steps();

}  // namespace sigmahat::backends
