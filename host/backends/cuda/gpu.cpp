#include "gpu.hpp"

#include <algorithm>
#include <cstdint>

namespace sigmahat::backends::cuda {
namespace {

constexpr std::size_t kStagingBytes = std::size_t{1} << 20;
/// cuBLAS gives the same bits from run to run on one stream with a workspace of the caller's; 32 MiB is what NVIDIA
/// recommends for Hopper and later.
constexpr Index kBlasWorkspaceBytes = Index{32} << 20;
constexpr int kLeastCapability = 8;  // compute capability 8.0: the oldest that the kernels are built for

std::string describe(const cudaDeviceProp& properties) {
  return std::string(properties.name) + " (sm_" + std::to_string(properties.major) + std::to_string(properties.minor) +
         ")";
}

}  // namespace

Gpu::Gpu(int device, Index chunk_bytes) : device_(device), chunk_bytes_(chunk_bytes) {
  check(cudaSetDevice(device), "cudaSetDevice");
  cudaStream_t stream = nullptr;
  check(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking), "cudaStreamCreateWithFlags");
  stream_.reset(stream);
  create_pool();

  void* staging = nullptr;
  check(cudaMallocHost(&staging, kStagingBytes), "cudaMallocHost");
  staging_.reset(static_cast<char*>(staging));

  cublasHandle_t blas = nullptr;
  check(cublasCreate(&blas), "cublasCreate");
  blas_.reset(blas);
  blas_workspace_ = array<char>(kBlasWorkspaceBytes);
  check(cublasSetStream(blas, this->stream()), "cublasSetStream");
  check(cublasSetWorkspace(blas, blas_workspace_.get(), static_cast<std::size_t>(kBlasWorkspaceBytes)),
        "cublasSetWorkspace");
  check(cublasSetPointerMode(blas, CUBLAS_POINTER_MODE_HOST), "cublasSetPointerMode");
  check(cublasSetAtomicsMode(blas, CUBLAS_ATOMICS_NOT_ALLOWED), "cublasSetAtomicsMode");
  check(cublasSetMathMode(blas, CUBLAS_DEFAULT_MATH), "cublasSetMathMode");  // no TF32, no emulated float64

  cusolverDnHandle_t solver = nullptr;
  check(cusolverDnCreate(&solver), "cusolverDnCreate");
  solver_.reset(solver);
  check(cusolverDnSetStream(solver, this->stream()), "cusolverDnSetStream");
  check(cusolverDnSetDeterministicMode(solver, CUSOLVER_DETERMINISTIC_RESULTS), "cusolverDnSetDeterministicMode");
  cusolverDnParams_t parameters = nullptr;
  check(cusolverDnCreateParams(&parameters), "cusolverDnCreateParams");
  solver_parameters_.reset(parameters);
}

Gpu::~Gpu() {
  // Members go in reverse order: handles, arrays, pool, stream. What is queued ends first.
  if (cudaSetDevice(device_) == cudaSuccess) (void)cudaStreamSynchronize(stream());
}

GpuOperation::~GpuOperation() {
  if (std::uncaught_exceptions() > exceptions_) gpu_.settle();
}

GpuOperation Gpu::begin() {
  check(cudaSetDevice(device_), "cudaSetDevice");
  return GpuOperation(*this);
}

void Gpu::create_pool() {
  int supported = 0;
  check(cudaDeviceGetAttribute(&supported, cudaDevAttrMemoryPoolsSupported, device_), "cudaDeviceGetAttribute");
  if (supported == 0) check(cudaErrorNotSupported, "cudaDeviceGetAttribute(cudaDevAttrMemoryPoolsSupported)");
  cudaMemPoolProps properties{};
  properties.allocType = cudaMemAllocationTypePinned;
  properties.location.type = cudaMemLocationTypeDevice;
  properties.location.id = device_;
  cudaMemPool_t pool = nullptr;
  check(cudaMemPoolCreate(&pool, &properties), "cudaMemPoolCreate");
  pool_.reset(pool);
  // Without this, memory goes back to the driver at every synchronisation.
  std::uint64_t kept = UINT64_MAX;
  check(cudaMemPoolSetAttribute(pool, cudaMemPoolAttrReleaseThreshold, &kept), "cudaMemPoolSetAttribute");
}

Index Gpu::room() const {
  std::size_t free = 0, total = 0;
  std::uint64_t reserved = 0, used = 0;
  check(cudaMemGetInfo(&free, &total), "cudaMemGetInfo");
  check(cudaMemPoolGetAttribute(pool_.get(), cudaMemPoolAttrReservedMemCurrent, &reserved), "cudaMemPoolGetAttribute");
  check(cudaMemPoolGetAttribute(pool_.get(), cudaMemPoolAttrUsedMemCurrent, &used), "cudaMemPoolGetAttribute");
  return std::min(chunk_bytes_, static_cast<Index>((free + (reserved - used)) / 2));
}

