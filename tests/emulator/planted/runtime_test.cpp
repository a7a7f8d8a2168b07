// The stand-in for the CUDA runtime: streams, copies, what is left behind, calls that fail, and the order of turns.
#include <algorithm>
#include <cstdlib>
#include <optional>

#include "kernel_test.hpp"
#include "planted.hpp"

namespace sigmahat::test {
namespace {

class Runtime : public ::testing::Test {
 protected:
  void SetUp() override {
    emulator::reset();
    emulator::set_order(emulator::Order::ascending);
    ASSERT_TRUE(succeeded(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking)));
  }
  void TearDown() override {
    emulator::reset();
    EXPECT_TRUE(succeeded(cudaStreamDestroy(stream_)));
    EXPECT_EQ(emulator::leaks(), std::vector<std::string>());
  }

  void copy(void* to, const void* from, Index numbers, cudaMemcpyKind kind) const {
    EXPECT_TRUE(
        succeeded(cudaMemcpyAsync(to, from, static_cast<std::size_t>(numbers) * sizeof(double), kind, stream_)));
  }
  cudaError_t wait() const { return cudaStreamSynchronize(stream_); }

  /// Waits, expects a fault whose text has all of these words, and forgets it.
  void expect_fault(const std::vector<std::string>& words) const {
    EXPECT_EQ(wait(), cudaErrorLaunchFailure);
    const std::string message = cudaGetErrorString(cudaErrorLaunchFailure);
    for (const std::string& word : words) {
      EXPECT_TRUE(message.find(word) != std::string::npos) << "without \"" << word << "\": " << message;
    }
    emulator::reset();
  }

