// Least squares for q > kLargestGram: the same routes with a BLAS and a LAPACK, on the CPU one problem at a time, on a GPU
// a group of problems at a time. Level D1. What costs k³ is behind GramAlgebra; what costs k² is written once, in
// large.cpp, for every backend.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "problem.hpp"

namespace sigmahat::backends {

/// Rows that GramAlgebra::add() gets at a time, at most.
inline constexpr Index kMostRowsAtOnce = 8 * kCanonicalBlock;

/// What LAPACK makes of one problem's scaled system Âβ = b, Â = LLᵀ being k × k; matrices column-major, lower triangle.
struct GramFactor {
  bool positive = false;             ///< every pivot; if not, nothing else may be read
  const double* factor = nullptr;    ///< [k, k] L
  const double* inverse = nullptr;   ///< [k, k] V, the inverse of L with unit diagonal: V_ij = (L⁻¹)_ij·L_ii
  const double* whitened = nullptr;  ///< [k] L⁻¹b
  const double* beta = nullptr;      ///< [k] Â⁻¹b
};

/// The systems of a group, in host memory.
struct GramSystems {
  Index k = 0, count = 0;
  double* matrix = nullptr;          ///< [count, k, k] in: Â; out: L. The strict upper triangles mean nothing.
  double* inverse = nullptr;         ///< [count, k, k] out: V
  double* whitened = nullptr;        ///< [count, k] in: b; out: L⁻¹b
  double* beta = nullptr;            ///< [count, k] out: Â⁻¹b
  std::uint8_t* positive = nullptr;  ///< [count] in: whether the result is wanted; out: and every pivot is positive
};

/// Gram matrices of a group of problems, and the factors of their systems. A bad problem (NaN, a pivot that is not
/// positive) is its own affair: nothing throws, no other item changes.
class GramAlgebra {
 public:
  virtual ~GramAlgebra() = default;
  /// Problems that a group may have.
  virtual Index capacity() const = 0;
  /// Gram matrices of items 0 … count−1 ← 0.
  virtual void clear(Index count) = 0;
  /// Adds Σ rᵢrᵢᵀ, r being the rows of `rows` [count, q], to the Gram matrix of `item`: count·q² flops. Threads may call
  /// it side by side for different items.
  virtual void add(Index item, const double* rows, Index count) = 0;
  /// squares [count, q, q], column-major: the lower triangles.
  virtual void read(Index count, double* squares) = 0;
  /// Per system: k³/3 flops for L, as many and more for V, 2·k² for b.
  virtual void factorise(const GramSystems& systems) = 0;
};
/// By OpenBLAS, a group being one problem.
std::unique_ptr<GramAlgebra> host_gram_algebra(Index q);

/// Steps 2 to 5 of kernels/least_squares.hpp for a system that is factored already: 2·k² flops. `factor` belongs to the
/// same Gram matrix, but for its last row: where that is 0, so is β.
steps::GramSummary<double> solve_factored(Index k, double weight, const double* mean, double ridge,
                                          const GramFactor& factor, const steps::GramWork<double>& work);

/// How the CPU's threads divide the problems.
struct LargeThreads {
  int teams = 1;  ///< teams take groups in turn, each with a GramAlgebra of its own
  int each = 1;  ///< threads of a team divide the rows and the O(k²) work of a group; with 1 and one team BLAS has all
};

/// Operations::least_squares for q > kLargestGram. Host memory: for each problem of a group 2.5·q² numbers, for each thread
/// kMostRowsAtOnce·q besides.
void large_least_squares(const LeastSquaresRows& rows, const LeastSquaresSpec& spec, const LeastSquaresView& result,
                         const RowSteps& base, const LargeThreads& threads,
                         const std::function<std::unique_ptr<GramAlgebra>()>& make_algebra);

}  // namespace sigmahat::backends
