// The documents' matrix derivatives as functions on batches. Formulas, layouts and proofs: docs/math/matrix_calculus.md;
// the list with its checks: sigmahat/derivative_catalogue.hpp.
#pragma once

#include "sigmahat/derivatives/determinants.hpp"
#include "sigmahat/derivatives/differentials.hpp"
#include "sigmahat/derivatives/gaussian.hpp"
#include "sigmahat/derivatives/layout.hpp"
#include "sigmahat/derivatives/matrices.hpp"
#include "sigmahat/derivatives/trace_form.hpp"
#include "sigmahat/derivatives/vectors.hpp"
