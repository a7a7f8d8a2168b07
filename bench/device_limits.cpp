// The limits of a GPU; compiled where CUDA is.
#include <fmt/core.h>

#include <vector>

#include "bench.hpp"
#include "device_timer.hpp"

namespace sigmahat::bench {
namespace {

namespace cuda = backends::cuda;
using cuda::check;

constexpr Index kCopied = Index{64} << 20;  // numbers copied on the device: 512 MiB, more than any GPU caches
constexpr int kCopies = 4;                  // so that the time of a launch does not count
constexpr Index kSent = Index{32} << 20;    // numbers sent to the device
constexpr int kOrder = 4096;                // of the matrices that are multiplied
constexpr int kRepetitions = 7;             // of what describe() prints
constexpr double kItem = sizeof(double);

class DeviceLimits final : public Limits {
 public:
  explicit DeviceLimits(int device)
      : gpu_(device, cuda::kDefaultChunkBytes),
        timer_(gpu_),
        from_(gpu_.array<double>(kCopied)),
        to_(gpu_.array<double>(kCopied)),
        pageable_(random_rows(kSent, 1)) {  // zeros would take less power, and so run faster, than data do
    void* pinned = nullptr;
    check(cudaMallocHost(&pinned, kSent * sizeof(double)), "cudaMallocHost");
    pinned_.reset(static_cast<char*>(pinned));
    std::memcpy(pinned_.get(), pageable_.data(), kSent * sizeof(double));
    for (Index done = 0; done < kCopied; done += kSent) {
      gpu_.upload(pageable_.data(), from_.get() + done, kSent * sizeof(double));
    }
    measure();  // first use of everything
  }

  Rates measure() override {
    const double copy = timer_.seconds([&] {
      for (int i = 0; i < kCopies; ++i) gpu_.copy_on_device(from_.get(), to_.get(), kCopied);
    });
    const double product = timer_.seconds([&] { multiply(); });
    const double sent = timer_.seconds([&] { send(pageable_.data()); });
    const double sent_pinned = timer_.seconds([&] { send(pinned_.get()); });
    constexpr double kFlops = 2.0 * kOrder * kOrder * kOrder;
    return {kCopies * 2 * kItem * kCopied / copy, kFlops / product, kItem * kSent / sent, kItem * kSent / sent_pinned};
  }

  std::string describe() override {
    std::vector<double> bandwidth, flops, transfer, pinned;
    for (int r = 0; r < kRepetitions; ++r) {
      const Rates rates = measure();
      bandwidth.push_back(rates.bandwidth);
      flops.push_back(rates.flops);
      transfer.push_back(rates.transfer);
      pinned.push_back(rates.pinned_transfer);
    }
    return fmt::format(
        "limits of the device, medians of {} (and again before each repetition):\n"
        "  copy on the device {:.1f} GB/s, read and written bytes counted ({} MiB)\n"
        "  float64 matrix product {:.1f} GFLOP/s (cublasDgemm, n = {})\n"
        "  host to device {:.1f} GB/s from pageable memory, {:.1f} GB/s from pinned memory ({} MiB)\n",
        kRepetitions, median(bandwidth) * 1e-9, kCopied * sizeof(double) >> 20, median(flops) * 1e-9, kOrder,
        median(transfer) * 1e-9, median(pinned) * 1e-9, kSent * sizeof(double) >> 20);
  }

 private:
  void multiply() {
    const double one = 1, zero = 0;
    check(cublasDgemm(gpu_.blas(), CUBLAS_OP_N, CUBLAS_OP_N, kOrder, kOrder, kOrder, &one, from_.get(), kOrder,
                      from_.get() + Index{kOrder} * kOrder, kOrder, &zero, to_.get(), kOrder),
          "cublasDgemm");
  }

  void send(const void* host) {
    check(cudaMemcpyAsync(to_.get(), host, kSent * sizeof(double), cudaMemcpyHostToDevice, gpu_.stream()),
          "cudaMemcpyAsync");
  }

  cuda::Gpu gpu_;
  DeviceTimer timer_;
  cuda::DeviceArray<double> from_, to_;
  std::vector<double> pageable_;
  cuda::PinnedMemory pinned_;
};

class PinnedRange : public Pinned {
 public:
  PinnedRange(void* memory, std::size_t bytes) : memory_(memory) {
    check(cudaHostRegister(memory, bytes, cudaHostRegisterDefault), "cudaHostRegister");
  }
  ~PinnedRange() override { (void)cudaHostUnregister(memory_); }

 private:
  void* memory_;
};

}  // namespace

std::unique_ptr<Limits> device_limits(int device) { return std::make_unique<DeviceLimits>(device); }

std::unique_ptr<Pinned> pin(const void* memory, std::size_t bytes) {
  return std::make_unique<PinnedRange>(const_cast<void*>(memory), bytes);  // its content is only read
}

}  // namespace sigmahat::bench
