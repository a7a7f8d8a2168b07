#include "sigmahat/host/context.hpp"

#include <charconv>
#include <utility>

#include "backends/factory.hpp"
#include "sigmahat/host/error.hpp"

namespace sigmahat {
namespace {

constexpr const char* kDeviceChoices = "auto, cpu, reference, cuda, cuda:K (K the number of a GPU, from 0)";

/// The K of "cuda:K", 0 for "cuda", −1 for any other name.
int cuda_number(const std::string& name) {
  constexpr std::size_t kPrefix = 5;  // "cuda:"
  if (name == "cuda") return 0;
  if (!name.starts_with("cuda:")) return -1;
  int number = -1;
  const char* const end = name.data() + name.size();
  const auto [stop, error] = std::from_chars(name.data() + kPrefix, end, number);
  return error == std::errc() && stop == end && number >= 0 ? number : -1;
}

/// What "auto" stands for on this machine.
std::string resolve(const std::string& requested) {
  if (requested != "auto") return requested;
  return backends::list_cuda().names.empty() ? "cpu" : "cuda:0";
}

}  // namespace

Context::Context(const ContextOptions& options) : requested_(options.device), used_(resolve(options.device)) {
  if (options.threads < 0) {
    throw InvalidArgument("threads: " + std::to_string(options.threads) +
                          "; it must be 0 (as many as OpenMP offers) or a positive number");
  }
  if (used_ == "reference") {
    operations_ = backends::make_reference();
  } else if (used_ == "cpu") {
    operations_ = backends::make_cpu(options.threads);
  } else if (const int number = cuda_number(used_); number >= 0) {
    used_ = "cuda:" + std::to_string(number);
    operations_ = backends::make_cuda(number);
  } else {
    throw InvalidArgument("device: '" + requested_ + "' is not known; choose one of: " + kDeviceChoices);
  }
}

Context::Context(std::unique_ptr<Operations> operations, std::string device)
    : requested_(device), used_(std::move(device)), operations_(std::move(operations)) {
  if (operations_ == nullptr) throw InvalidArgument("operations: null; a context needs a backend");
}

Context::~Context() = default;
Context::Context(Context&&) noexcept = default;
Context& Context::operator=(Context&&) noexcept = default;

std::vector<DeviceEntry> list_devices() {
  std::vector<DeviceEntry> devices;
  const BackendInfo cpu = backends::make_cpu(0)->info();
  devices.push_back({"cpu", true, cpu.device});
  devices.push_back({"reference", true, backends::make_reference()->info().device});
  const backends::CudaDevices cuda = backends::list_cuda();
  for (std::size_t k = 0; k < cuda.names.size(); ++k) {
    devices.push_back({"cuda:" + std::to_string(k), true, cuda.names[k]});
  }
  if (cuda.names.empty()) devices.push_back({"cuda", false, cuda.reason});
  return devices;
}

Buffer::Buffer(Operations& operations, std::size_t count)
    : operations_(&operations), data_(operations.allocate(count)), count_(count) {}

Buffer::Buffer(Buffer&& other) noexcept
    : operations_(std::exchange(other.operations_, nullptr)),
      data_(std::exchange(other.data_, nullptr)),
      count_(std::exchange(other.count_, 0)) {}

Buffer& Buffer::operator=(Buffer&& other) noexcept {
  Buffer moved(std::move(other));
  std::swap(operations_, moved.operations_);
  std::swap(data_, moved.data_);
  std::swap(count_, moved.count_);
  return *this;
}

Buffer::~Buffer() {
  if (data_ != nullptr) operations_->release(data_);
}

void Buffer::upload(std::span<const double> host) {
  if (host.size() != count_) {
    throw InvalidArgument("buffer: an upload of " + std::to_string(host.size()) + " numbers into " +
                          std::to_string(count_));
  }
  if (count_ > 0) operations_->upload(host.data(), data_, count_);
}

void Buffer::download(std::span<double> host) const {
  if (host.size() != count_) {
    throw InvalidArgument("buffer: a download of " + std::to_string(count_) + " numbers into " +
                          std::to_string(host.size()));
  }
  if (count_ > 0) operations_->download(data_, host.data(), count_);
}

}  // namespace sigmahat