  cudaStream_t stream_ = nullptr;
};

TEST_F(Runtime, WorkRunsWhenItIsWaitedFor) {
  const DeviceArray<double> numbers(stream_, std::vector<double>{1, 2, 3});
  std::vector<double> host(3, -1);
  EXPECT_TRUE(launch_doubling(stream_, 3, numbers.get()).ok());
  copy(host.data(), numbers.get(), 3, cudaMemcpyDeviceToHost);
  EXPECT_EQ(host, std::vector<double>(3, -1));
  EXPECT_TRUE(succeeded(wait()));
  EXPECT_EQ(host, (std::vector<double>{2, 4, 6}));
}

TEST_F(Runtime, HostMemoryThatChangesTooEarlyShows) {
  const DeviceArray<double> numbers(2);
  std::vector<double> host{1, 2};
  copy(numbers.get(), host.data(), 2, cudaMemcpyHostToDevice);
  host[1] = 7;
  copy(host.data(), numbers.get(), 2, cudaMemcpyDeviceToHost);
  EXPECT_TRUE(succeeded(wait()));
  EXPECT_EQ(host, (std::vector<double>{1, 7}));
}

TEST_F(Runtime, CopiesInTwoDimensions) {
  const DeviceArray<double> numbers(6);
  const std::vector<double> host{1, 2, -1, 3, 4, -1};
  constexpr std::size_t kNumber = sizeof(double);
  EXPECT_TRUE(succeeded(cudaMemcpy2DAsync(numbers.get(), 2 * kNumber, host.data(), 3 * kNumber, 2 * kNumber, 2,
                                          cudaMemcpyHostToDevice, stream_)));
  std::vector<double> back(4);
  copy(back.data(), numbers.get(), 4, cudaMemcpyDeviceToHost);
  EXPECT_TRUE(succeeded(wait()));
  EXPECT_EQ(back, (std::vector<double>{1, 2, 3, 4}));
  EXPECT_EQ(cudaMemcpy2DAsync(numbers.get(), kNumber, host.data(), 3 * kNumber, 2 * kNumber, 2, cudaMemcpyHostToDevice,
                              stream_),
            cudaErrorInvalidValue);
}

TEST_F(Runtime, CopiesBeyondAnAllocationAreFaults) {
  const DeviceArray<double> small(stream_, std::vector<double>{1, 2}), large(stream_, std::vector<double>{1, 2, 3});
  std::vector<double> host(3);
  copy(small.get(), host.data(), 3, cudaMemcpyHostToDevice);
  expect_fault({"cudaMemcpyAsync", "the destination", "allocation", "24 bytes"});
  copy(host.data(), small.get(), 3, cudaMemcpyDeviceToHost);
  expect_fault({"cudaMemcpyAsync", "the source", "allocation", "24 bytes"});
  copy(small.get(), large.get(), 3, cudaMemcpyDeviceToDevice);
  expect_fault({"cudaMemcpyAsync", "the destination", "allocation", "24 bytes"});
  EXPECT_TRUE(succeeded(cudaMemsetAsync(small.get(), 0, 17, stream_)));
  expect_fault({"cudaMemsetAsync", "allocation", "17 bytes"});
}

TEST_F(Runtime, CopiesOfTheWrongMemoryAreFaults) {
  const DeviceArray<double> written(stream_, std::vector<double>{1, 2});
  std::vector<double> host(2), other(2);
  copy(other.data(), host.data(), 2, cudaMemcpyHostToDevice);
  expect_fault({"cudaMemcpyAsync", "the destination", "no device memory"});
  copy(other.data(), host.data(), 2, cudaMemcpyDeviceToHost);
  expect_fault({"cudaMemcpyAsync", "the source", "no device memory"});
  copy(written.get(), written.get(), 2, cudaMemcpyHostToDevice);
  expect_fault({"cudaMemcpyAsync", "the source", "is device memory"});
  copy(written.get(), written.get(), 2, cudaMemcpyDeviceToHost);
  expect_fault({"cudaMemcpyAsync", "the destination", "is device memory"});
}

TEST_F(Runtime, UnwrittenMemoryReachesTheHostAsAFault) {
  if (!emulator::has_checker()) GTEST_SKIP() << "what kernels write is not known without the checker's instrumentation";
  const DeviceArray<double> fresh(2), other(2);
  double host[2];
  copy(other.get(), fresh.get(), 2, cudaMemcpyDeviceToDevice);  // in itself no fault: paddings are copied so
  EXPECT_TRUE(succeeded(wait()));
  copy(host, other.get(), 2, cudaMemcpyDeviceToHost);
  expect_fault({"cudaMemcpyAsync", "the source", "written"});
}

TEST_F(Runtime, FreedMemoryIsFoundInCopies) {
  void* memory = nullptr;
  double host[2] = {1, 2};
  ASSERT_TRUE(succeeded(cudaMalloc(&memory, sizeof host)));
  EXPECT_TRUE(succeeded(cudaFreeAsync(memory, stream_)));
  copy(memory, host, 2, cudaMemcpyHostToDevice);
  expect_fault({"cudaMemcpyAsync", "the destination", "has been freed"});
}

TEST_F(Runtime, MemoryIsFreedOnce) {
  void* memory = nullptr;
  ASSERT_TRUE(succeeded(cudaMalloc(&memory, 8)));
  EXPECT_EQ(cudaFree(static_cast<char*>(memory) + 1), cudaErrorInvalidValue);
  EXPECT_TRUE(succeeded(cudaFree(memory)));
  EXPECT_EQ(cudaFree(memory), cudaErrorInvalidValue);
  ASSERT_TRUE(succeeded(cudaMalloc(&memory, 8)));
  EXPECT_TRUE(succeeded(cudaFreeAsync(memory, stream_)));
  EXPECT_TRUE(succeeded(cudaFreeAsync(memory, stream_)));
  expect_fault({"cudaFreeAsync", "freed"});
}

TEST_F(Runtime, AFaultStaysUntilReset) {
  const DeviceArray<double> numbers(stream_, std::vector<double>{1, 2});
  double host[2] = {-1, -1};
  copy(numbers.get(), host, 3, cudaMemcpyHostToDevice);
  EXPECT_EQ(wait(), cudaErrorLaunchFailure);
  const std::string message = cudaGetErrorString(cudaErrorLaunchFailure);
  EXPECT_EQ(cudaMemcpyAsync(host, numbers.get(), sizeof host, cudaMemcpyDeviceToHost, stream_), cudaErrorLaunchFailure);
  void* memory = nullptr;
  EXPECT_EQ(cudaMalloc(&memory, 8), cudaErrorLaunchFailure);
  EXPECT_EQ(wait(), cudaErrorLaunchFailure);
  EXPECT_EQ(cudaGetErrorString(cudaErrorLaunchFailure), message);
  EXPECT_EQ(host[0], -1) << "work after a fault must not run";
  emulator::reset();
  copy(host, numbers.get(), 2, cudaMemcpyDeviceToHost);
  EXPECT_TRUE(succeeded(wait()));
  EXPECT_EQ(host[0], 1);
}

TEST_F(Runtime, StreamsThatDoNotExistAreErrors) {
  double host = 1;
  const DeviceArray<double> number(1);
  const auto copy_on = [&](cudaStream_t stream) {
    return cudaMemcpyAsync(number.get(), &host, sizeof host, cudaMemcpyHostToDevice, stream);
  };
  cudaStream_t gone = nullptr;
  ASSERT_TRUE(succeeded(cudaStreamCreateWithFlags(&gone, cudaStreamNonBlocking)));
  EXPECT_TRUE(succeeded(copy_on(gone)));
  EXPECT_TRUE(succeeded(cudaStreamDestroy(gone)));
  EXPECT_EQ(copy_on(gone), cudaErrorInvalidResourceHandle);
  EXPECT_EQ(copy_on(nullptr), cudaErrorInvalidResourceHandle);
  EXPECT_EQ(cudaStreamSynchronize(nullptr), cudaErrorInvalidResourceHandle);
  EXPECT_EQ(cudaStreamDestroy(gone), cudaErrorInvalidResourceHandle);
}

TEST_F(Runtime, LeaksAreListed) {
  const auto before = emulator::leaks();
  void *memory = nullptr, *host = nullptr;
  cudaMemPool_t pool = nullptr;
  cudaMemPoolProps properties{};
  properties.allocType = cudaMemAllocationTypePinned;
  properties.location = {cudaMemLocationTypeDevice, 0};
  ASSERT_TRUE(succeeded(cudaMalloc(&memory, 8)));
  ASSERT_TRUE(succeeded(cudaMallocHost(&host, 8)));
  ASSERT_TRUE(succeeded(cudaMemPoolCreate(&pool, &properties)));
  std::vector<std::string> expected{"1 × device memory", "1 × memory pool", "1 × pinned host memory", "1 × stream"};
  auto listed = emulator::leaks();
  std::sort(listed.begin(), listed.end());
  EXPECT_EQ(listed, expected);
  EXPECT_TRUE(succeeded(cudaFree(memory)));
  EXPECT_TRUE(succeeded(cudaFreeHost(host)));
  EXPECT_TRUE(succeeded(cudaMemPoolDestroy(pool)));
  EXPECT_EQ(emulator::leaks(), before);
}

TEST_F(Runtime, EachCallCanFailOnRequest) {
  const double host[2] = {1, 2};                           // outlives copies that are still queued when a call fails
  const auto work = [&]() -> std::optional<std::string> {  // the call that failed, if one did
    void* memory = nullptr;
    if (cudaMalloc(&memory, sizeof host) != cudaSuccess) return "cudaMalloc";
    const auto freed = [&](const char* call) {
      EXPECT_TRUE(succeeded(cudaFreeAsync(memory, stream_)));  // after what is queued already
      return std::optional<std::string>(call);
    };
    const auto copied = cudaMemcpyAsync(memory, host, sizeof host, cudaMemcpyHostToDevice, stream_);
    if (copied != cudaSuccess) return freed("cudaMemcpyAsync");
    if (!launch_doubling(stream_, 2, static_cast<double*>(memory)).ok()) return freed("cudaLaunchKernelExC");
    if (wait() != cudaSuccess) return freed("cudaStreamSynchronize");
    if (cudaFree(memory) != cudaSuccess) return "cudaFree";
    return {};
  };
  emulator::reset();
  EXPECT_EQ(work(), std::nullopt);
  const std::int64_t calls = emulator::calls();
  ASSERT_EQ(calls, 5);
  for (std::int64_t k = 0; k < calls; ++k) {
    emulator::reset();
    emulator::fail_call(k);
    const auto failed = work();
    ASSERT_TRUE(failed.has_value()) << "call " << k;
    EXPECT_EQ(emulator::failed_call(), *failed);
    emulator::reset();
    EXPECT_TRUE(succeeded(wait()));
    EXPECT_EQ(work(), std::nullopt);
    EXPECT_EQ(emulator::failed_call(), "");
  }
}

/// The order of turns of 16 blocks, or of the 64 threads of one.
class Turns : public Runtime {
 protected:
  void TearDown() override {
    unsetenv("SIGMAHAT_EMULATOR_SEED");
    Runtime::TearDown();
  }
  std::vector<double> turns(emulator::Order order, const char* seed, bool of_blocks) const {
    seed == nullptr ? unsetenv("SIGMAHAT_EMULATOR_SEED") : setenv("SIGMAHAT_EMULATOR_SEED", seed, 1);
    emulator::set_order(order);
    const Index count = of_blocks ? 16 : 64;
    const DeviceArray<Index> ticket(stream_, std::vector<Index>(1));
    const DeviceArray<double> g_turns(count);
    const LaunchStatus status =
        of_blocks ? launch_order_of_blocks(stream_, count, ticket.get(), g_turns.get())
                  : launch_order_of_threads(stream_, static_cast<int>(count), ticket.get(), g_turns.get());
    EXPECT_TRUE(status.ok());
    std::vector<double> result(static_cast<std::size_t>(count));
    copy(result.data(), g_turns.get(), count, cudaMemcpyDeviceToHost);
    EXPECT_TRUE(succeeded(wait()));
    return result;
  }
};

TEST_F(Turns, FollowTheOrderAndTheSeed) {
  using emulator::Order;
  for (const bool of_blocks : {true, false}) {
    SCOPED_TRACE(of_blocks ? "blocks" : "threads");
    const auto ascending = turns(Order::ascending, nullptr, of_blocks);
    auto descending = turns(Order::descending, nullptr, of_blocks);
    EXPECT_TRUE(std::is_sorted(ascending.begin(), ascending.end()));
    std::reverse(descending.begin(), descending.end());
    EXPECT_EQ(descending, ascending);
    const auto one = turns(Order::shuffled, "1", of_blocks), two = turns(Order::shuffled, "2", of_blocks);
    EXPECT_TRUE(std::is_permutation(one.begin(), one.end(), ascending.begin()));
    EXPECT_FALSE(std::is_sorted(one.begin(), one.end()));
    EXPECT_NE(one, two);
    EXPECT_EQ(turns(Order::shuffled, "2", of_blocks), two);
    EXPECT_EQ(turns(Order::shuffled, nullptr, of_blocks), one) << "1 is the seed that is used without a word";
  }
}

TEST_F(Turns, TheScheduleNamesItsSeed) {
  setenv("SIGMAHAT_EMULATOR_SEED", "12345", 1);
  emulator::set_order(emulator::Order::shuffled);
  EXPECT_NE(emulator::schedule_name().find("SIGMAHAT_EMULATOR_SEED=12345"), std::string::npos);
}

/// A result that depends on the order of atomic operations is none that a checker complains of: the comparison of bits
/// in several orders finds it.
TEST_F(Turns, AnOrderDependentResultDiffersBetweenOrders) {
  const auto ascending = turns(emulator::Order::ascending, nullptr, false);
  EXPECT_NE(turns(emulator::Order::descending, nullptr, false), ascending);
  EXPECT_NE(turns(emulator::Order::shuffled, nullptr, false), ascending);
}

}  // namespace
}  // namespace sigmahat::test
