// The CUDA backend: own kernels for p ≤ 64 and for everything around the products; cuBLAS and cuSOLVER for p > 64.
#pragma once

#include "../least_squares/large.hpp"
#include "gpu.hpp"
#include "sigmahat/host/operations.hpp"
#include "sigmahat/kernels/gaussian_launch.hpp"

namespace sigmahat::backends::cuda {

class CudaOperations final : public Operations {
 public:
  explicit CudaOperations(const UsableGpu& gpu, Index chunk_bytes = kDefaultChunkBytes)
      : description_(gpu.description), gpu_(gpu.device, chunk_bytes) {}

  BackendInfo info() const override;

  double* allocate(std::size_t count) override;
  void release(double* device) noexcept override;
  void upload(const double* host, double* device, std::size_t count) override;
  void download(const double* device, double* host, std::size_t count) override;

  std::unique_ptr<MomentsPass> begin_moments(Index columns, MissingRows missing) override;
  bool grouped_moments(const RowsView& rows, std::span<const Index> offsets, MissingRows missing,
                       const MomentsView& result) override;

  void gaussian_evaluate(Index p, std::span<const Index> active, const GaussianData& data, const GaussianPoint& point,
                         std::span<GaussianEvaluation> evaluations) override;
  void gaussian_target(Index p, std::span<const Index> active, std::span<const std::uint8_t> mean_only,
                       const GaussianData& data, const GaussianPoint& point,
                       const GaussianDirection& direction) override;
  void gaussian_newton(Index p, std::span<const Index> active, const GaussianData& data, const GaussianPoint& point,
                       const GaussianDirection& direction, std::span<GaussianNewton> outcomes) override;
  void gaussian_score(Index p, CovarianceScore convention, std::span<const Index> active, const GaussianPoint& point,
                      const GaussianDirection& direction, std::span<double> slopes) override;
  void gaussian_move(Index p, std::span<const Index> active, std::span<const double> keep, std::span<const double> step,
                     const GaussianPoint& from, const GaussianDirection& direction, const GaussianPoint& to,
                     std::span<GaussianMove> moves) override;
  void gaussian_copy(Index p, std::span<const Index> active, const GaussianPoint& from,
                     const GaussianPoint& to) override;

  void least_squares(const LeastSquaresRows& rows, const LeastSquaresSpec& spec,
                     const LeastSquaresView& result) override;

  void matrix_function(const MatrixFunctionCall& call) override;

  ProblemStatus cholesky(Index p, const double* a, double* l) override;
  Index rank(Index p, const double* a, double tolerance) override;
  void mahalanobis_squared(const RowsView& rows, const double* mean, const double* factor, double* result) override;

 private:
  std::string description_;
  Gpu gpu_;
};

/// Formulas on one problem with p > 64 (large.cpp); pointers are device memory, nothing waits.
/// l ← L, zeros above; `info` ← 0, or the place of the first pivot that is not positive.
void large_cholesky(Gpu& gpu, Index p, double* l, int* info);
void large_evaluate(Gpu& gpu, Index p, Index problem, const GaussianData& data, const GaussianPoint& point,
                    double* column_sums, int* info, GaussianEvaluation* evaluation);
void large_score(Gpu& gpu, Index p, CovarianceScore convention, Index problem, const GaussianPoint& point,
                 const GaussianDirection& direction, double* column_sums, double* slope);
/// By LAPACK on the host: waits, copies S, Σ, L and four vectors there and the direction back, 32p² + 40p bytes.
GaussianNewton large_newton(Gpu& gpu, Index p, Index problem, const GaussianData& data, const GaussianPoint& point,
                            const GaussianDirection& direction);
/// v ← L⁻¹v (or L⁻ᵀv) for `count` columns of length p.
void solve_factor(Gpu& gpu, cublasOperation_t operation, Index p, Index count, const double* l, double* v);

/// Moments (moments_small.cpp for p ≤ 64, moments_large.cpp above).
std::unique_ptr<MomentsPass> begin_small_moments(Gpu& gpu, Index columns, MissingRows missing);
std::unique_ptr<MomentsPass> begin_large_moments(Gpu& gpu, Index columns, MissingRows missing);
bool grouped_small_moments(Gpu& gpu, const RowsView& rows, std::span<const Index> offsets, MissingRows missing,
                           const MomentsView& result);

/// Least squares above kLargestGram (least_squares_large.cpp): groups of problems, as many as gpu.room() allows and at most
/// 1024. For a group, 16·q² bytes each, and a piece of rows.
std::unique_ptr<GramAlgebra> gram_algebra(Gpu& gpu, const LeastSquaresRows& rows);

}  // namespace sigmahat::backends::cuda
