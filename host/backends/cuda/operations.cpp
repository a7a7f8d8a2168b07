#include "operations.hpp"

#include <algorithm>

#include "../factory.hpp"
#include "../pivoted_rank.hpp"
#include "sigmahat/host/error.hpp"
#include "sigmahat/kernels/cholesky_launch.hpp"

namespace sigmahat::backends {
namespace cuda {
namespace {

std::string cuda_version(int number) {
  return std::to_string(number / 1000) + "." + std::to_string(number % 1000 / 10);
}

std::string library_version(int number, int major_unit, int minor_unit) {
  return std::to_string(number / major_unit) + "." + std::to_string(number % major_unit / minor_unit) + "." +
         std::to_string(number % minor_unit);
}

}  // namespace

BackendInfo CudaOperations::info() const {
  int driver = 0, runtime = 0, blas = 0, solver = 0, major = 0, minor = 0;
  check(cudaDriverGetVersion(&driver), "cudaDriverGetVersion");
  check(cudaRuntimeGetVersion(&runtime), "cudaRuntimeGetVersion");
  check(cublasGetVersion(gpu_.blas(), &blas), "cublasGetVersion");
  check(cusolverGetVersion(&solver), "cusolverGetVersion");
  check(cudaDeviceGetAttribute(&major, cudaDevAttrComputeCapabilityMajor, gpu_.device()), "cudaDeviceGetAttribute");
  check(cudaDeviceGetAttribute(&minor, cudaDevAttrComputeCapabilityMinor, gpu_.device()), "cudaDeviceGetAttribute");
  BackendInfo info;
  info.name = "cuda";
  info.device = description_;
  info.instruction_set = "sm_" + std::to_string(major) + std::to_string(minor);
  info.libraries = {{"CUDA driver", cuda_version(driver)},
                    {"CUDA runtime", cuda_version(runtime)},
                    {"cuBLAS", library_version(blas, 10000, 100)},
                    {"cuSOLVER", library_version(solver, 1000, 100)}};
  // QR, refinement and factors that large problems need run on the host.
  const auto host = host_libraries();
  info.libraries.insert(info.libraries.end(), host.begin(), host.end());
  return info;
}

double* CudaOperations::allocate(std::size_t count) {
  const GpuOperation operation = gpu_.begin();
  return gpu_.allocate(count);
}

void CudaOperations::release(double* device) noexcept {
  if (device != nullptr) (void)cudaFreeAsync(device, gpu_.stream());
}

void CudaOperations::upload(const double* host, double* device, std::size_t count) {
  const GpuOperation operation = gpu_.begin();
  gpu_.upload(host, device, count * sizeof(double));
}

void CudaOperations::download(const double* device, double* host, std::size_t count) {
  const GpuOperation operation = gpu_.begin();
  gpu_.download(device, host, count * sizeof(double));
}

std::unique_ptr<MomentsPass> CudaOperations::begin_moments(Index columns, MissingRows missing) {
  const GpuOperation operation = gpu_.begin();
  return columns <= kSmallDimension ? begin_small_moments(gpu_, columns, missing)
                                    : begin_large_moments(gpu_, columns, missing);
}

bool CudaOperations::grouped_moments(const RowsView& rows, std::span<const Index> offsets, MissingRows missing,
                                     const MomentsView& result) {
  const GpuOperation operation = gpu_.begin();
  if (rows.columns <= kSmallDimension) return grouped_small_moments(gpu_, rows, offsets, missing, result);
  bool finite = true;
  for (std::size_t g = 0; g + 1 < offsets.size(); ++g) {
    const auto pass = begin_large_moments(gpu_, rows.columns, missing);
    finite = pass->add(rows.slice(offsets[g], offsets[g + 1] - offsets[g])) && finite;
    pass->finish(result.problem(static_cast<Index>(g)));
  }
  return finite;
}

ProblemStatus CudaOperations::cholesky(Index p, const double* a, double* l) {
  const GpuOperation operation = gpu_.begin();
  const auto matrix = gpu_.array<double>(p * p);
  const std::size_t bytes = static_cast<std::size_t>(p * p) * sizeof(double);
  gpu_.upload(a, matrix.get(), bytes);
  ProblemStatus status = ProblemStatus::ok;
  if (p <= kSmallDimension) {
    const auto device_status = gpu_.array<ProblemStatus>(1);
    check(launch_cholesky(gpu_.stream(), p, 1, matrix.get(), device_status.get()), "cholesky kernel");
    gpu_.fetch(device_status.get(), std::span(&status, 1));
  } else {
    const auto device_info = gpu_.array<int>(1);
    int info = 0;
    large_cholesky(gpu_, p, matrix.get(), device_info.get());
    gpu_.fetch(device_info.get(), std::span(&info, 1));
    if (info != 0) status = ProblemStatus::not_positive_definite;
  }
  gpu_.download(matrix.get(), l, bytes);
  // LAPACK's factorisations may carry a NaN through; it then stands on the diagonal.
  for (Index j = 0; j < p; ++j) {
    if (!(l[j + j * p] > 0)) status = ProblemStatus::not_positive_definite;
  }
  if (status != ProblemStatus::ok) std::fill_n(l, p * p, kCanonicalNaN);
  return status;
}

Index CudaOperations::rank(Index p, const double* a, double tolerance) { return pivoted_rank(p, a, tolerance); }

}  // namespace cuda

std::unique_ptr<Operations> make_cuda(int device) {
  std::string reason;
  const std::vector<cuda::UsableGpu> gpus = cuda::usable_gpus(reason);
  if (gpus.empty()) throw DeviceError("cuda:" + std::to_string(device) + " is not there: " + reason);
  if (device < 0 || static_cast<std::size_t>(device) >= gpus.size()) {
    throw DeviceError("cuda:" + std::to_string(device) +
                      " is not there: the GPUs that can be used are cuda:0 to cuda:" + std::to_string(gpus.size() - 1) +
                      (reason.empty() ? std::string() : " (not usable: " + reason + ")"));
  }
  return std::make_unique<cuda::CudaOperations>(gpus[static_cast<std::size_t>(device)]);
}

CudaDevices list_cuda() {
  CudaDevices devices;
  for (const cuda::UsableGpu& gpu : cuda::usable_gpus(devices.reason)) devices.names.push_back(gpu.description);
  return devices;
}

}  // namespace sigmahat::backends
