// The choice of a device, and memory that belongs to it.
#include "sigmahat/host/context.hpp"

#include <gmock/gmock.h>

#include "sigmahat/host/error.hpp"
#include "sigmahat/host/rows.hpp"
#include "support/compare.hpp"
#include "support/devices.hpp"

namespace sigmahat {
namespace {

using ::testing::HasSubstr;

class ContextTest : public test::DeviceTest {};
SIGMAHAT_ON_EVERY_DEVICE(ContextTest);

TEST_P(ContextTest, SaysWhatWasAskedForAndWhatIsUsed) {
  const std::string device = GetParam();
  EXPECT_EQ(context().device_requested(), device);
  EXPECT_EQ(context().device_used(), device == "cuda" ? "cuda:0" : device);
  EXPECT_EQ(operations().info().name, device);
}

TEST_P(ContextTest, BuffersKeepWhatTheyAreGivenAndMove) {
  const std::vector<double> values{1, -2, 3.5};
  Buffer buffer(operations(), values.size());
  buffer.upload(values);
  Buffer moved(std::move(buffer));
  EXPECT_EQ(buffer.size(), 0u);
  EXPECT_EQ(buffer.get(), nullptr);
  Buffer assigned(operations(), 7);
  assigned = std::move(moved);
  std::vector<double> back(3);
  assigned.download(back);
  EXPECT_EQ(back, values);
  EXPECT_THROW(assigned.upload(std::vector<double>(2)), InvalidArgument);
  EXPECT_THROW(assigned.download(std::span(back).first(1)), InvalidArgument);
  Buffer(operations(), 0).upload({});
}

TEST(ContextTest, AutoTakesAGpuWhereThereIsOneAndTheCpuElsewhere) {
  const Context context;
  EXPECT_EQ(context.device_requested(), "auto");
  EXPECT_EQ(context.device_used(), test::missing_gpu() ? "cpu" : "cuda:0");
}

TEST(ContextTest, UnknownDevicesAreRefusedWithTheChoices) {
  for (const char* device : {"", "gpu", "CPU", "cuda:", "cuda:x", "cuda:-1", "cuda:1x", "cuda0", "auto "}) {
    try {
      const Context context({device, 0});
      FAIL() << "'" << device << "' was taken";
    } catch (const InvalidArgument& error) {
      EXPECT_THAT(error.what(), HasSubstr("device: '" + std::string(device) + "' is not known"));
      EXPECT_THAT(error.what(), HasSubstr("auto, cpu, reference, cuda"));
    }
  }
  EXPECT_THROW(Context({"cpu", -1}), InvalidArgument);
  EXPECT_THROW(Context({"cuda:1000", 0}), DeviceError);
  EXPECT_THROW(Context(nullptr, "none"), InvalidArgument);
}

TEST(ContextTest, EveryListedDeviceCanBeUsed) {
  for (const DeviceEntry& device : list_devices()) {
    EXPECT_FALSE(device.description.empty());
    if (device.available) {
      EXPECT_EQ(Context({device.name, 0}).device_used(), device.name);
    } else {
      EXPECT_THROW(Context({device.name, 0}), DeviceError);
    }
  }
}

TEST(RowsViewTest, SlicesOfEveryLayout) {
  const std::vector<double> data{0, 1, 2, 3, 4, 5, 6, 7};
  const std::vector<float> single(data.begin(), data.end());
  const std::vector<double> weights{10, 11, 12, 13};
  const RowsView row_major = RowsView::row_major(data.data(), 4, 2).weighted(weights.data());
  EXPECT_EQ(row_major.slice(1, 2).at(1, 1), 5);
  EXPECT_EQ(row_major.slice(1, 2).weight(1), 12);
  EXPECT_EQ(RowsView::column_major(data.data(), 4, 2).slice(1, 3).at(2, 1), 7);
  EXPECT_EQ(RowsView::row_major(single.data(), 4, 2).slice(2, 2).at(0, 0), 4);
  EXPECT_EQ(RowsView::column_major(single.data(), 4, 2).slice(3, 1).at(0, 1), 7);
  EXPECT_EQ(row_major.slice(4, 0).rows, 0);
  EXPECT_THROW(row_major.slice(-1, 2), InvalidArgument);
  EXPECT_THROW(row_major.slice(3, 2), InvalidArgument);
  EXPECT_THROW(row_major.slice(0, -1), InvalidArgument);
}

}  // namespace
}  // namespace sigmahat
