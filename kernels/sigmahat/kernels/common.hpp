// What every layer agrees on: index type, status words, the canonical block and the canonical NaN.
#pragma once

#include <bit>
#include <cstdint>

namespace sigmahat {

/// Counts, sizes and positions. 64 bits everywhere: n·p overflows 32 bits on ordinary data.
using Index = std::int64_t;

/// Rows per canonical block. Sums over rows are defined per block of 256 consecutive rows (numbered by their place in
/// the input, dropped rows included), so that the bits of a result do not depend on who computed which block.
inline constexpr Index kCanonicalBlock = 256;

/// Largest dimension of the small path: per-problem mathematics from kernels/steps/, level D3.
inline constexpr Index kSmallDimension = 64;

/// Every NaN that the toolkit writes has these bits, so that results can be compared by bits.
inline constexpr double kCanonicalNaN = std::bit_cast<double>(std::uint64_t{0x7ff8000000000000});

/// Numerical outcome of one problem. It is data, never an exception, and never touches the neighbours in a batch.
enum class ProblemStatus : std::int32_t {
  ok = 0,                     ///< the result is what was asked for
  rank_deficient = 1,         ///< the covariance is singular: the likelihood has no maximum
  too_few_rows = 2,           ///< not more rows than columns (or no weight at all): singular whatever the values are
  not_finite = 3,             ///< NaN or infinity in the input, or overflow
  not_positive_definite = 4,  ///< a Cholesky factorisation met a pivot that is not positive
  refined_by_qr = 5,          ///< as ok: least squares whose normal equations were too ill-conditioned took QR instead
  not_converged = 6,          ///< an ascent that was asked for the result ended before it got there
};

/// The name that reports and files use: "ok", "rank_deficient", ...
constexpr const char* to_string(ProblemStatus status) {
  switch (status) {
    case ProblemStatus::ok: return "ok";
    case ProblemStatus::rank_deficient: return "rank_deficient";
    case ProblemStatus::too_few_rows: return "too_few_rows";
    case ProblemStatus::not_finite: return "not_finite";
    case ProblemStatus::not_positive_definite: return "not_positive_definite";
    case ProblemStatus::refined_by_qr: return "refined_by_qr";
    case ProblemStatus::not_converged: return "not_converged";
  }
  return "unknown";
}

}  // namespace sigmahat
