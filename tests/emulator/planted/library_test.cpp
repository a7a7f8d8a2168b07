// The stand-ins for cuBLAS and cuSOLVER: right calls give LAPACK's numbers, wrong ones a status or a fault that names
// the call. The handles are set up as the backend does it.
#include <cmath>
#include <functional>

#include <cublas_v2.h>
#include <cusolverDn.h>

#include "kernel_test.hpp"

namespace sigmahat::test {
namespace {

constexpr Index kOrder = 3, kLd = 5;  // matrices have two more rows, which nobody may touch
constexpr double kOne = 1, kMinusOne = -1, kZero = 0;

/// kOrder columns of kLd numbers.
std::vector<double> padded(const std::vector<double>& matrix) {
  std::vector<double> result(kLd * kOrder, 99);
  for (Index j = 0; j < kOrder; ++j) std::copy_n(matrix.begin() + j * kOrder, kOrder, result.begin() + j * kLd);
  return result;
}

class Library : public ::testing::Test {
 protected:
  void SetUp() override {
    emulator::reset();
    ASSERT_TRUE(succeeded(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking)));
    ASSERT_TRUE(succeeded(cudaMalloc(&workspace_, kWorkspaceBytes)));
    ASSERT_EQ(cublasCreate(&blas_), CUBLAS_STATUS_SUCCESS);
    ASSERT_EQ(cublasSetStream(blas_, stream_), CUBLAS_STATUS_SUCCESS);
    ASSERT_EQ(cublasSetWorkspace(blas_, workspace_, kWorkspaceBytes), CUBLAS_STATUS_SUCCESS);
    ASSERT_EQ(cublasSetAtomicsMode(blas_, CUBLAS_ATOMICS_NOT_ALLOWED), CUBLAS_STATUS_SUCCESS);
    ASSERT_EQ(cusolverDnCreate(&solver_), CUSOLVER_STATUS_SUCCESS);
    ASSERT_EQ(cusolverDnSetStream(solver_, stream_), CUSOLVER_STATUS_SUCCESS);
    ASSERT_EQ(cusolverDnSetDeterministicMode(solver_, CUSOLVER_DETERMINISTIC_RESULTS), CUSOLVER_STATUS_SUCCESS);
    ASSERT_EQ(cusolverDnCreateParams(&parameters_), CUSOLVER_STATUS_SUCCESS);
  }
  void TearDown() override {
    emulator::reset();
    EXPECT_EQ(cusolverDnDestroyParams(parameters_), CUSOLVER_STATUS_SUCCESS);
    EXPECT_EQ(cusolverDnDestroy(solver_), CUSOLVER_STATUS_SUCCESS);
    EXPECT_EQ(cublasDestroy(blas_), CUBLAS_STATUS_SUCCESS);
    EXPECT_TRUE(succeeded(cudaFree(workspace_)));
    EXPECT_TRUE(succeeded(cudaStreamDestroy(stream_)));
    EXPECT_EQ(emulator::leaks(), std::vector<std::string>());
  }

  DeviceArray<double> put(const std::vector<double>& host) const { return DeviceArray<double>(stream_, host); }
  template <class T>
  std::vector<T> fetch(const DeviceArray<T>& array) const {
    std::vector<T> host(static_cast<std::size_t>(array.count()));
    require_success(cudaMemcpyAsync(host.data(), array.get(), array.bytes(), cudaMemcpyDeviceToHost, stream_));
    require_success(cudaStreamSynchronize(stream_));
    return host;
  }

  /// C ← A·Aᵀ in the lower triangle.
  cublasStatus_t syrk(const double* a, Index lda, double* c, Index ldc,
                      cublasFillMode_t fill = CUBLAS_FILL_MODE_LOWER) const {
    return cublasDsyrk_64(blas_, fill, CUBLAS_OP_N, kOrder, kOrder, &kOne, a, lda, &kZero, c, ldc);
  }
  /// B ← A⁻¹·B for a lower triangular A.
  cublasStatus_t trsm(const double* a, Index lda, double* b, Index ldb,
                      cublasFillMode_t fill = CUBLAS_FILL_MODE_LOWER) const {
    return cublasDtrsm_64(blas_, CUBLAS_SIDE_LEFT, fill, CUBLAS_OP_N, CUBLAS_DIAG_NON_UNIT, kOrder, kOrder, &kOne, a,
                          lda, b, ldb);
  }

