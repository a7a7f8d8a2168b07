// What runs the tests of kernels: one test body, on the emulated device in each order of turns, or on a GPU.
//
// The CUDA runtime is the emulator's or NVIDIA's, as the include path has it. Pointers that kernels get come from
// DeviceArray; results are read back with fetch(), which waits for the stream.
#pragma once

#include <cuda_runtime_api.h>
#include <gtest/gtest.h>

#include <span>
#include <string>
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

inline ::testing::AssertionResult succeeded(cudaError_t status) {
  if (status == cudaSuccess) return ::testing::AssertionSuccess();
  return ::testing::AssertionFailure() << cudaGetErrorName(status) << ": " << cudaGetErrorString(status);
}

/// `count` items in device memory: uninitialised, or a copy of the host's.
template <class T>
class DeviceArray {
 public:
  explicit DeviceArray(Index count) : count_(count) {
    void* memory = nullptr;
    if (count > 0) {
      EXPECT_TRUE(succeeded(cudaMalloc(&memory, bytes())));
    }
    data_ = static_cast<T*>(memory);
  }
  DeviceArray(cudaStream_t stream, std::span<const T> host) : DeviceArray(std::ssize(host)) {
    if (count_ == 0) return;
    EXPECT_TRUE(succeeded(cudaMemcpyAsync(data_, host.data(), bytes(), cudaMemcpyHostToDevice, stream)));
    EXPECT_TRUE(succeeded(cudaStreamSynchronize(stream)));
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
  DeviceArray<T> put(const std::vector<T>& host) const {
    return DeviceArray<T>(stream_, host);
  }
  /// Waits for the stream; a fault in a kernel fails the test with its text.
  template <class T>
  std::vector<T> fetch(const DeviceArray<T>& array) const {
    std::vector<T> host(static_cast<std::size_t>(array.count()));
    if (!host.empty()) {
      EXPECT_TRUE(succeeded(cudaMemcpyAsync(host.data(), array.get(), array.bytes(), cudaMemcpyDeviceToHost, stream_)));
    }
    synchronise();
    return host;
  }
  void synchronise() const { EXPECT_TRUE(succeeded(cudaStreamSynchronize(stream_))); }

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
  void create_stream() { ASSERT_TRUE(succeeded(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking))); }
  void destroy_stream() {
    if (stream_ != nullptr) {
      EXPECT_TRUE(succeeded(cudaStreamDestroy(std::exchange(stream_, nullptr))));
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
