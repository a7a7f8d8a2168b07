// cuBLAS by the CPU's BLAS, on emulated memory. Host scalars are read when the call is made, matrices when the stream
// runs; the handle must have been told a stream and the modes that the backend promises.
#include <cublas_v2.h>

#include <cblas.h>

#include "device.hpp"

using sigmahat::emulator::created;
using sigmahat::emulator::destroyed;
using sigmahat::emulator::enqueue_work;
using sigmahat::emulator::global_memory;
using sigmahat::emulator::is_stream;
using sigmahat::emulator::OneThread;
using sigmahat::emulator::require_device;

struct cublasContext {
  cudaStream_t stream = nullptr;
  void* workspace = nullptr;
  std::size_t workspace_bytes = 0;
  bool without_atomics = false;
};

namespace {

constexpr std::size_t kNumber = sizeof(double);

std::size_t bytes_of(std::int64_t numbers) { return static_cast<std::size_t>(numbers) * kNumber; }

/// Whether the handle is ready for reproducible work; uses up the workspace as the library would.
cublasStatus_t begin(cublasHandle_t handle) {
  if (handle == nullptr || !is_stream(handle->stream)) return CUBLAS_STATUS_NOT_INITIALIZED;
  if (handle->workspace == nullptr || !handle->without_atomics) return CUBLAS_STATUS_NOT_SUPPORTED;
  enqueue_work(handle->stream, [workspace = handle->workspace, bytes = handle->workspace_bytes] {
    require_device("cuBLAS", "the workspace", workspace, bytes, false);
  });
  return CUBLAS_STATUS_SUCCESS;
}

/// Columns of a rows × columns matrix, from the diagonal on where `triangle` is set.
template <class F>
void for_each_column(std::int64_t rows, std::int64_t columns, std::int64_t ld, bool triangle, F&& f) {
  for (std::int64_t j = 0; j < columns; ++j) {
    const std::int64_t first = triangle ? j : 0;
    f(j * ld + first, bytes_of(rows - first));
  }
}

void require(const char* call, const char* argument, const double* matrix, std::int64_t rows, std::int64_t columns,
             std::int64_t ld, bool triangle, bool reads) {
  for_each_column(rows, columns, ld, triangle, [&](std::int64_t place, std::size_t bytes) {
    require_device(call, argument, matrix + place, bytes, reads);
  });
}

}  // namespace

