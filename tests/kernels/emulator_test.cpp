// The emulator itself: planted faults must be found, correct kernels must run.
#include "device/block.cuh"
#include "support.hpp"

namespace sigmahat::test {
namespace {

using namespace device;
using emulator::KernelFault;

SIGMAHAT_KERNEL(64) sum_of_threads(double* result) {
  SIGMAHAT_SHARED(double, s_sums, kWarp);
  const double sum = block_sum(thread_index() + 1, s_sums);
  if (thread_index() == 0) result[block_x()] = sum;
}

SIGMAHAT_KERNEL(64) barrier_after_exit() {
  if (thread_index() == 5) return;
  block_barrier();
}

SIGMAHAT_KERNEL(64) two_barriers() {
  if (thread_index() < 7) {
    block_barrier();
  } else {
    block_barrier();
  }
}

SIGMAHAT_KERNEL(64) full_mask_by_half_a_warp() {
  if (thread_index() < 16) (void)shuffle_down(kFullWarp, 1.0, 1);
}

SIGMAHAT_KERNEL(64) carve(Index count) {
  SharedCarver carver;
  *carver.take<double>(count) = 1;
}

SIGMAHAT_KERNEL(64) read_fresh_memory(double* result) {
  SIGMAHAT_SHARED(double, s_static, 1);
  SharedCarver carver;
  double* const s_dynamic = carver.take<double>(1);
  result[2 * block_x()] = s_static[0];
  result[2 * block_x() + 1] = s_dynamic[0];
  block_barrier();
  s_static[0] = s_dynamic[0] = 1;
}

SIGMAHAT_KERNEL(64) pass_on_without_barrier(double* result) {
  SIGMAHAT_SHARED(double, s_value, 64);
  s_value[thread_index()] = 1;
  result[thread_index()] = s_value[63 - thread_index()];
}

SIGMAHAT_KERNEL(32) pass_on_to_the_next_block(double* values) {
  if (thread_index() == 0) values[block_x() + 1] += values[block_x()];
}

class Emulator : public EmulatedTest {};

TEST_P(Emulator, RunsBlocksWarpsAndBarriers) {
  for (const int threads : {32, 64}) {
    std::vector<double> result(3);
    EXPECT_TRUE(launch(sum_of_threads, {3}, threads, 0, nullptr, result.data()).ok());
    EXPECT_EQ(result, std::vector<double>(3, threads * (threads + 1) / 2));
  }
  EXPECT_TRUE(launch(sum_of_threads, {0}, 32, 0, nullptr, static_cast<double*>(nullptr)).ok());
}

TEST_P(Emulator, FindsBarriersThatNotAllThreadsReach) {
  EXPECT_THROW((void)launch(barrier_after_exit, {1}, 64, 0, nullptr), KernelFault);
  EXPECT_THROW((void)launch(two_barriers, {1}, 64, 0, nullptr), KernelFault);
  EXPECT_THROW((void)launch(full_mask_by_half_a_warp, {1}, 64, 0, nullptr), KernelFault);
}

TEST_P(Emulator, NamesThePlaceOfTheFault) {
  try {
    (void)launch(barrier_after_exit, {2}, 64, 0, nullptr);
    ADD_FAILURE() << "no fault";
  } catch (const KernelFault& fault) {
    EXPECT_NE(std::string(fault.what()).find("emulator_test.cpp:"), std::string::npos) << fault.what();
    EXPECT_NE(std::string(fault.what()).find("thread 5"), std::string::npos) << fault.what();
  }
}

TEST_P(Emulator, FindsSharedMemoryThatIsTooSmallOrTooLarge) {
  EXPECT_TRUE(launch(carve, {1}, 64, shared_bytes<double>(8), nullptr, 8).ok());
  EXPECT_THROW((void)launch(carve, {1}, 64, shared_bytes<double>(8), nullptr, 9), KernelFault);
  EXPECT_THROW((void)launch(carve, {1}, 64, 100 * 1024, nullptr, 8), KernelFault);
}

TEST_P(Emulator, RefusesLaunchesThatNoGpuTakes) {
  EXPECT_THROW((void)launch(barrier_after_exit, {1}, 1025, 0, nullptr), KernelFault);
  EXPECT_THROW((void)launch(barrier_after_exit, {1, 65536}, 64, 0, nullptr), KernelFault);
}

TEST_P(Emulator, PoisonsSharedMemoryBeforeEveryBlock) {
  std::vector<double> result(4, 0.0);
  EXPECT_TRUE(launch(read_fresh_memory, {2}, 64, shared_bytes<double>(1), nullptr, result.data()).ok());
  for (const double value : result) EXPECT_TRUE(std::isnan(value));
}

TEST_P(Emulator, AMissingBarrierShowsAsPoison) {
  std::vector<double> result(64, 0.0);
  EXPECT_TRUE(launch(pass_on_without_barrier, {1}, 64, 0, nullptr, result.data()).ok());
  EXPECT_TRUE(std::isnan(result[GetParam() == emulator::Order::ascending ? 0 : 63]));
}

TEST_P(Emulator, BlocksThatDependOnEachOtherDifferBetweenTheOrders) {
  std::vector<double> values(4, 1.0);
  EXPECT_TRUE(launch(pass_on_to_the_next_block, {3}, 32, 0, nullptr, values.data()).ok());
  EXPECT_EQ(values[3], GetParam() == emulator::Order::ascending ? 4 : 2);
}

SIGMAHAT_BOTH_ORDERS(Emulator);

}  // namespace
}  // namespace sigmahat::test
