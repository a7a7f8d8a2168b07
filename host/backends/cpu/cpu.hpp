// The CPU backend: OpenMP over problems, blocks and tiles; vector code chosen at run time; OpenBLAS for p > 64.
#pragma once

#include "../host_memory.hpp"

namespace sigmahat::backends {

class CpuOperations final : public HostMemoryOperations {
 public:
  explicit CpuOperations(int threads);
  BackendInfo info() const override;

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

  void least_squares(const LeastSquaresRows& rows, const LeastSquaresSpec& spec,
                     const LeastSquaresView& result) override;

  void matrix_function(const MatrixFunctionCall& call) override;

  ProblemStatus cholesky(Index p, const double* a, double* l) override;
  void mahalanobis_squared(const RowsView& rows, const double* mean, const double* factor, double* result) override;

 private:
  int threads_;
};

}  // namespace sigmahat::backends