extern "C" {

const char* cublasGetStatusName(cublasStatus_t status) {
  switch (status) {
    case CUBLAS_STATUS_SUCCESS: return "CUBLAS_STATUS_SUCCESS";
    case CUBLAS_STATUS_NOT_INITIALIZED: return "CUBLAS_STATUS_NOT_INITIALIZED";
    case CUBLAS_STATUS_ALLOC_FAILED: return "CUBLAS_STATUS_ALLOC_FAILED";
    case CUBLAS_STATUS_INVALID_VALUE: return "CUBLAS_STATUS_INVALID_VALUE";
    case CUBLAS_STATUS_EXECUTION_FAILED: return "CUBLAS_STATUS_EXECUTION_FAILED";
    default: return "CUBLAS_STATUS_NOT_SUPPORTED";
  }
}
const char* cublasGetStatusString(cublasStatus_t) { return "a status of the emulated cuBLAS"; }

cublasStatus_t cublasGetVersion(cublasHandle_t, int* version) {
  SIGMAHAT_EMULATED_CALL(CUBLAS_STATUS_NOT_INITIALIZED);
  return *version = 130000, CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasCreate(cublasHandle_t* handle) {
  SIGMAHAT_EMULATED_CALL(CUBLAS_STATUS_ALLOC_FAILED);
  *handle = new cublasContext;
  created("cuBLAS handle");
  return CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasDestroy(cublasHandle_t handle) {
  delete handle;
  destroyed("cuBLAS handle");
  SIGMAHAT_EMULATED_CALL(CUBLAS_STATUS_NOT_INITIALIZED);
  return CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasSetStream(cublasHandle_t handle, cudaStream_t stream) {
  SIGMAHAT_EMULATED_CALL(CUBLAS_STATUS_NOT_INITIALIZED);
  if (!is_stream(stream)) return CUBLAS_STATUS_INVALID_VALUE;
  handle->stream = stream;
  handle->workspace = nullptr;  // as documented: a new stream means the library's own workspace
  return CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasSetWorkspace(cublasHandle_t handle, void* workspace, std::size_t bytes) {
  SIGMAHAT_EMULATED_CALL(CUBLAS_STATUS_NOT_INITIALIZED);
  if (!global_memory().objection(workspace, bytes, false).empty()) return CUBLAS_STATUS_INVALID_VALUE;
  handle->workspace = workspace;
  handle->workspace_bytes = bytes;
  return CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasSetPointerMode(cublasHandle_t, cublasPointerMode_t mode) {
  SIGMAHAT_EMULATED_CALL(CUBLAS_STATUS_NOT_INITIALIZED);
  return mode == CUBLAS_POINTER_MODE_HOST ? CUBLAS_STATUS_SUCCESS : CUBLAS_STATUS_NOT_SUPPORTED;
}
cublasStatus_t cublasSetAtomicsMode(cublasHandle_t handle, cublasAtomicsMode_t mode) {
  SIGMAHAT_EMULATED_CALL(CUBLAS_STATUS_NOT_INITIALIZED);
  handle->without_atomics = mode == CUBLAS_ATOMICS_NOT_ALLOWED;
  return CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasSetMathMode(cublasHandle_t, cublasMath_t mode) {
  SIGMAHAT_EMULATED_CALL(CUBLAS_STATUS_NOT_INITIALIZED);
  return mode == CUBLAS_DEFAULT_MATH ? CUBLAS_STATUS_SUCCESS : CUBLAS_STATUS_NOT_SUPPORTED;
}

cublasStatus_t cublasDsyrk_64(cublasHandle_t handle, cublasFillMode_t fill, cublasOperation_t operation, std::int64_t n,
                              std::int64_t k, const double* alpha, const double* a, std::int64_t lda,
                              const double* beta, double* c, std::int64_t ldc) {
  SIGMAHAT_EMULATED_CALL(CUBLAS_STATUS_EXECUTION_FAILED);
  if (fill != CUBLAS_FILL_MODE_LOWER || operation != CUBLAS_OP_N) return CUBLAS_STATUS_NOT_SUPPORTED;
  if (n < 0 || k < 0 || lda < n || ldc < n) return CUBLAS_STATUS_INVALID_VALUE;
  if (const cublasStatus_t status = begin(handle); status != CUBLAS_STATUS_SUCCESS) return status;
  enqueue_work(handle->stream, [=, alpha = *alpha, beta = *beta] {
    require("cublasDsyrk", "A", a, n, k, lda, false, true);
    require("cublasDsyrk", "C", c, n, n, ldc, true, beta != 0);
    const OneThread one;
    cblas_dsyrk(CblasColMajor, CblasLower, CblasNoTrans, static_cast<int>(n), static_cast<int>(k), alpha, a,
                static_cast<int>(lda), beta, c, static_cast<int>(ldc));
    for_each_column(n, n, ldc, true,
                    [&](std::int64_t place, std::size_t bytes) { global_memory().set_written(c + place, bytes); });
  });
  return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasDtrsm_64(cublasHandle_t handle, cublasSideMode_t side, cublasFillMode_t fill,
                              cublasOperation_t operation, cublasDiagType_t diagonal, std::int64_t m, std::int64_t n,
                              const double* alpha, const double* a, std::int64_t lda, double* b, std::int64_t ldb) {
  SIGMAHAT_EMULATED_CALL(CUBLAS_STATUS_EXECUTION_FAILED);
  if (fill != CUBLAS_FILL_MODE_LOWER || diagonal != CUBLAS_DIAG_NON_UNIT) return CUBLAS_STATUS_NOT_SUPPORTED;
  const bool left = side == CUBLAS_SIDE_LEFT;
  const std::int64_t order = left ? m : n;
  if (m < 0 || n < 0 || lda < order || ldb < m) return CUBLAS_STATUS_INVALID_VALUE;
  if (const cublasStatus_t status = begin(handle); status != CUBLAS_STATUS_SUCCESS) return status;
  enqueue_work(handle->stream, [=, alpha = *alpha] {
    require("cublasDtrsm", "A", a, order, order, lda, true, true);
    require("cublasDtrsm", "B", b, m, n, ldb, false, true);
    const OneThread one;
    cblas_dtrsm(CblasColMajor, left ? CblasLeft : CblasRight, CblasLower,
                operation == CUBLAS_OP_N ? CblasNoTrans : CblasTrans, CblasNonUnit, static_cast<int>(m),
                static_cast<int>(n), alpha, a, static_cast<int>(lda), b, static_cast<int>(ldb));
  });
  return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasDtrsmBatched(cublasHandle_t handle, cublasSideMode_t side, cublasFillMode_t fill,
                                  cublasOperation_t operation, cublasDiagType_t diagonal, int m, int n,
                                  const double* alpha, const double* const a[], int lda, double* const b[], int ldb,
                                  int count) {
  SIGMAHAT_EMULATED_CALL(CUBLAS_STATUS_EXECUTION_FAILED);
  if (fill != CUBLAS_FILL_MODE_LOWER || diagonal != CUBLAS_DIAG_NON_UNIT) return CUBLAS_STATUS_NOT_SUPPORTED;
  const bool left = side == CUBLAS_SIDE_LEFT;
  const int order = left ? m : n;
  if (m < 0 || n < 0 || count < 0 || lda < order || ldb < m) return CUBLAS_STATUS_INVALID_VALUE;
  if (const cublasStatus_t status = begin(handle); status != CUBLAS_STATUS_SUCCESS) return status;
  enqueue_work(handle->stream, [=, alpha = *alpha] {
    constexpr const char* kCall = "cublasDtrsmBatched";
    require_device(kCall, "the array of A", a, static_cast<std::size_t>(count) * sizeof(a[0]), true);
    require_device(kCall, "the array of B", b, static_cast<std::size_t>(count) * sizeof(b[0]), true);
    const OneThread one;
    for (int item = 0; item < count; ++item) {
      require(kCall, "A", a[item], order, order, lda, true, true);
      require(kCall, "B", b[item], m, n, ldb, false, true);
      cblas_dtrsm(CblasColMajor, left ? CblasLeft : CblasRight, CblasLower,
                  operation == CUBLAS_OP_N ? CblasNoTrans : CblasTrans, CblasNonUnit, m, n, alpha, a[item], lda,
                  b[item], ldb);
    }
  });
  return CUBLAS_STATUS_SUCCESS;
}

}  // extern "C"
