// The part of cuBLAS that host/backends/cuda uses, as plain loops on host memory.
#pragma once

#include "cuda_runtime_api.h"

struct cublasContext;
using cublasHandle_t = cublasContext*;
enum cublasStatus_t { CUBLAS_STATUS_SUCCESS = 0, CUBLAS_STATUS_INVALID_VALUE = 7 };
enum cublasFillMode_t { CUBLAS_FILL_MODE_LOWER };
enum cublasOperation_t { CUBLAS_OP_N, CUBLAS_OP_T };
enum cublasSideMode_t { CUBLAS_SIDE_LEFT, CUBLAS_SIDE_RIGHT };
enum cublasDiagType_t { CUBLAS_DIAG_NON_UNIT };
enum cublasPointerMode_t { CUBLAS_POINTER_MODE_HOST };
enum cublasAtomicsMode_t { CUBLAS_ATOMICS_NOT_ALLOWED };
enum cublasMath_t { CUBLAS_DEFAULT_MATH };

inline const char* cublasGetStatusName(cublasStatus_t) { return "an emulated status"; }
inline const char* cublasGetStatusString(cublasStatus_t) { return "emulated"; }
inline cublasStatus_t cublasGetVersion(cublasHandle_t, int* version) {
  return *version = 130000, CUBLAS_STATUS_SUCCESS;
}
inline cublasStatus_t cublasCreate(cublasHandle_t* handle) {
  *handle = static_cast<cublasHandle_t>(std::malloc(1));
  return CUBLAS_STATUS_SUCCESS;
}
inline cublasStatus_t cublasDestroy(cublasHandle_t handle) { return std::free(handle), CUBLAS_STATUS_SUCCESS; }
inline cublasStatus_t cublasSetStream(cublasHandle_t, cudaStream_t) { return CUBLAS_STATUS_SUCCESS; }
inline cublasStatus_t cublasSetWorkspace(cublasHandle_t, void*, std::size_t) { return CUBLAS_STATUS_SUCCESS; }
inline cublasStatus_t cublasSetPointerMode(cublasHandle_t, cublasPointerMode_t) { return CUBLAS_STATUS_SUCCESS; }
inline cublasStatus_t cublasSetAtomicsMode(cublasHandle_t, cublasAtomicsMode_t) { return CUBLAS_STATUS_SUCCESS; }
inline cublasStatus_t cublasSetMathMode(cublasHandle_t, cublasMath_t) { return CUBLAS_STATUS_SUCCESS; }

/// Lower triangle of c ← alpha·a·aᵀ + beta·c, a n × k.
inline cublasStatus_t cublasDsyrk_64(cublasHandle_t, cublasFillMode_t, cublasOperation_t operation, std::int64_t n,
                                     std::int64_t k, const double* alpha, const double* a, std::int64_t lda,
                                     const double* beta, double* c, std::int64_t ldc) {
  if (operation != CUBLAS_OP_N || lda < n || ldc < n) return CUBLAS_STATUS_INVALID_VALUE;
  for (std::int64_t j = 0; j < n; ++j) {
    for (std::int64_t i = j; i < n; ++i) {
      double sum = 0;
      for (std::int64_t r = 0; r < k; ++r) sum += a[i + r * lda] * a[j + r * lda];
      c[i + j * ldc] = *alpha * sum + *beta * c[i + j * ldc];
    }
  }
  return CUBLAS_STATUS_SUCCESS;
}

/// b ← op(a)⁻¹b (left) or b·op(a)⁻¹ (right), a lower triangular, b m × n.
inline cublasStatus_t cublasDtrsm_64(cublasHandle_t, cublasSideMode_t side, cublasFillMode_t,
                                     cublasOperation_t operation, cublasDiagType_t, std::int64_t m, std::int64_t n,
                                     const double* alpha, const double* a, std::int64_t lda, double* b,
                                     std::int64_t ldb) {
  const bool left = side == CUBLAS_SIDE_LEFT;
  const std::int64_t order = left ? m : n, vectors = left ? n : m;
  if (*alpha != 1 || lda < order || ldb < m) return CUBLAS_STATUS_INVALID_VALUE;
  // Every vector (column on the left, row on the right) is solved for by itself: with a, going down, or with aᵀ, up.
  const bool down = left == (operation == CUBLAS_OP_N);
  const std::int64_t stride = left ? 1 : ldb;
  for (std::int64_t v = 0; v < vectors; ++v) {
    double* const x = left ? b + v * ldb : b + v;
    for (std::int64_t step = 0; step < order; ++step) {
      const std::int64_t i = down ? step : order - 1 - step;
      double sum = x[i * stride];
      for (std::int64_t k = down ? 0 : i + 1; k < (down ? i : order); ++k) {
        sum -= (down ? a[i + k * lda] : a[k + i * lda]) * x[k * stride];
      }
      x[i * stride] = sum / a[i + i * lda];
    }
  }
  return CUBLAS_STATUS_SUCCESS;
}