  /// Waits, expects a fault whose text has these words, and forgets it.
  void expect_fault(const std::string& call, const std::string& argument, const std::string& what) const {
    ASSERT_EQ(cudaStreamSynchronize(stream_), cudaErrorLaunchFailure) << "no fault of " << call << ", " << argument;
    const std::string message = cudaGetErrorString(cudaErrorLaunchFailure);
    for (const std::string& word : {call, argument, what}) {
      EXPECT_NE(message.find(word), std::string::npos) << "without \"" << word << "\": " << message;
    }
    emulator::reset();
  }

  static constexpr std::size_t kWorkspaceBytes = 4096;
  cudaStream_t stream_ = nullptr;
  void* workspace_ = nullptr;
  cublasHandle_t blas_ = nullptr;
  cusolverDnHandle_t solver_ = nullptr;
  cusolverDnParams_t parameters_ = nullptr;
};

/// A lower triangle, and A·Aᵀ.
const std::vector<double> kLower{2, 6, 8, 0, 1, 5, 0, 0, 3};
const std::vector<double> kProduct{4, 12, 16, 12, 37, 53, 16, 53, 98};

TEST_F(Library, SyrkWritesTheLowerTriangleAlone) {
  const auto a = put(padded(kLower)), c = put(std::vector<double>(kLd * kOrder, 99));
  ASSERT_EQ(syrk(a.get(), kLd, c.get(), kLd), CUBLAS_STATUS_SUCCESS);
  EXPECT_EQ(fetch(c), (std::vector<double>{4, 12, 16, 99, 99, 99, 37, 53, 99, 99, 99, 99, 98, 99, 99}));
  const double half = 0.5;
  ASSERT_EQ(cublasDsyrk_64(blas_, CUBLAS_FILL_MODE_LOWER, CUBLAS_OP_N, kOrder, 1, &kMinusOne, a.get(), kLd, &half,
                           c.get(), kLd),
            CUBLAS_STATUS_SUCCESS);
  EXPECT_EQ(fetch(c), (std::vector<double>{-2, -6, -8, 99, 99, 99, -17.5, -21.5, 99, 99, 99, 99, -15, 99, 99}));
}

TEST_F(Library, TrsmSolvesOnEitherSide) {
  const auto a = put(padded(kLower)), b = put(padded(kProduct)), product = put(padded(kProduct));
  ASSERT_EQ(trsm(a.get(), kLd, b.get(), kLd), CUBLAS_STATUS_SUCCESS);
  EXPECT_EQ(fetch(b), padded({2, 0, 0, 6, 1, 0, 8, 5, 3}));
  ASSERT_EQ(cublasDtrsm_64(blas_, CUBLAS_SIDE_RIGHT, CUBLAS_FILL_MODE_LOWER, CUBLAS_OP_T, CUBLAS_DIAG_NON_UNIT, kOrder,
                           kOrder, &kMinusOne, a.get(), kLd, product.get(), kLd),
            CUBLAS_STATUS_SUCCESS);
  EXPECT_EQ(fetch(product), padded({-2, -6, -8, 0, -1, -5, 0, 0, -3}));
}

TEST_F(Library, ScalarsAreThoseOfTheCall) {
  const auto a = put(kLower), c = put(std::vector<double>(kOrder * kOrder));
  double alpha = 1, beta = 0;
  ASSERT_EQ(cublasDsyrk_64(blas_, CUBLAS_FILL_MODE_LOWER, CUBLAS_OP_N, kOrder, kOrder, &alpha, a.get(), kOrder, &beta,
                           c.get(), kOrder),
            CUBLAS_STATUS_SUCCESS);
  alpha = beta = 100;
  EXPECT_EQ(fetch(c)[0], 4);
}

TEST_F(Library, LeadingDimensionsThatAreTooSmallAreInvalid) {
  const auto a = put(kLower), c = put(kProduct);
  EXPECT_EQ(syrk(a.get(), kOrder - 1, c.get(), kOrder), CUBLAS_STATUS_INVALID_VALUE);
  EXPECT_EQ(syrk(a.get(), kOrder, c.get(), kOrder - 1), CUBLAS_STATUS_INVALID_VALUE);
  EXPECT_EQ(trsm(a.get(), kOrder - 1, c.get(), kOrder), CUBLAS_STATUS_INVALID_VALUE);
  EXPECT_EQ(trsm(a.get(), kOrder, c.get(), kOrder - 1), CUBLAS_STATUS_INVALID_VALUE);
}

TEST_F(Library, LeadingDimensionsThatAreTooLargeLeaveTheAllocation) {
  const auto a = put(kLower), c = put(kProduct);
  EXPECT_EQ(syrk(a.get(), kLd, c.get(), kOrder), CUBLAS_STATUS_SUCCESS);
  expect_fault("cublasDsyrk", "A", "allocation");
  EXPECT_EQ(syrk(a.get(), kOrder, c.get(), kLd), CUBLAS_STATUS_SUCCESS);
  expect_fault("cublasDsyrk", "C", "allocation");
  EXPECT_EQ(trsm(a.get(), kLd, c.get(), kOrder), CUBLAS_STATUS_SUCCESS);
  expect_fault("cublasDtrsm", "A", "allocation");
  EXPECT_EQ(trsm(a.get(), kOrder, c.get(), kLd), CUBLAS_STATUS_SUCCESS);
  expect_fault("cublasDtrsm", "B", "allocation");
}

TEST_F(Library, OnlyTheLowerTriangleIsSupported) {
  const auto a = put(kLower), c = put(kProduct);
  EXPECT_EQ(syrk(a.get(), kOrder, c.get(), kOrder, CUBLAS_FILL_MODE_UPPER), CUBLAS_STATUS_NOT_SUPPORTED);
  EXPECT_EQ(trsm(a.get(), kOrder, c.get(), kOrder, CUBLAS_FILL_MODE_UPPER), CUBLAS_STATUS_NOT_SUPPORTED);
}

TEST_F(Library, AHandleThatIsNotReadyIsRefused) {
  const auto a = put(kLower), c = put(kProduct);
  const auto expect_both = [&](cublasStatus_t status) {
    EXPECT_EQ(syrk(a.get(), kOrder, c.get(), kOrder), status);
    EXPECT_EQ(trsm(a.get(), kOrder, c.get(), kOrder), status);
  };
  const cublasHandle_t ready = blas_;
  blas_ = nullptr;
  expect_both(CUBLAS_STATUS_NOT_INITIALIZED);
  ASSERT_EQ(cublasCreate(&blas_), CUBLAS_STATUS_SUCCESS);
  expect_both(CUBLAS_STATUS_NOT_INITIALIZED);  // without a stream
  EXPECT_EQ(cublasSetStream(blas_, nullptr), CUBLAS_STATUS_INVALID_VALUE);
  ASSERT_EQ(cublasSetStream(blas_, stream_), CUBLAS_STATUS_SUCCESS);
  ASSERT_EQ(cublasSetAtomicsMode(blas_, CUBLAS_ATOMICS_NOT_ALLOWED), CUBLAS_STATUS_SUCCESS);
  expect_both(CUBLAS_STATUS_NOT_SUPPORTED);  // without a workspace
  ASSERT_EQ(cublasSetWorkspace(blas_, workspace_, kWorkspaceBytes), CUBLAS_STATUS_SUCCESS);
  expect_both(CUBLAS_STATUS_SUCCESS);
  EXPECT_TRUE(succeeded(cudaStreamSynchronize(stream_)));
  ASSERT_EQ(cublasSetAtomicsMode(blas_, CUBLAS_ATOMICS_ALLOWED), CUBLAS_STATUS_SUCCESS);
  expect_both(CUBLAS_STATUS_NOT_SUPPORTED);  // with atomic operations
  ASSERT_EQ(cublasSetAtomicsMode(blas_, CUBLAS_ATOMICS_NOT_ALLOWED), CUBLAS_STATUS_SUCCESS);
  ASSERT_EQ(cublasSetStream(blas_, stream_), CUBLAS_STATUS_SUCCESS);
  expect_both(CUBLAS_STATUS_NOT_SUPPORTED);  // a new stream takes the workspace away
  EXPECT_EQ(cublasDestroy(blas_), CUBLAS_STATUS_SUCCESS);
  blas_ = ready;
}

TEST_F(Library, ModesThatTheBackendDoesNotPromiseAreRefused) {
  EXPECT_EQ(cublasSetPointerMode(blas_, CUBLAS_POINTER_MODE_HOST), CUBLAS_STATUS_SUCCESS);
  EXPECT_EQ(cublasSetPointerMode(blas_, CUBLAS_POINTER_MODE_DEVICE), CUBLAS_STATUS_NOT_SUPPORTED);
  EXPECT_EQ(cublasSetMathMode(blas_, CUBLAS_DEFAULT_MATH), CUBLAS_STATUS_SUCCESS);
  EXPECT_EQ(cublasSetMathMode(blas_, CUBLAS_TF32_TENSOR_OP_MATH), CUBLAS_STATUS_NOT_SUPPORTED);
}

TEST_F(Library, AWorkspaceMustBeDeviceMemoryUntilTheWorkIsDone) {
  const auto a = put(kLower), c = put(kProduct);
  std::vector<double> host(512);
  EXPECT_EQ(cublasSetWorkspace(blas_, host.data(), kWorkspaceBytes), CUBLAS_STATUS_INVALID_VALUE);
  EXPECT_EQ(cublasSetWorkspace(blas_, workspace_, kWorkspaceBytes + 1), CUBLAS_STATUS_INVALID_VALUE);
  void* freed = nullptr;
  ASSERT_TRUE(succeeded(cudaMalloc(&freed, 1024)));
  ASSERT_EQ(cublasSetWorkspace(blas_, freed, 1024), CUBLAS_STATUS_SUCCESS);
  ASSERT_TRUE(succeeded(cudaFreeAsync(freed, stream_)));
  EXPECT_EQ(syrk(a.get(), kOrder, c.get(), kOrder), CUBLAS_STATUS_SUCCESS);
  expect_fault("cuBLAS", "workspace", "freed");
}

TEST_F(Library, OperandsMustBeDeviceMemory) {
  const auto a = put(kLower), c = put(kProduct);
  std::vector<double> host = kLower;
  EXPECT_EQ(syrk(host.data(), kOrder, c.get(), kOrder), CUBLAS_STATUS_SUCCESS);
  expect_fault("cublasDsyrk", "A", "no device memory");
  EXPECT_EQ(syrk(a.get(), kOrder, host.data(), kOrder), CUBLAS_STATUS_SUCCESS);
  expect_fault("cublasDsyrk", "C", "no device memory");
  EXPECT_EQ(trsm(host.data(), kOrder, c.get(), kOrder), CUBLAS_STATUS_SUCCESS);
  expect_fault("cublasDtrsm", "A", "no device memory");
  EXPECT_EQ(trsm(a.get(), kOrder, host.data(), kOrder), CUBLAS_STATUS_SUCCESS);
  expect_fault("cublasDtrsm", "B", "no device memory");
  EXPECT_EQ(host, kLower);
}

TEST_F(Library, OperandsMustHaveBeenWritten) {
  if (!emulator::has_checker()) GTEST_SKIP() << "what kernels write is not known without the checker's instrumentation";
  const auto a = put(kLower), c = put(kProduct);
  const DeviceArray<double> fresh(kOrder * kOrder);
  EXPECT_EQ(syrk(fresh.get(), kOrder, c.get(), kOrder), CUBLAS_STATUS_SUCCESS);
  expect_fault("cublasDsyrk", "A", "written");
  EXPECT_EQ(cublasDsyrk_64(blas_, CUBLAS_FILL_MODE_LOWER, CUBLAS_OP_N, kOrder, kOrder, &kOne, a.get(), kOrder, &kOne,
                           fresh.get(), kOrder),
            CUBLAS_STATUS_SUCCESS);
  expect_fault("cublasDsyrk", "C", "written");
  EXPECT_EQ(trsm(fresh.get(), kOrder, c.get(), kOrder), CUBLAS_STATUS_SUCCESS);
  expect_fault("cublasDtrsm", "A", "written");
  EXPECT_EQ(trsm(a.get(), kOrder, fresh.get(), kOrder), CUBLAS_STATUS_SUCCESS);
  expect_fault("cublasDtrsm", "B", "written");
  EXPECT_EQ(syrk(a.get(), kOrder, fresh.get(), kOrder), CUBLAS_STATUS_SUCCESS);  // with β = 0 it is written alone
  EXPECT_TRUE(succeeded(cudaStreamSynchronize(stream_)));
}

TEST_F(Library, FreedOperandsAreFaults) {
  const auto c = put(kProduct);
  for (const bool solve : {false, true}) {
    void* freed = nullptr;
    ASSERT_TRUE(succeeded(cudaMalloc(&freed, kOrder * kOrder * sizeof(double))));
    ASSERT_TRUE(succeeded(cudaFreeAsync(freed, stream_)));
    const auto* const a = static_cast<const double*>(freed);
    EXPECT_EQ(solve ? trsm(a, kOrder, c.get(), kOrder) : syrk(a, kOrder, c.get(), kOrder), CUBLAS_STATUS_SUCCESS);
    expect_fault(solve ? "cublasDtrsm" : "cublasDsyrk", "A", "freed");
  }
}

/// The batched calls on two matrices: arrays of places in device memory.
class Batched : public Library {
 protected:
  DeviceArray<double*> places(const std::vector<double*>& all) const { return DeviceArray<double*>(stream_, all); }
  cublasStatus_t trsm(const double* const* a, int lda, double* const* b, int ldb, int count = 2,
                      cublasFillMode_t fill = CUBLAS_FILL_MODE_LOWER) const {
    return cublasDtrsmBatched(blas_, CUBLAS_SIDE_LEFT, fill, CUBLAS_OP_N, CUBLAS_DIAG_NON_UNIT, kOrder, kOrder, &kOne,
                              a, lda, b, ldb, count);
  }
  cusolverStatus_t potrf(double** a, int lda, int* info, int count = 2,
                         cublasFillMode_t fill = CUBLAS_FILL_MODE_LOWER) const {
    return cusolverDnDpotrfBatched(solver_, fill, kOrder, a, lda, info, count);
  }
};

TEST_F(Batched, TrsmSolvesEachOnEitherSide) {
  std::vector<double> other = kLower;
  for (double& value : other) value *= 2;
  const auto a = put(padded(kLower)), twice = put(padded(other)), b = put(padded(kProduct)), c = put(padded(kProduct));
  const auto left = places({a.get(), twice.get()}), right = places({b.get(), c.get()});
  ASSERT_EQ(trsm(left.get(), kLd, right.get(), kLd), CUBLAS_STATUS_SUCCESS);
  EXPECT_EQ(fetch(b), padded({2, 0, 0, 6, 1, 0, 8, 5, 3}));
  EXPECT_EQ(fetch(c), padded({1, 0, 0, 3, 0.5, 0, 4, 2.5, 1.5}));
  const auto product = put(padded(kProduct)), vector = put({2, 0, 0});
  const auto one = places({product.get()}), one_vector = places({vector.get()});
  ASSERT_EQ(cublasDtrsmBatched(blas_, CUBLAS_SIDE_RIGHT, CUBLAS_FILL_MODE_LOWER, CUBLAS_OP_T, CUBLAS_DIAG_NON_UNIT,
                               kOrder, kOrder, &kMinusOne, left.get(), kLd, one.get(), kLd, 1),
            CUBLAS_STATUS_SUCCESS);
  EXPECT_EQ(fetch(product), padded({-2, -6, -8, 0, -1, -5, 0, 0, -3}));
  ASSERT_EQ(cublasDtrsmBatched(blas_, CUBLAS_SIDE_LEFT, CUBLAS_FILL_MODE_LOWER, CUBLAS_OP_T, CUBLAS_DIAG_NON_UNIT,
                               kOrder, 1, &kOne, left.get(), kLd, one_vector.get(), kOrder, 1),
            CUBLAS_STATUS_SUCCESS);
  EXPECT_EQ(fetch(vector), (std::vector<double>{1, 0, 0}));
}

TEST_F(Batched, PotrfHasTheNumbersOfLapackAndAnInfoForEach) {
  std::vector<double> bad = kProduct;
  bad[1 + kOrder] = -1;
  const auto a = put(kProduct), b = put(bad), c = put(kProduct);
  const auto all = places({a.get(), b.get(), c.get()});
  const DeviceArray<int> info(3);
  ASSERT_EQ(potrf(all.get(), kOrder, info.get(), 3), CUSOLVER_STATUS_SUCCESS);
  EXPECT_EQ(fetch(info), (std::vector<int>{0, 2, 0}));
  EXPECT_EQ(fetch(a), (std::vector<double>{2, 6, 8, 12, 1, 5, 16, 53, 3}));
  EXPECT_EQ(fetch(c), fetch(a));
}

TEST_F(Batched, WrongArgumentsAreRefused) {
  const auto a = put(kProduct), b = put(kProduct);
  const auto all = places({a.get(), b.get()});
  const DeviceArray<int> info(2);
  EXPECT_EQ(trsm(all.get(), kOrder - 1, all.get(), kOrder), CUBLAS_STATUS_INVALID_VALUE);
  EXPECT_EQ(trsm(all.get(), kOrder, all.get(), kOrder - 1), CUBLAS_STATUS_INVALID_VALUE);
  EXPECT_EQ(trsm(all.get(), kOrder, all.get(), kOrder, -1), CUBLAS_STATUS_INVALID_VALUE);
  EXPECT_EQ(trsm(all.get(), kOrder, all.get(), kOrder, 2, CUBLAS_FILL_MODE_UPPER), CUBLAS_STATUS_NOT_SUPPORTED);
  EXPECT_EQ(potrf(all.get(), kOrder - 1, info.get()), CUSOLVER_STATUS_INVALID_VALUE);
  EXPECT_EQ(potrf(all.get(), kOrder, info.get(), -1), CUSOLVER_STATUS_INVALID_VALUE);
  EXPECT_EQ(potrf(all.get(), kOrder, info.get(), 2, CUBLAS_FILL_MODE_UPPER), CUSOLVER_STATUS_NOT_SUPPORTED);
  ASSERT_EQ(cublasSetAtomicsMode(blas_, CUBLAS_ATOMICS_ALLOWED), CUBLAS_STATUS_SUCCESS);
  EXPECT_EQ(trsm(all.get(), kOrder, all.get(), kOrder), CUBLAS_STATUS_NOT_SUPPORTED);
  cusolverDnHandle_t other = nullptr;
  ASSERT_EQ(cusolverDnCreate(&other), CUSOLVER_STATUS_SUCCESS);
  std::swap(solver_, other);
  EXPECT_EQ(potrf(all.get(), kOrder, info.get()), CUSOLVER_STATUS_NOT_INITIALIZED) << "without a stream";
  ASSERT_EQ(cusolverDnSetStream(solver_, stream_), CUSOLVER_STATUS_SUCCESS);
  EXPECT_EQ(potrf(all.get(), kOrder, info.get()), CUSOLVER_STATUS_NOT_SUPPORTED) << "without deterministic results";
  std::swap(solver_, other);
  EXPECT_EQ(cusolverDnDestroy(other), CUSOLVER_STATUS_SUCCESS);
}

TEST_F(Batched, ArraysOfPlacesMustBeWholeAndInDeviceMemory) {
  const auto a = put(kProduct), b = put(kProduct);
  std::vector<double*> host{a.get(), b.get()};
  const auto all = places(host);
  const DeviceArray<int> info(2);
  EXPECT_EQ(potrf(host.data(), kOrder, info.get()), CUSOLVER_STATUS_SUCCESS);
  expect_fault("cusolverDnDpotrfBatched", "array of A", "no device memory");
  EXPECT_EQ(trsm(host.data(), kOrder, all.get(), kOrder), CUBLAS_STATUS_SUCCESS);
  expect_fault("cublasDtrsmBatched", "array of A", "no device memory");
  EXPECT_EQ(trsm(all.get(), kOrder, host.data(), kOrder), CUBLAS_STATUS_SUCCESS);
  expect_fault("cublasDtrsmBatched", "array of B", "no device memory");
  EXPECT_EQ(potrf(all.get(), kOrder, info.get(), 3), CUSOLVER_STATUS_SUCCESS);
  expect_fault("cusolverDnDpotrfBatched", "array of A", "allocation");
  EXPECT_EQ(trsm(all.get(), kOrder, all.get(), kOrder, 3), CUBLAS_STATUS_SUCCESS);
  expect_fault("cublasDtrsmBatched", "array of A", "allocation");
  if (!emulator::has_checker()) return;
  const DeviceArray<double*> fresh(2);
  EXPECT_EQ(potrf(fresh.get(), kOrder, info.get()), CUSOLVER_STATUS_SUCCESS);
  expect_fault("cusolverDnDpotrfBatched", "array of A", "written");
  EXPECT_EQ(trsm(all.get(), kOrder, fresh.get(), kOrder), CUBLAS_STATUS_SUCCESS);
  expect_fault("cublasDtrsmBatched", "array of B", "written");
}

TEST_F(Batched, OperandsOfTheWrongKindAreFaults) {
  const auto a = put(kProduct);
  std::vector<double> host = kProduct;
  const DeviceArray<double> fresh(kOrder * kOrder);
  const DeviceArray<int> info(2), one_info(1);
  const auto good = places({a.get(), a.get()}), with_host = places({a.get(), host.data()});
  EXPECT_EQ(potrf(with_host.get(), kOrder, info.get()), CUSOLVER_STATUS_SUCCESS);
  expect_fault("cusolverDnDpotrfBatched", "A", "no device memory");
  EXPECT_EQ(trsm(with_host.get(), kOrder, good.get(), kOrder), CUBLAS_STATUS_SUCCESS);
  expect_fault("cublasDtrsmBatched", "A", "no device memory");
  EXPECT_EQ(trsm(good.get(), kOrder, with_host.get(), kOrder), CUBLAS_STATUS_SUCCESS);
  expect_fault("cublasDtrsmBatched", "B", "no device memory");
  EXPECT_EQ(potrf(good.get(), kLd, info.get()), CUSOLVER_STATUS_SUCCESS);
  expect_fault("cusolverDnDpotrfBatched", "A", "allocation");
  EXPECT_EQ(trsm(good.get(), kLd, good.get(), kOrder), CUBLAS_STATUS_SUCCESS);
  expect_fault("cublasDtrsmBatched", "A", "allocation");
  EXPECT_EQ(trsm(good.get(), kOrder, good.get(), kLd), CUBLAS_STATUS_SUCCESS);
  expect_fault("cublasDtrsmBatched", "B", "allocation");
  int host_info[2] = {7, 7};
  EXPECT_EQ(potrf(good.get(), kOrder, host_info), CUSOLVER_STATUS_SUCCESS);
  expect_fault("cusolverDnDpotrfBatched", "info", "no device memory");
  EXPECT_EQ(potrf(good.get(), kOrder, one_info.get()), CUSOLVER_STATUS_SUCCESS);
  expect_fault("cusolverDnDpotrfBatched", "info", "allocation");
  if (!emulator::has_checker()) return;
  const auto with_fresh = places({a.get(), fresh.get()});
  EXPECT_EQ(potrf(with_fresh.get(), kOrder, info.get()), CUSOLVER_STATUS_SUCCESS);
  expect_fault("cusolverDnDpotrfBatched", "A", "written");
  EXPECT_EQ(trsm(good.get(), kOrder, with_fresh.get(), kOrder), CUBLAS_STATUS_SUCCESS);
  expect_fault("cublasDtrsmBatched", "B", "written");
}

/// Workspaces as the library asks for them, and the factorisation itself.
class Factorisation : public Library {
 protected:
  void SetUp() override {
    Library::SetUp();
    ASSERT_EQ(cusolverDnXpotrf_bufferSize(solver_, parameters_, CUBLAS_FILL_MODE_LOWER, kOrder, CUDA_R_64F, nullptr,
                                          kLd, CUDA_R_64F, &device_bytes_, &host_bytes_),
              CUSOLVER_STATUS_SUCCESS);
    ASSERT_GT(device_bytes_, 0u);
    ASSERT_LE(device_bytes_, kWorkspaceBytes);
    host_.resize(host_bytes_);
  }
  cusolverStatus_t factorise(double* a, Index lda, int* info, cublasFillMode_t fill = CUBLAS_FILL_MODE_LOWER) {
    return cusolverDnXpotrf(solver_, parameters_, fill, kOrder, CUDA_R_64F, a, lda, CUDA_R_64F, workspace_,
                            device_bytes_, host_.data(), host_bytes_, info);
  }

