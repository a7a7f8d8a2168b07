// Kernels alone, on rows that are in device memory already; compiled where CUDA is. A fit from host memory shows little
// of them: the transfer binds it.
#include <fmt/core.h>

#include <algorithm>

#include "bench.hpp"
#include "device_timer.hpp"
#include "sigmahat/kernels/block_list_launch.hpp"
#include "sigmahat/kernels/moments_launch.hpp"

namespace sigmahat::bench {
namespace {

namespace cuda = backends::cuda;
using cuda::check;

/// One data set of n rows and the memory that its moments need on the device.
class ResidentMoments {
 public:
  ResidentMoments(cuda::Gpu& gpu, Index n, Index p)
      : gpu_(gpu),
        p_(p),
        blocks_((n + kCanonicalBlock - 1) / kCanonicalBlock),
        rows_(gpu.array<double>(n * p)),
        weight_(gpu.array<double>(blocks_)),
        mean_(gpu.array<double>(blocks_ * p)),
        residual_(gpu.array<double>(blocks_ * p)),
        scatter_(gpu.array<double>(blocks_ * p * p)),
        counts_(gpu.array<MomentCounts>(blocks_)),
        segment_rows_(gpu.array<Index>(2)),
        segment_blocks_(gpu.array<Index>(2)),
        block_segment_(gpu.array<Index>(blocks_)) {
    const std::vector<double> host = random_rows(n, p);
    gpu.upload(host.data(), rows_.get(), host.size() * sizeof(double));
    const Index offsets[] = {0, n};
    gpu.upload(offsets, segment_rows_.get(), sizeof(offsets));
    check(launch_block_list(gpu.stream(), 1, blocks_, segment_rows_.get(), segment_blocks_.get(), block_segment_.get()),
          "block list (Thrust)");
  }

  /// Queues all of it: blocks, tree, and the closed root.
  void queue() {
    const DeviceRows rows{rows_.get(), false, p_, 1, nullptr};
    const BlockList list{1, blocks_, blocks_, segment_rows_.get(), segment_blocks_.get(), block_segment_.get()};
    const MomentNodes nodes{weight_.get(), mean_.get(), residual_.get(), scatter_.get(), counts_.get()};
    check(launch_moments_blocks(gpu_.stream(), rows, list, p_, false, nodes), "moments_block kernel");
    check(launch_moments_tree(gpu_.stream(), list, p_, nodes), "moments_tree kernel");
    check(launch_moments_close(gpu_.stream(), 1, p_, nodes), "moments_close kernel");
  }

 private:
  cuda::Gpu& gpu_;
  Index p_, blocks_;
  cuda::DeviceArray<double> rows_, weight_, mean_, residual_, scatter_;
  cuda::DeviceArray<MomentCounts> counts_;
  cuda::DeviceArray<Index> segment_rows_, segment_blocks_, block_segment_;
};

}  // namespace

void bench_resident(const Run& run) {
  cuda::Gpu gpu(run.gpu, cuda::kDefaultChunkBytes);
  DeviceTimer timer(gpu);
  fmt::print("\nMoments of rows in device memory, kernels alone, float64, row-major; flops counted as n·p·(p+1)\n");
  fmt::print("{:>9} {:>5} {:>10} {:>9} {:>8} {:>7} {:>8} {:>8} {:>9}\n", "n", "p", "seconds", "GFLOP/s", "of peak",
             "GB/s", "of copy", "limit", "of limit");
  struct Shape {
    Index n, p;
  };
  for (const auto [n, p] : {Shape{4'000'000, 4}, {4'000'000, 8}, {1'000'000, 32}, {1'000'000, 64}}) {
    ResidentMoments moments(gpu, n, p);
    timer.seconds([&] { moments.queue(); });  // first use
    std::vector<double> times, flop_rates, bandwidths;
    for (int r = 0; r < run.repetitions; ++r) {
      const Rates rates = run.limits.measure();
      flop_rates.push_back(rates.flops);
      bandwidths.push_back(rates.bandwidth);
      times.push_back(timer.seconds([&] { moments.queue(); }));
    }
    const double flops = static_cast<double>(n) * static_cast<double>(p) * static_cast<double>(p + 1);
    const double bytes = 8.0 * static_cast<double>(n) * static_cast<double>(p);
    const double time = median(times);
    const double flop_limit = flops / median(flop_rates), byte_limit = bytes / median(bandwidths);
    fmt::print("{:>9} {:>5} {:>10.6f} {:>9.1f} {:>7.1f}% {:>7.1f} {:>7.1f}% {:>8} {:>8.1f}%\n", n, p, time,
               flops / time * 1e-9, 100 * flop_limit / time, bytes / time * 1e-9, 100 * byte_limit / time,
               flop_limit > byte_limit ? "FP64" : "memory", 100 * std::max(flop_limit, byte_limit) / time);
  }
}

}  // namespace sigmahat::bench
