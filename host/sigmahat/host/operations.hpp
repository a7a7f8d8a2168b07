// The operations that a backend provides. One interface; reference, cpu and cuda implement it; tests compare them.
//
// Memory: pointers named `device` are memory of the backend (plain host memory on the CPU backends), obtained from
// allocate(). Everything else is host memory. Matrices in device memory are p × p, column-major, ld = p, both triangles
// stored unless said otherwise; a batch of B problems is contiguous: [B, p, p] and [B, p].
// Batches: `active` lists the problems that a call works on; the others are neither read nor written. An operation on a
// batch is a constant number of launches for p ≤ 64, whatever the number of problems.
// Failures: a library or driver failure throws DeviceError; a numerical outcome is a status per problem.
// Determinism (levels: ARCHITECTURE.md): p ≤ 64: D3 but for logarithms and the norms of a move (D2 on the CPU, D1 on the
// GPU). p > 64: what LAPACK, cuBLAS or cuSOLVER computes is D1; the rest is said at each operation.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "sigmahat/host/least_squares_rows.hpp"
#include "sigmahat/host/rows.hpp"
#include "sigmahat/kernels/gaussian.hpp"
#include "sigmahat/kernels/least_squares.hpp"
#include "sigmahat/kernels/matrix_functions.hpp"
#include "sigmahat/kernels/moments.hpp"

namespace sigmahat {

/// A running pass over rows: add() in order, then finish() once. Formula: sigmahat/kernels/moments.hpp.
class MomentsPass {
 public:
  virtual ~MomentsPass() = default;
  /// Appends rows. Every call but the last brings a multiple of kCanonicalBlock rows.
  /// Returns false if the mean of some block is not finite: then a row is not, or the sums overflowed.
  virtual bool add(const RowsView& rows) = 0;
  /// Writes the result for one problem; the pass is spent.
  virtual void finish(const MomentsView& result) = 0;
};

/// Parameters (μ, Σ) of B Gaussians and what whitening leaves behind; all in device memory.
struct GaussianPoint {
  double* mean = nullptr;        ///< [B, p] μ
  double* covariance = nullptr;  ///< [B, p, p] Σ
  double* factor = nullptr;      ///< [B, p, p] L, lower; the upper triangle holds zeros
  double* offset = nullptr;      ///< [B, p] z = L⁻¹(x̄ − μ)
  double* whitened = nullptr;    ///< [B, p, p] W = L⁻¹SL⁻ᵀ + zzᵀ
};

/// Normalised moments of B data sets in device memory.
struct GaussianData {
  const double* mean = nullptr;        ///< [B, p] m of the pair x̄ = m + c
  const double* residual = nullptr;    ///< [B, p] c
  const double* covariance = nullptr;  ///< [B, p, p] S = M₀/n
};

/// A direction in the space of (μ, Σ); device memory.
struct GaussianDirection {
  double* mean = nullptr;        ///< [B, p]
  double* covariance = nullptr;  ///< [B, p, p]
};

/// What a backend is made of, for reports.
struct BackendInfo {
  std::string name;             ///< "reference", "cpu", "cuda"
  std::string device;           ///< processor or GPU
  int threads = 1;              ///< CPU threads in use
  std::string instruction_set;  ///< vector code in use: "AVX3", "AVX2", "scalar", "sm_90"
  std::vector<std::pair<std::string, std::string>> libraries;  ///< name, version
};

class Operations {
 public:
  virtual ~Operations() = default;
  virtual BackendInfo info() const = 0;

  // Memory -------------------------------------------------------------------------------------------------------------
  /// Uninitialised device memory for `count` doubles.
  virtual double* allocate(std::size_t count) = 0;
  virtual void release(double* device) noexcept = 0;
  virtual void upload(const double* host, double* device, std::size_t count) = 0;
  virtual void download(const double* device, double* host, std::size_t count) = 0;

  // Moments ------------------------------------------------------------------------------------------------------------
  /// A pass over one data set with p = `columns`. D3 for p ≤ 64, for p > 64 among the CPU backends (D1 on the GPU);
  /// n·p·(p+1) flops.
  virtual std::unique_ptr<MomentsPass> begin_moments(Index columns, MissingRows missing) = 0;
  /// One data set per group: group g is rows offsets[g] … offsets[g+1]−1 (B+1 offsets, not decreasing), blocks counted
  /// from its first row. The same bits as a pass over each group alone. Returns false as MomentsPass::add does.
  virtual bool grouped_moments(const RowsView& rows, std::span<const Index> offsets, MissingRows missing,
                               const MomentsView& result) = 0;

