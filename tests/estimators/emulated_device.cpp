// Every test of estimators_emulated_test finds the emulated device as new, with shuffled turns, and leaves nothing on it.
#include <gtest/gtest.h>

#include "control.hpp"

namespace sigmahat::test {
namespace {

class NewDevice : public ::testing::EmptyTestEventListener {
  void OnTestStart(const ::testing::TestInfo&) override {
    emulator::reset();
    emulator::set_order(emulator::Order::shuffled);
  }
  void OnTestEnd(const ::testing::TestInfo&) override { EXPECT_EQ(emulator::leaks(), std::vector<std::string>()); }
};

[[maybe_unused]] const bool kRegistered = [] {
  ::testing::UnitTest::GetInstance()->listeners().Append(new NewDevice);
  return true;
}();

}  // namespace
}  // namespace sigmahat::test
