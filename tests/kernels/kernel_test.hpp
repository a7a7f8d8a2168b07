// What runs the tests of kernels: one test body, on the emulated device in each order of turns, or on a GPU.
//
// The CUDA runtime is the emulator's or NVIDIA's, as the include path has it. Pointers that kernels get come from
// DeviceArray; results are read back with fetch(), which waits for the stream. A device that fails ends the test with
// one message: what follows would compare what was never computed.
#pragma once

#include <cuda_runtime_api.h>
#include <gtest/gtest.h>

#include <source_location>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "sigmahat/kernels/launch.hpp"
#include "sigmahat/kernels/rows_launch.hpp"
#include "support.hpp"

#if defined(SIGMAHAT_EMULATOR)
#include "control.hpp"
#else
#include "../support/devices.hpp"
#endif

namespace sigmahat::test {

/// Whether the arithmetic is a GPU's own; it may differ from the CPU's in the last place of a logarithm.
#if defined(SIGMAHAT_EMULATOR)
inline constexpr bool kOnGpu = false;
#else
inline constexpr bool kOnGpu = true;
#endif

inline std::string described(cudaError_t status) {
  return std::string(cudaGetErrorName(status)) + ": " + cudaGetErrorString(status);
}

/// What was last reported of the device in the running test; empty while it does its work.
inline std::string& device_failure() {
  static std::string text;
  return text;
}

inline ::testing::AssertionResult succeeded(cudaError_t status) {
  if (status == cudaSuccess) return ::testing::AssertionSuccess();
  device_failure() = described(status);
  return ::testing::AssertionFailure() << device_failure();
}
inline ::testing::AssertionResult succeeded(LaunchStatus status) {
  return succeeded(static_cast<cudaError_t>(status.code));
}

/// Ends the test with a failure in the line `where`, unless the call succeeded. GoogleTest knows the exception and adds no
/// message of its own.
inline void require_success(cudaError_t status, std::source_location where = std::source_location::current()) {
  if (status == cudaSuccess) return;
  const int line = static_cast<int>(where.line());
  device_failure() = described(status);
  ADD_FAILURE_AT(where.file_name(), line) << device_failure();
  throw ::testing::AssertionException(::testing::TestPartResult(::testing::TestPartResult::kFatalFailure,
                                                                where.file_name(), line, device_failure().c_str()));
}
inline void require_success(LaunchStatus status, std::source_location where = std::source_location::current()) {
  require_success(static_cast<cudaError_t>(status.code), where);
}

/// `count` items in device memory: uninitialised, or a copy of the host's.
template <class T>
class DeviceArray {
 public:
  explicit DeviceArray(Index count, std::source_location where = std::source_location::current()) : count_(count) {
    void* memory = nullptr;
    if (count > 0) require_success(cudaMalloc(&memory, bytes()), where);
    data_ = static_cast<T*>(memory);
  }
  DeviceArray(cudaStream_t stream, std::span<const T> host,
              std::source_location where = std::source_location::current())
      : DeviceArray(std::ssize(host), where) {
    if (count_ == 0) return;
    require_success(cudaMemcpyAsync(data_, host.data(), bytes(), cudaMemcpyHostToDevice, stream), where);
    require_success(cudaStreamSynchronize(stream), where);
  }
  ~DeviceArray() {
    if (data_ != nullptr) (void)cudaFree(data_);
  }
  DeviceArray(const DeviceArray&) = delete;
  DeviceArray& operator=(const DeviceArray&) = delete;
  DeviceArray(DeviceArray&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)), count_(std::exchange(other.count_, 0)) {}
  DeviceArray& operator=(DeviceArray&&) = delete;

  T* get() const { return data_; }
  Index count() const { return count_; }
  std::size_t bytes() const { return static_cast<std::size_t>(count_) * sizeof(T); }

 private:
  T* data_ = nullptr;
  Index count_ = 0;
};

/// Rows and weights in device memory.
struct RowsOnDevice {
  RowsOnDevice(cudaStream_t stream, const TestRows& rows)
      : values(stream, rows.bytes()), weights(stream, rows.weights()), view(rows.view()) {}
  DeviceRows get() const {
    const bool by_row = view.layout == Layout::row_major;
    return {values.get(), view.type == ScalarType::float32, by_row ? view.leading_dimension : 1,
            by_row ? 1 : view.leading_dimension, weights.get()};
  }