  std::size_t device_bytes_ = 0, host_bytes_ = 0;
  std::vector<char> host_;
};

TEST_F(Factorisation, HasTheNumbersOfLapack) {
  std::vector<double> matrix = padded(kProduct), expected = padded(kLower);
  for (Index j = 1; j < kOrder; ++j) {
    for (Index i = 0; i < j; ++i) expected[i + j * kLd] = matrix[i + j * kLd];  // the upper triangle stays
  }
  const auto a = put(matrix);
  const DeviceArray<int> info(1);
  ASSERT_EQ(factorise(a.get(), kLd, info.get()), CUSOLVER_STATUS_SUCCESS);
  EXPECT_EQ(fetch(a), expected);
  EXPECT_EQ(fetch(info)[0], 0);
}

TEST_F(Factorisation, InfoIsTheOrderOfTheFirstMinorThatIsNotPositive) {
  for (const Index bad : {0, 1, 2}) {
    std::vector<double> matrix = kProduct;
    matrix[bad + bad * kOrder] = -1;
    const auto a = put(matrix);
    const DeviceArray<int> info(1);
    ASSERT_EQ(factorise(a.get(), kOrder, info.get()), CUSOLVER_STATUS_SUCCESS);
    EXPECT_EQ(fetch(info)[0], bad + 1);
  }
}

TEST_F(Factorisation, WorkspacesThatAreTooSmallAreRefused) {
  const auto a = put(kProduct);
  const DeviceArray<int> info(1);
  --device_bytes_;
  EXPECT_EQ(factorise(a.get(), kOrder, info.get()), CUSOLVER_STATUS_INVALID_WORKSPACE);
  ++device_bytes_;
  --host_bytes_;
  EXPECT_EQ(factorise(a.get(), kOrder, info.get()), CUSOLVER_STATUS_INVALID_WORKSPACE);
  ++host_bytes_;
  EXPECT_EQ(factorise(a.get(), kOrder, info.get()), CUSOLVER_STATUS_SUCCESS);
  EXPECT_TRUE(succeeded(cudaStreamSynchronize(stream_)));
}

TEST_F(Factorisation, WorkspacesDependOnTheOrder) {
  std::size_t device = 0, host = 0;
  ASSERT_EQ(cusolverDnXpotrf_bufferSize(solver_, parameters_, CUBLAS_FILL_MODE_LOWER, 2 * kOrder, CUDA_R_64F, nullptr,
                                        2 * kOrder, CUDA_R_64F, &device, &host),
            CUSOLVER_STATUS_SUCCESS);
  EXPECT_GT(device, device_bytes_);
  EXPECT_GT(host, host_bytes_);
}

TEST_F(Factorisation, WrongArgumentsAreRefused) {
  const auto a = put(kProduct);
  const DeviceArray<int> info(1);
  EXPECT_NE(factorise(a.get(), kOrder, info.get(), CUBLAS_FILL_MODE_UPPER), CUSOLVER_STATUS_SUCCESS);
  EXPECT_EQ(factorise(a.get(), kOrder - 1, info.get()), CUSOLVER_STATUS_INVALID_VALUE);
  cusolverDnHandle_t other = nullptr;
  ASSERT_EQ(cusolverDnCreate(&other), CUSOLVER_STATUS_SUCCESS);
  std::swap(solver_, other);
  EXPECT_NE(factorise(a.get(), kOrder, info.get()), CUSOLVER_STATUS_SUCCESS) << "without a stream";
  EXPECT_EQ(cusolverDnSetStream(solver_, nullptr), CUSOLVER_STATUS_INVALID_VALUE);
  ASSERT_EQ(cusolverDnSetStream(solver_, stream_), CUSOLVER_STATUS_SUCCESS);
  EXPECT_NE(factorise(a.get(), kOrder, info.get()), CUSOLVER_STATUS_SUCCESS) << "without deterministic results";
  std::swap(solver_, other);
  EXPECT_EQ(cusolverDnDestroy(other), CUSOLVER_STATUS_SUCCESS);
}

TEST_F(Factorisation, OperandsOfTheWrongKindAreFaults) {
  const auto a = put(kProduct);
  const DeviceArray<int> info(1);
  const auto expect_potrf_fault = [&](double* matrix, Index lda, int* result, const char* argument, const char* what) {
    EXPECT_EQ(factorise(matrix, lda, result), CUSOLVER_STATUS_SUCCESS);
    expect_fault("cusolverDnXpotrf", argument, what);
  };
  std::vector<double> host = kProduct;
  int host_info = 7;
  expect_potrf_fault(host.data(), kOrder, info.get(), "A", "no device memory");
  expect_potrf_fault(a.get(), kOrder, &host_info, "info", "no device memory");
  EXPECT_EQ(host_info, 7);
  expect_potrf_fault(a.get(), kLd, info.get(), "A", "allocation");
  if (emulator::has_checker()) {
    const DeviceArray<double> fresh(kOrder * kOrder);
    expect_potrf_fault(fresh.get(), kOrder, info.get(), "A", "written");
  }
  void* freed = nullptr;
  ASSERT_TRUE(succeeded(cudaMalloc(&freed, a.bytes())));
  ASSERT_TRUE(succeeded(cudaFreeAsync(freed, stream_)));
  expect_potrf_fault(static_cast<double*>(freed), kOrder, info.get(), "A", "freed");
  void* const device_workspace = std::exchange(workspace_, host.data());
  host.resize(512);
  workspace_ = host.data();
  expect_potrf_fault(a.get(), kOrder, info.get(), "workspace", "no device memory");
  workspace_ = device_workspace;
}

}  // namespace
}  // namespace sigmahat::test
