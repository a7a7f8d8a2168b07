// Failing calls: whichever call of the CUDA runtime, cuBLAS or cuSOLVER fails, the CUDA backend says so in a DeviceError
// that names library, call and code, and leaves nothing behind. On the emulated device alone, whose calls fail on request.
#include <gtest/gtest.h>

#include <functional>
#include <set>

#include "ascent_arrays.hpp"
#include "backends/cuda/operations.hpp"
#include "backends/factory.hpp"
#include "control.hpp"
#include "least_squares_fits.hpp"
#include "sigmahat/host/error.hpp"
#include "support.hpp"

namespace sigmahat::test {
namespace {

constexpr Index kChunkBytes = 20000;  // few rows of small p take several chunks

/// One step of an ascent on two problems.
void ascend(Operations& operations, Index p) {
  const Ascent ascent(operations, 2, p);
  const GaussianData data = ascent.data();
  const GaussianPoint point = ascent.point();
  const GaussianDirection along = ascent.along();
  const std::vector<Index> active{1, 0};
  const std::vector<std::uint8_t> mean_only{0, 0};
  const std::vector<double> keep{0.5, 0.5}, step{0.5, 0.5};
  std::vector<GaussianEvaluation> evaluations(2);
  std::vector<double> slopes(2);
  std::vector<GaussianNewton> newtons(2);
  std::vector<GaussianMove> moves(2);
  operations.gaussian_evaluate(p, active, data, point, evaluations);
  EXPECT_EQ(evaluations[0].status, ProblemStatus::ok);
  operations.gaussian_newton(p, active, data, point, along, newtons);
  operations.gaussian_score(p, CovarianceScore::symmetric, active, point, along, slopes);
  operations.gaussian_target(p, active, mean_only, data, point, along);
  operations.gaussian_move(p, active, keep, step, point, along, point, moves);
  operations.gaussian_copy(p, active, point, point);
  (void)ascent.matrices(ascent.sigma);
}

void form_moments(Operations& operations, Index p) {
  constexpr Index kRows = 70;
  const TestRows rows({kRows, p, ScalarType::float64, Layout::row_major, p + 3, true, false});
  std::vector<Index> counts(4);
  std::vector<double> weight(2), mean(2 * p), residual(2 * p), scatter(2 * p * p);
  const MomentsView result{
      2, p, counts.data(), counts.data() + 2, weight.data(), mean.data(), residual.data(), scatter.data()};
  const auto pass = operations.begin_moments(p, MissingRows::error);
  EXPECT_TRUE(pass->add(rows.view()));
  pass->finish(result.problem(0));
  EXPECT_TRUE(operations.grouped_moments(rows.view(), std::vector<Index>{0, 40, kRows}, MissingRows::drop, result));
  std::vector<double> factor = covariances(1, p, 11), distances(kRows);
  EXPECT_EQ(operations.cholesky(p, factor.data(), factor.data()), ProblemStatus::ok);
  operations.mahalanobis_squared(rows.view(), mean.data(), factor.data(), distances.data());
}

/// Small problems, one that is large and one that needs pieces; some are left over to the host.
void regress(Operations& operations, Index k) {
  const TestRows z({900, k + 1});
  const std::vector<Index> offsets{0, 1, 40, 340, 900};
  const LeastSquaresRows rows = regression_rows(z.view(), offsets);
  LeastSquaresSpec spec;
  spec.intercept = true;
  spec.standard_errors = StandardErrors::classical;
  LeastSquaresResults results(rows, spec);
  operations.least_squares(rows, spec, results.view(Wanted::plain));
  EXPECT_EQ(results.status[0], ProblemStatus::too_few_rows);
  for (const Index b : {1, 2, 3}) EXPECT_EQ(results.status[b], ProblemStatus::ok);
}

/// Above the own kernels, in groups of two.
void regress_by_libraries(Operations& operations, Index k) {
  const Index rows = k + 10;
  const TestRows z({3 * rows, k + 1});
  const std::vector<Index> offsets{0, rows, 2 * rows, 3 * rows};
  const LeastSquaresRows batch = regression_rows(z.view(), offsets);
  const LeastSquaresSpec spec;
  LeastSquaresResults results(batch, spec);
  operations.least_squares(batch, spec, results.view(Wanted::coefficients));
  for (const ProblemStatus status : results.status) {
    EXPECT_TRUE(status == ProblemStatus::ok || status == ProblemStatus::refined_by_qr);
  }
}

/// Calls in destructors, where a failure can only be ignored.
bool may_be_ignored(const std::string& call) {
  return call.find("Destroy") != std::string::npos || call.find("Free") != std::string::npos ||
         call == "cudaSetDevice" || call == "cudaStreamSynchronize";
}

class FailingCalls : public ::testing::Test {
 protected:
  void SetUp() override {
    emulator::reset();
    emulator::set_order(emulator::Order::ascending);
  }
  void TearDown() override {
    emulator::reset();
    EXPECT_EQ(emulator::leaks(), std::vector<std::string>());
  }
};

std::string library_of(const std::string& call) {
  return call.starts_with("cublas") ? "cuBLAS" : call.starts_with("cusolver") ? "cuSOLVER" : "CUDA";
}

/// Lets each call that `action` makes fail in turn, and adds to `surfaced` those that became a DeviceError.
void fail_each_call(const std::function<void()>& action, std::set<std::string>& surfaced) {
  emulator::reset();
  action();
  const std::int64_t all = emulator::calls();
  ASSERT_GT(all, 0);
  for (std::int64_t number = 0; number < all; ++number) {
    emulator::reset();
    emulator::fail_call(number);
    std::string message;
    try {
      action();
    } catch (const DeviceError& error) {
      message = error.what();
    }
    const std::string call = emulator::failed_call();
    if (call.empty()) break;  // memory that the first run had to allocate is there by now
    SCOPED_TRACE("call " + std::to_string(number) + " of " + std::to_string(all) + ", " + call + ": " + message);
    if (message.empty()) {
      ASSERT_TRUE(may_be_ignored(call));
      continue;
    }
    surfaced.insert(call);
    ASSERT_TRUE(message.starts_with(library_of(call) + ": "));
    ASSERT_TRUE(call == "cudaLaunchKernelExC" || message.find(call) != std::string::npos);
    ASSERT_NE(message.find(" returned "), std::string::npos);
  }
  emulator::reset();
  action();  // nothing was left in a state that hinders the next one
}

TEST_F(FailingCalls, SurfaceAsDeviceErrorsAndLeaveNothingBehind) {
  const auto make = [] { return backends::cuda::CudaOperations({0, "under test"}, kChunkBytes).info(); };
  std::set<std::string> surfaced;
  fail_each_call(make, surfaced);
  EXPECT_EQ(emulator::leaks(), std::vector<std::string>());
  for (const Index p : {3, 66}) {
    for (const auto action : {form_moments, ascend}) {
      backends::cuda::CudaOperations operations({0, "under test"}, kChunkBytes);
      fail_each_call([&] { action(operations, p); }, surfaced);
    }
    EXPECT_EQ(emulator::leaks(), std::vector<std::string>());
  }
  for (const Index k : {3, 12}) {
    backends::cuda::CudaOperations operations({0, "under test"}, kChunkBytes);
    fail_each_call([&] { regress(operations, k); }, surfaced);
  }
  {
    backends::cuda::CudaOperations operations({0, "under test"}, 220000);
    fail_each_call([&] { regress_by_libraries(operations, 70); }, surfaced);
  }
  EXPECT_EQ(emulator::leaks(), std::vector<std::string>());
  for (const char* const call :
       {"cudaStreamCreateWithFlags", "cudaMemPoolCreate", "cudaMallocHost", "cublasCreate", "cusolverDnCreate",
        "cudaMallocFromPoolAsync", "cudaLaunchKernelExC", "cudaMemcpyAsync", "cudaMemcpy2DAsync", "cudaMemsetAsync",
        "cudaMemGetInfo", "cudaMemPoolGetAttribute", "cudaStreamSynchronize", "cublasDsyrk_64", "cublasDtrsm_64",
        "cublasDtrsmBatched", "cusolverDnXpotrf_bufferSize", "cusolverDnXpotrf", "cusolverDnDpotrfBatched"}) {
    EXPECT_EQ(surfaced.count(call), 1u) << call;
  }
}

TEST_F(FailingCalls, WithoutADriverThereIsAReasonAndNoDevice) {
  for (const char* const call : {"cudaGetDeviceCount", "cudaGetDeviceProperties"}) {
    emulator::reset();
    emulator::fail_call(call == std::string("cudaGetDeviceCount") ? 0 : 1);
    const backends::CudaDevices devices = backends::list_cuda();
    EXPECT_TRUE(devices.names.empty());
    EXPECT_NE(devices.reason.find(std::string(call) + " returned 3"), std::string::npos) << devices.reason;
  }
}

TEST_F(FailingCalls, MemoryThatIsNotThereIsADeviceErrorAndTheBackendGoesOn) {
  backends::cuda::CudaOperations operations({0, "under test"}, kChunkBytes);
  EXPECT_THROW((void)operations.allocate(std::size_t{1} << 40), DeviceError);
  form_moments(operations, 3);
}

TEST_F(FailingCalls, LeastSquaresTakesNoMoreMemoryThanIsFree) {
  constexpr Index kRows = 200000;
  const TestRows z({kRows, 4});
  std::vector<Index> offsets{0, 60000};  // the first one has 1.9 MB
  while (offsets.back() < kRows) offsets.push_back(std::min(kRows, offsets.back() + 37));
  const LeastSquaresRows rows = regression_rows(z.view(), offsets);
  LeastSquaresSpec spec;
  spec.standard_errors = StandardErrors::hc0;  // needs all Gram matrices
  backends::cuda::CudaOperations operations({0, "under test"});
  const auto fit = [&](LeastSquaresResults& results) {
    operations.least_squares(rows, spec, results.view(Wanted::plain));
  };
  LeastSquaresResults expected(rows, spec), actual(rows, spec);
  fit(expected);
  for (const std::size_t bytes : {400 << 10, 3 << 20}) {
    emulator::set_free_memory(bytes);
    fit(actual);
    expect_same(actual, expected);
  }
  emulator::set_free_memory(1000);
  EXPECT_THROW(fit(actual), DeviceError);
}

TEST_F(FailingCalls, LargeLeastSquaresTakesNoMoreMemoryThanIsFree) {
  const TestRows z({3000, 71});
  std::vector<Index> offsets{0};
  while (offsets.back() < 3000) offsets.push_back(offsets.back() + 100);
  const LeastSquaresRows rows = regression_rows(z.view(), offsets);
  LeastSquaresSpec spec;
  spec.standard_errors = StandardErrors::classical;
  backends::cuda::CudaOperations operations({0, "under test"});
  const auto fit = [&](LeastSquaresResults& results) {
    operations.least_squares(rows, spec, results.view(Wanted::plain));
  };
  LeastSquaresResults expected(rows, spec), actual(rows, spec);
  fit(expected);
  for (const std::size_t bytes : {200 << 10, 1 << 20}) {  // half of it: a problem, and five, where all have 2.5 MB
    emulator::set_free_memory(bytes);
    fit(actual);
    expect_same(actual, expected);
  }
  emulator::set_free_memory(100000);
  EXPECT_THROW(fit(actual), DeviceError);
}

TEST_F(FailingCalls, AFaultInAKernelIsADeviceErrorThatNamesIt) {
  if (!emulator::has_checker())
    GTEST_SKIP() << "kernels are compiled with a compiler's sanitizer, which ends the program";
  backends::cuda::CudaOperations operations({0, "under test"}, kChunkBytes);
  const std::vector<Index> beyond{7};  // problem 7 of a batch of one
  const Ascent ascent(operations, 1, 3);
  try {
    operations.gaussian_copy(3, beyond, ascent.point(), ascent.point());
    (void)ascent.vectors(ascent.mean);
    ADD_FAILURE() << "no fault";
  } catch (const DeviceError& error) {
    EXPECT_NE(std::string(error.what()).find("cudaErrorLaunchFailure"), std::string::npos) << error.what();
    EXPECT_NE(std::string(error.what()).find("kernel gaussian_copy"), std::string::npos) << error.what();
  }
}

}  // namespace
}  // namespace sigmahat::test