  DeviceArray<char> values;
  DeviceArray<double> weights;
  RowsView view;
};

/// The parameter is the order of turns on the emulated device ("ascending", …), or "gpu".
class KernelTest : public ::testing::TestWithParam<const char*> {
 public:
  cudaStream_t stream() const { return stream_; }

  template <class T>
  DeviceArray<T> put(const std::vector<T>& host, std::source_location where = std::source_location::current()) const {
    return DeviceArray<T>(stream_, host, where);
  }
  /// Waits for the stream; a fault in a kernel ends the test with its text.
  template <class T>
  std::vector<T> fetch(const DeviceArray<T>& array,
                       std::source_location where = std::source_location::current()) const {
    std::vector<T> host(static_cast<std::size_t>(array.count()));
    synchronise(where);  // a kernel's fault before what the copy would say of it
    if (host.empty()) return host;
    require_success(cudaMemcpyAsync(host.data(), array.get(), array.bytes(), cudaMemcpyDeviceToHost, stream_), where);
    synchronise(where);
    return host;
  }
  void synchronise(std::source_location where = std::source_location::current()) const {
    require_success(cudaStreamSynchronize(stream_), where);
  }

  /// compute(), whose bits must not depend on the order of turns: it runs once more with ascending ones (on a GPU,
  /// whose order is its own, just once more). The result's numbers() are all of it in one vector.
  template <class F>
  auto same_in_every_order(F&& compute) const {
    const auto result = compute();
#if defined(SIGMAHAT_EMULATOR)
    if (order() == emulator::Order::ascending) return result;
    emulator::set_order(emulator::Order::ascending);
#endif
    const auto again = compute();
#if defined(SIGMAHAT_EMULATOR)
    emulator::set_order(order());
#endif
    EXPECT_TRUE(same_bits(result.numbers(), again.numbers())) << "the order of turns changes the result";
    return result;
  }

 protected:
#if defined(SIGMAHAT_EMULATOR)
  static emulator::Order order() {
    const std::string name = GetParam();
    return name == "ascending"    ? emulator::Order::ascending
           : name == "descending" ? emulator::Order::descending
                                  : emulator::Order::shuffled;
  }
  void SetUp() override {
    emulator::reset();
    emulator::set_order(order());
    RecordProperty("order_of_turns", emulator::schedule_name());
    create_stream();
  }
  void TearDown() override {
    if (!device_failure().empty()) {  // it has been reported, and is not reported again
      (void)cudaStreamSynchronize(stream_);
      emulator::reset();
    }
    destroy_stream();
    EXPECT_EQ(emulator::leaks(), std::vector<std::string>());
    if (HasFailure()) std::printf("order of turns: %s\n", emulator::schedule_name().c_str());
  }
#else
  void SetUp() override {
    if (const auto reason = missing_gpu()) {
      const char* const required = std::getenv("SIGMAHAT_REQUIRE_GPU");
      if (required != nullptr && std::string(required) == "1") FAIL() << "SIGMAHAT_REQUIRE_GPU=1, but " << *reason;
      GTEST_SKIP() << "no GPU: " << *reason;
    }
    create_stream();
  }
  void TearDown() override { destroy_stream(); }
#endif

 private:
  void create_stream() {
    device_failure().clear();
    ASSERT_TRUE(succeeded(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking)));
  }
  void destroy_stream() {
    if (stream_ == nullptr) return;
    const cudaError_t status = cudaStreamDestroy(std::exchange(stream_, nullptr));
    if (described(status) != device_failure()) {  // a GPU's error stays
      EXPECT_TRUE(succeeded(status));
    }
  }

  cudaStream_t stream_ = nullptr;
};

}  // namespace sigmahat::test

/// Instantiates a suite derived from KernelTest.
#if defined(SIGMAHAT_EMULATOR)
#define SIGMAHAT_ON_DEVICE(suite)                                                                  \
  INSTANTIATE_TEST_SUITE_P(Order, suite, ::testing::Values("ascending", "descending", "shuffled"), \
                           [](const auto& parameter) { return std::string(parameter.param); })
#else
#define SIGMAHAT_ON_DEVICE(suite)                                   \
  INSTANTIATE_TEST_SUITE_P(Device, suite, ::testing::Values("gpu"), \
                           [](const auto& parameter) { return std::string(parameter.param); })
#endif
