// The Gaussian operations on batches. p ≤ 64: one launch each. p > 64: moves, targets and copies are one launch each,
// evaluation and score a chain of library calls per problem, Newton steps are formed on the host. Only evaluate, newton,
// score and move wait, for their scalars.
#include "operations.hpp"
#include "sigmahat/kernels/gaussian_large_launch.hpp"

namespace sigmahat::backends::cuda {
namespace {

DeviceGaussianData on_device(const GaussianData& data) { return {data.mean, data.residual, data.covariance}; }

DeviceGaussianPoint on_device(const GaussianPoint& point) {
  return {point.mean, point.covariance, point.factor, point.offset, point.whitened};
}

DeviceGaussianDirection on_device(const GaussianDirection& direction) { return {direction.mean, direction.covariance}; }

/// The active problems' numbers in device memory.
struct ActiveList {
  ActiveList(Gpu& gpu, std::span<const Index> active) : memory(gpu.send(active)), count(std::ssize(active)) {}
  ActiveProblems view() const { return {count, memory.get()}; }

  DeviceArray<Index> memory;
  Index count;
};

}  // namespace

void CudaOperations::gaussian_evaluate(Index p, std::span<const Index> active, const GaussianData& data,
                                       const GaussianPoint& point, std::span<GaussianEvaluation> evaluations) {
  const GpuOperation operation = gpu_.begin();
  const auto results = gpu_.array<GaussianEvaluation>(std::ssize(active));
  if (p <= kSmallDimension) {
    const ActiveList list(gpu_, active);
    check(launch_gaussian_evaluate(gpu_.stream(), p, list.view(), on_device(data), on_device(point), results.get()),
          "gaussian_evaluate kernel");
    gpu_.fetch(results.get(), evaluations);
    return;
  }
  const auto column_sums = gpu_.array<double>(p);
  const auto info = gpu_.array<int>(1);
  for (std::size_t k = 0; k < active.size(); ++k) {
    large_evaluate(gpu_, p, active[k], data, point, column_sums.get(), info.get(), results.get() + k);
  }
  gpu_.fetch(results.get(), evaluations);
}

void CudaOperations::gaussian_target(Index p, std::span<const Index> active, std::span<const std::uint8_t> mean_only,
                                     const GaussianData& data, const GaussianPoint& point,
                                     const GaussianDirection& direction) {
  const GpuOperation operation = gpu_.begin();
  const ActiveList list(gpu_, active);
  const auto flags = gpu_.send(mean_only);
  const auto launcher = p <= kSmallDimension ? launch_gaussian_target : launch_large_target;
  check(launcher(gpu_.stream(), p, list.view(), flags.get(), on_device(data), on_device(point), on_device(direction)),
        "gaussian_target kernel");
}

void CudaOperations::gaussian_newton(Index p, std::span<const Index> active, const GaussianData& data,
                                     const GaussianPoint& point, const GaussianDirection& direction,
                                     std::span<GaussianNewton> outcomes) {
  const GpuOperation operation = gpu_.begin();
  if (p > kSmallDimension) {
    for (std::size_t k = 0; k < active.size(); ++k) {
      outcomes[k] = large_newton(gpu_, p, active[k], data, point, direction);
    }
    return;
  }
  const auto results = gpu_.array<GaussianNewton>(std::ssize(active));
  const ActiveList list(gpu_, active);
  check(launch_gaussian_newton(gpu_.stream(), p, list.view(), on_device(data), on_device(point), on_device(direction),
                               results.get()),
        "gaussian_newton kernel");
  gpu_.fetch(results.get(), outcomes);
}

void CudaOperations::gaussian_score(Index p, CovarianceScore convention, std::span<const Index> active,
                                    const GaussianPoint& point, const GaussianDirection& direction,
                                    std::span<double> slopes) {
  const GpuOperation operation = gpu_.begin();
  const auto results = gpu_.array<double>(std::ssize(active));
  if (p <= kSmallDimension) {
    const ActiveList list(gpu_, active);
    check(launch_gaussian_score(gpu_.stream(), p, convention, list.view(), on_device(point), on_device(direction),
                                results.get()),
          "gaussian_score kernel");
    gpu_.fetch(results.get(), slopes);
    return;
  }
  const auto column_sums = gpu_.array<double>(p);
  for (std::size_t k = 0; k < active.size(); ++k) {
    large_score(gpu_, p, convention, active[k], point, direction, column_sums.get(), results.get() + k);
  }
  gpu_.fetch(results.get(), slopes);
}

void CudaOperations::gaussian_move(Index p, std::span<const Index> active, std::span<const double> keep,
                                   std::span<const double> step, const GaussianPoint& from,
                                   const GaussianDirection& direction, const GaussianPoint& to,
                                   std::span<GaussianMove> moves) {
  const GpuOperation operation = gpu_.begin();
  const ActiveList list(gpu_, active);
  const auto keeps = gpu_.send(keep), steps = gpu_.send(step);
  const auto results = gpu_.array<GaussianMove>(list.count);
  if (p <= kSmallDimension) {
    check(launch_gaussian_move(gpu_.stream(), p, list.view(), keeps.get(), steps.get(), on_device(from),
                               on_device(direction), on_device(to), results.get()),
          "gaussian_move kernel");
  } else {
    const auto column_sums = gpu_.array<double>(list.count * 2 * (p + 1));
    check(launch_large_move(gpu_.stream(), p, list.view(), keeps.get(), steps.get(), on_device(from),
                            on_device(direction), on_device(to), column_sums.get(), results.get()),
          "large_move kernel");
  }
  gpu_.fetch(results.get(), moves);
}

void CudaOperations::gaussian_copy(Index p, std::span<const Index> active, const GaussianPoint& from,
                                   const GaussianPoint& to) {
  const GpuOperation operation = gpu_.begin();
  const ActiveList list(gpu_, active);
  check(launch_gaussian_copy(gpu_.stream(), p, list.view(), on_device(from), on_device(to)), "gaussian_copy kernel");
}

}  // namespace sigmahat::backends::cuda
