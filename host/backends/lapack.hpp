// The BLAS and LAPACK routines in use, with their Fortran names; sizes are checked where they are narrowed to int.
#pragma once

#include <cstddef>
#include <limits>
#include <string>

#include "sigmahat/host/error.hpp"
#include "sigmahat/kernels/common.hpp"

extern "C" {
void dpotrf_(const char* uplo, const int* n, double* a, const int* lda, int* info, std::size_t);
void dtrtri_(const char* uplo, const char* diag, const int* n, double* a, const int* lda, int* info, std::size_t,
             std::size_t);
void dsygst_(const int* itype, const char* uplo, const int* n, double* a, const int* lda, const double* b,
             const int* ldb, int* info, std::size_t);
void dsyevd_(const char* jobz, const char* uplo, const int* n, double* a, const int* lda, double* w, double* work,
             const int* lwork, int* iwork, const int* liwork, int* info, std::size_t, std::size_t);
void dgemm_(const char* transa, const char* transb, const int* m, const int* n, const int* k, const double* alpha,
            const double* a, const int* lda, const double* b, const int* ldb, const double* beta, double* c,
            const int* ldc, std::size_t, std::size_t);
void dtrmm_(const char* side, const char* uplo, const char* trans, const char* diag, const int* m, const int* n,
            const double* alpha, const double* a, const int* lda, double* b, const int* ldb, std::size_t, std::size_t,
            std::size_t, std::size_t);
void dtrsm_(const char* side, const char* uplo, const char* trans, const char* diag, const int* m, const int* n,
            const double* alpha, const double* a, const int* lda, double* b, const int* ldb, std::size_t, std::size_t,
            std::size_t, std::size_t);
void dtrsv_(const char* uplo, const char* trans, const char* diag, const int* n, const double* a, const int* lda,
            double* x, const int* incx, std::size_t, std::size_t, std::size_t);
void dsyr_(const char* uplo, const int* n, const double* alpha, const double* x, const int* incx, double* a,
           const int* lda, std::size_t);
void dsyrk_(const char* uplo, const char* trans, const int* n, const int* k, const double* alpha, const double* a,
            const int* lda, const double* beta, double* c, const int* ldc, std::size_t, std::size_t);
void dgelqf_(const int* m, const int* n, double* a, const int* lda, double* tau, double* work, const int* lwork,
             int* info);
char* openblas_get_config(void);
char* openblas_get_corename(void);
}

namespace sigmahat::backends::lapack {

/// LAPACK's int; throws where p does not fit.
inline int size(Index p) {
  if (p > std::numeric_limits<int>::max())
    throw InvalidArgument("p = " + std::to_string(p) + ": LAPACK takes 32-bit sizes");
  return static_cast<int>(p);
}

/// A negative info is a mistake of ours, never the caller's.
inline void require_valid(const char* routine, int info) {
  if (info < 0) throw DeviceError(std::string("LAPACK: ") + routine + " rejected argument " + std::to_string(-info));
}

/// Lower Cholesky factor in place; false where a is not positive definite. The strict upper triangle is untouched.
/// OpenBLAS lets a NaN pass with info = 0; it always reaches a later diagonal entry, so these are tested.
inline bool potrf(Index p, double* a) {
  const int n = size(p);
  int info = 0;
  dpotrf_("L", &n, a, &n, &info, 1);
  require_valid("dpotrf", info);
  bool positive = info == 0;
  for (Index i = 0; i < p; ++i) positive = positive && a[i + i * p] > 0;
  return positive;
}

/// a ← op(L)a (side 'L') or a·op(L) (side 'R') with the inverse of L or Lᵀ; a is m × n with ld = m.
inline void trsm(char side, char trans, Index m, Index n, const double* l, Index p, double* a) {
  const int rows = size(m), columns = size(n), ld = size(p);
  const double one = 1;
  dtrsm_(&side, "L", &trans, "N", &rows, &columns, &one, l, &ld, a, &rows, 1, 1, 1, 1);
}

/// x ← L⁻¹x (trans 'N') or L⁻ᵀx ('T').
inline void trsv(char trans, Index p, const double* l, double* x) {
  const int n = size(p), one = 1;
  dtrsv_("L", &trans, "N", &n, l, &n, x, &one, 1, 1, 1);
}

/// The lower triangle of c (n × n) += a·aᵀ, a being n × k with ld = n.
inline void syrk(Index n, Index k, const double* a, double* c) {
  const int rows = size(n), columns = size(k);
  const double one = 1;
  dsyrk_("L", "N", &rows, &columns, &one, a, &rows, &one, c, &rows, 1, 1);
}

/// a (m × n) ← L of a = LQ below and on the diagonal; the rest is spent. `tau` has min(m, n) numbers.
inline void gelqf(Index m, Index n, Index ld, double* a, double* tau, double* work, Index work_size) {
  const int rows = size(m), columns = size(n), stride = size(ld), length = size(work_size);
  int info = 0;
  dgelqf_(&rows, &columns, a, &stride, tau, work, &length, &info);
  require_valid("dgelqf", info);
}

/// a ← the inverse of its triangle, `uplo` 'L' or 'U', `diag` 'U' for a unit diagonal.
inline void trtri(char uplo, char diag, Index n, double* a) {
  const int size_of = size(n);
  int info = 0;
  dtrtri_(&uplo, &diag, &size_of, a, &size_of, &info, 1, 1);
  require_valid("dtrtri", info);
}

}  // namespace sigmahat::backends::lapack