  // Gaussian likelihood ------------------------------------------------------------------------------------------------
  /// For each active problem: L from point.covariance, z and W from the moments, and the scalars.
  /// evaluations[k] belongs to active[k]. Where Σ is not positive definite: status, NaN scalars, L, z, W unspecified.
  /// p³/3 flops for L, p³ (LAPACK sygst) to 2p³ for W.
  virtual void gaussian_evaluate(Index p, std::span<const Index> active, const GaussianData& data,
                                 const GaussianPoint& point, std::span<GaussianEvaluation> evaluations) = 0;
  /// direction ← the target of the Fisher metric: x̄ (its m) and M(μ)/n = S + ddᵀ, d = (m − μ) + c. Where mean_only[k] is
  /// not 0, the covariance of the target is the point's own: a step then moves the mean alone. 2p² flops, no inverse. D3.
  virtual void gaussian_target(Index p, std::span<const Index> active, std::span<const std::uint8_t> mean_only,
                               const GaussianData& data, const GaussianPoint& point,
                               const GaussianDirection& direction) = 0;
  /// direction ← the point that the Newton step of ℓ/n in (μ, Σ) leads to, from an evaluated point, where the least
  /// eigenvalue of L⁻¹SL⁻ᵀ is above kNewtonLeastEigenvalue; elsewhere the outcome has the status not_positive_definite,
  /// and the direction is not written. outcomes[k] belongs to active[k]. No p² × p² system: one eigenvalue problem, about
  /// 80p³ flops by Jacobi (p ≤ 64, D3; the reference at any p), 20p³ by LAPACK (D1), on the GPU's host for p > 64.
  virtual void gaussian_newton(Index p, std::span<const Index> active, const GaussianData& data,
                               const GaussianPoint& point, const GaussianDirection& direction,
                               std::span<GaussianNewton> outcomes) = 0;
  /// direction ← the scores per observation, L⁻ᵀz and A or G, from an evaluated point; slopes[k] ← ‖L⁻ᵀz‖² + ‖A‖²_F, or
  /// + Σ_{i≤j} g²_ij. About 4p³/3 (trtri, sygst) to 2p³ flops.
  virtual void gaussian_score(Index p, CovarianceScore convention, std::span<const Index> active,
                              const GaussianPoint& point, const GaussianDirection& direction,
                              std::span<double> slopes) = 0;
  /// to ← keep[k]·from + step[k]·direction for mean and covariance of active[k]; moves[k] has the squared norms of
  /// to − from and of to. With keep = 0 and step = 1 the result is the direction itself, bit by bit. The
  /// new point is D3, its norms D2 on the CPU and D1 on the GPU.
  virtual void gaussian_move(Index p, std::span<const Index> active, std::span<const double> keep,
                             std::span<const double> step, const GaussianPoint& from,
                             const GaussianDirection& direction, const GaussianPoint& to,
                             std::span<GaussianMove> moves) = 0;
  /// to ← from for all five arrays of the active problems.
  virtual void gaussian_copy(Index p, std::span<const Index> active, const GaussianPoint& from,
                             const GaussianPoint& to) = 0;

  // Least squares, host memory in and out ------------------------------------------------------------------------------
  /// Fits every problem as kernels/least_squares.hpp defines it and writes what `result` asks for. `rows` and `spec` are
  /// valid. The GPU takes problems in chunks that fit its free memory; the bits do not depend on it.
  virtual void least_squares(const LeastSquaresRows& rows, const LeastSquaresSpec& spec,
                             const LeastSquaresView& result) = 0;

  // Batches of small matrices, device memory ----------------------------------------------------------------------------
  /// out ← the call's function of every item (kernels/matrix_functions.hpp: formulas, order of operations, failures); no
  /// items: no work. Operands and result are device memory; float32 items lie in allocated doubles two by two. One or two
  /// launches, whatever the number of items. D3; D2 on the CPU and D1 on the GPU for what needs exp, log, tanh or pow. The
  /// call is valid: extents ≥ 1, no operand missing but C, and out overlaps none.
  virtual void matrix_function(const MatrixFunctionCall& call) = 0;

  // Matrices and rows, host memory in and out --------------------------------------------------------------------------
  /// L with LLᵀ = a for one symmetric p × p matrix (lower triangle read), column-major; the upper triangle of l is zero.
  /// Returns not_positive_definite (l is then NaN) or ok.
  virtual ProblemStatus cholesky(Index p, const double* a, double* l) = 0;
  /// Numerical rank of a symmetric positive semidefinite p × p matrix by Cholesky with diagonal pivoting of D a D, D the
  /// diagonal scaling by powers of two that brings the diagonal into [1, 4) (zero variances stay zero); a pivot counts if
  /// it is > tolerance · the largest scaled diagonal entry. A cold path: it runs on the host in every backend.
  virtual Index rank(Index p, const double* a, double tolerance) = 0;
  /// Squared Mahalanobis distances (xᵢ − μ)ᵀΣ⁻¹(xᵢ − μ) of every row, Σ = LLᵀ; NaN for a row that is not finite.
  /// n·p² flops, the rows read once. Weights are ignored. NaN also where a distance overflows. D2 for p > 64 on the CPU.
  virtual void mahalanobis_squared(const RowsView& rows, const double* mean, const double* factor, double* result) = 0;
};

}  // namespace sigmahat