void Gpu::synchronise() {
  check(cudaStreamSynchronize(stream()), "cudaStreamSynchronize");
  staged_ = 0;
}

void Gpu::settle() noexcept {
  (void)cudaStreamSynchronize(stream());
  staged_ = 0;
}

double* Gpu::allocate(std::size_t count) {
  void* memory = nullptr;
  const std::size_t bytes = std::max<std::size_t>(count, 1) * sizeof(double);
  check(cudaMallocFromPoolAsync(&memory, bytes, pool_.get(), stream()), "cudaMallocFromPoolAsync");
  return static_cast<double*>(memory);
}

void Gpu::copy_on_device(const double* from, double* to, Index count) {
  check(cudaMemcpyAsync(to, from, static_cast<std::size_t>(count) * sizeof(double), cudaMemcpyDeviceToDevice, stream()),
        "cudaMemcpyAsync");
}

void Gpu::send_bytes(const void* host, void* device, std::size_t bytes) {
  for (std::size_t done = 0; done < bytes;) {
    if (staged_ == kStagingBytes) synchronise();
    const std::size_t part = std::min(bytes - done, kStagingBytes - staged_);
    std::memcpy(staging_.get() + staged_, static_cast<const char*>(host) + done, part);
    check(cudaMemcpyAsync(static_cast<char*>(device) + done, staging_.get() + staged_, part, cudaMemcpyHostToDevice,
                          stream()),
          "cudaMemcpyAsync");
    staged_ += part;
    done += part;
  }
}

void Gpu::fetch_bytes(const void* device, void* host, std::size_t bytes) {
  for (std::size_t done = 0; done < bytes;) {
    if (staged_ == kStagingBytes) synchronise();
    char* const place = staging_.get() + staged_;
    const std::size_t part = std::min(bytes - done, kStagingBytes - staged_);
    check(cudaMemcpyAsync(place, static_cast<const char*>(device) + done, part, cudaMemcpyDeviceToHost, stream()),
          "cudaMemcpyAsync");
    synchronise();
    std::memcpy(static_cast<char*>(host) + done, place, part);
    done += part;
  }
}

void Gpu::upload(const void* host, void* device, std::size_t bytes) {
  check(cudaMemcpyAsync(device, host, bytes, cudaMemcpyHostToDevice, stream()), "cudaMemcpyAsync");
  synchronise();
}

void Gpu::download(const void* device, void* host, std::size_t bytes) {
  check(cudaMemcpyAsync(host, device, bytes, cudaMemcpyDeviceToHost, stream()), "cudaMemcpyAsync");
  synchronise();
}

void* Gpu::device_workspace(std::size_t bytes) {
  reserve(solver_workspace_, static_cast<Index>(bytes));
  return solver_workspace_.get();
}

void* Gpu::host_workspace(std::size_t bytes) {
  if (host_workspace_.size() < bytes) host_workspace_.resize(bytes);
  return host_workspace_.data();
}

std::vector<UsableGpu> usable_gpus(std::string& reason) noexcept try {
  int count = 0;
  const cudaError_t status = cudaGetDeviceCount(&count);
  if (status != cudaSuccess || count == 0) {
    (void)cudaGetLastError();  // a missing driver is an answer here, not an error to be met later
    reason = status == cudaSuccess ? "the CUDA driver reports no GPU"
                                   : "no GPU with a CUDA 13 driver: cudaGetDeviceCount returned " +
                                         std::to_string(static_cast<int>(status)) + " (" + cudaGetErrorName(status) +
                                         "): " + cudaGetErrorString(status);
    return {};
  }
  std::vector<UsableGpu> usable;
  for (int device = 0; device < count; ++device) {
    cudaDeviceProp properties{};
    check(cudaGetDeviceProperties(&properties, device), "cudaGetDeviceProperties");
    if (properties.major >= kLeastCapability) {
      usable.push_back({device, describe(properties)});
    } else {
      reason += (reason.empty() ? "" : "; ") + describe(properties) + " is too old: compute capability 8.0 is required";
    }
  }
  return usable;
} catch (const std::exception& error) {
  try {
    reason = error.what();
  } catch (...) {  // NOLINT(bugprone-empty-catch): no memory, not even for the reason
  }
  return {};
}

}  // namespace sigmahat::backends::cuda
