// One Gaussian problem with p > 64: cuSOLVER's factor, cuBLAS's triangular solves, own kernels around them.
#include "../large_newton.hpp"

#include "operations.hpp"
#include "sigmahat/kernels/gaussian_large_launch.hpp"

namespace sigmahat::backends::cuda {
namespace {

/// a ← op(L)⁻¹a (left) or a·op(L)⁻¹ (right), L and a p × p or a p × count.
void solve(Gpu& gpu, cublasSideMode_t side, cublasOperation_t operation, Index p, Index count, const double* l,
           double* a) {
  const double one = 1;
  check(cublasDtrsm_64(gpu.blas(), side, CUBLAS_FILL_MODE_LOWER, operation, CUBLAS_DIAG_NON_UNIT, p, count, &one, l, p,
                       a, p),
        "cublasDtrsm_64");
}

}  // namespace

void solve_factor(Gpu& gpu, cublasOperation_t operation, Index p, Index count, const double* l, double* v) {
  solve(gpu, CUBLAS_SIDE_LEFT, operation, p, count, l, v);
}

void large_cholesky(Gpu& gpu, Index p, double* l, int* info) {
  std::size_t device_bytes = 0, host_bytes = 0;
  check(cusolverDnXpotrf_bufferSize(gpu.solver(), gpu.solver_parameters(), CUBLAS_FILL_MODE_LOWER, p, CUDA_R_64F, l, p,
                                    CUDA_R_64F, &device_bytes, &host_bytes),
        "cusolverDnXpotrf_bufferSize");
  check(cusolverDnXpotrf(gpu.solver(), gpu.solver_parameters(), CUBLAS_FILL_MODE_LOWER, p, CUDA_R_64F, l, p, CUDA_R_64F,
                         gpu.device_workspace(device_bytes), device_bytes, gpu.host_workspace(host_bytes), host_bytes,
                         info),
        "cusolverDnXpotrf");
  check(launch_clear_upper(gpu.stream(), p, l), "clear_upper kernel");
}

void large_evaluate(Gpu& gpu, Index p, Index problem, const GaussianData& data, const GaussianPoint& point,
                    double* column_sums, int* info, GaussianEvaluation* evaluation) {
  const Index vector = problem * p, matrix = vector * p;
  double *const l = point.factor + matrix, *const z = point.offset + vector, *const w = point.whitened + matrix;
  gpu.copy_on_device(point.covariance + matrix, l, p * p);
  large_cholesky(gpu, p, l, info);
  // Where Σ is not positive definite the rest runs on numbers without a meaning; the last kernel says so.
  check(launch_large_deviation(gpu.stream(), p, data.mean + vector, data.residual + vector, point.mean + vector, z),
        "large_deviation kernel");
  solve(gpu, CUBLAS_SIDE_LEFT, CUBLAS_OP_N, p, 1, l, z);
  gpu.copy_on_device(data.covariance + matrix, w, p * p);
  solve(gpu, CUBLAS_SIDE_LEFT, CUBLAS_OP_N, p, p, l, w);
  solve(gpu, CUBLAS_SIDE_RIGHT, CUBLAS_OP_T, p, p, l, w);
  check(launch_large_whitened(gpu.stream(), p, z, w, column_sums), "large_whitened kernel");
  check(launch_mirror_lower(gpu.stream(), p, w), "mirror_lower kernel");
  check(launch_large_evaluation(gpu.stream(), p, info, l, z, w, column_sums, evaluation), "large_evaluation kernel");
}

GaussianNewton large_newton(Gpu& gpu, Index p, Index problem, const GaussianData& data, const GaussianPoint& point,
                            const GaussianDirection& direction) {
  const Index vector = problem * p, matrix = vector * p;
  const auto fetched = [&gpu](const double* device, Index count) {
    std::vector<double> host(static_cast<std::size_t>(count));
    gpu.download(device, host.data(), host.size() * sizeof(double));
    return host;
  };
  const std::vector<double> mean = fetched(data.mean + vector, p), residual = fetched(data.residual + vector, p),
                            s = fetched(data.covariance + matrix, p * p), offset = fetched(point.offset + vector, p),
                            mu = fetched(point.mean + vector, p), sigma = fetched(point.covariance + matrix, p * p),
                            factor = fetched(point.factor + matrix, p * p);
  std::vector<double> to_mean(mean.size()), to_covariance(s.size());
  const GaussianNewton outcome = backends::large_newton(
      p, {mean.data(), residual.data(), s.data(), mu.data(), sigma.data(), factor.data(), offset.data()},
      to_mean.data(), to_covariance.data());
  if (outcome.status != ProblemStatus::ok) return outcome;
  gpu.upload(to_mean.data(), direction.mean + vector, to_mean.size() * sizeof(double));
  gpu.upload(to_covariance.data(), direction.covariance + matrix, to_covariance.size() * sizeof(double));
  return outcome;
}

void large_score(Gpu& gpu, Index p, CovarianceScore convention, Index problem, const GaussianPoint& point,
                 const GaussianDirection& direction, double* column_sums, double* slope) {
  const Index vector = problem * p, matrix = vector * p;
  const double* const l = point.factor + matrix;
  double *const score_mean = direction.mean + vector, *const a = direction.covariance + matrix;
  gpu.copy_on_device(point.offset + vector, score_mean, p);
  solve(gpu, CUBLAS_SIDE_LEFT, CUBLAS_OP_T, p, 1, l, score_mean);
  check(launch_large_score_start(gpu.stream(), p, point.whitened + matrix, a), "large_score_start kernel");
  solve(gpu, CUBLAS_SIDE_LEFT, CUBLAS_OP_T, p, p, l, a);
  solve(gpu, CUBLAS_SIDE_RIGHT, CUBLAS_OP_N, p, p, l, a);
  check(launch_large_score_close(gpu.stream(), p, convention, a, column_sums), "large_score_close kernel");
  check(launch_mirror_lower(gpu.stream(), p, a), "mirror_lower kernel");
  check(launch_large_slope(gpu.stream(), p, column_sums, score_mean, slope), "large_slope kernel");
}

}  // namespace sigmahat::backends::cuda
