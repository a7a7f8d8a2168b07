// One test body for every device: a fixture whose parameter is "reference", "cpu" or "cuda".
//
// A test on "cuda" uses the first GPU. Where there is none it is skipped with the reason; with SIGMAHAT_REQUIRE_GPU=1
// in the environment that is a failure.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <optional>
#include <string>

#include "sigmahat/host/context.hpp"

namespace sigmahat::test {

/// Why there is no GPU to test on; nothing where there is one.
inline std::optional<std::string> missing_gpu() {
  std::string reason = "the CUDA backend lists no device";
  for (const DeviceEntry& device : list_devices()) {
    if (device.name == "cuda:0" && device.available) return std::nullopt;
    if (device.name.starts_with("cuda")) reason = device.description;
  }
  return reason;
}

class DeviceTest : public ::testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    const std::string device = GetParam();
    if (device == "cuda") {
      if (const auto reason = missing_gpu()) {
        const char* required = std::getenv("SIGMAHAT_REQUIRE_GPU");
        if (required != nullptr && std::string(required) == "1") {
          FAIL() << "SIGMAHAT_REQUIRE_GPU=1, but there is no GPU: " << *reason;
        }
        GTEST_SKIP() << "no GPU: " << *reason;
      }
    }
    context_.emplace(ContextOptions{device, 0});
  }
  const Context& context() const { return *context_; }
  Operations& operations() const { return context_->operations(); }
  /// Whether moments of p columns have the same bits however the rows arrive: above the small path the GPU promises D1.
  bool same_bits_promised(Index p) const { return p <= kSmallDimension || context_->device_used().find("cuda") != 0; }

 private:
  std::optional<Context> context_;
};

}  // namespace sigmahat::test

/// Instantiates a suite derived from DeviceTest; its tests are named Devices/Suite.name/device.
#define SIGMAHAT_ON_EVERY_DEVICE(Suite)                                                   \
  INSTANTIATE_TEST_SUITE_P(Devices, Suite, ::testing::Values("reference", "cpu", "cuda"), \
                           [](const auto& parameter) { return std::string(parameter.param); })
