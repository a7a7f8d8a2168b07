// The steps of gram_solve.inc for one problem a lane: the reference, single problems on the CPU, and CUDA.
#pragma once

#include "lane.hpp"
#include "sigmahat/kernels/least_squares.hpp"

namespace sigmahat::steps {

#include "gram_solve.inc"

}  // namespace sigmahat::steps
