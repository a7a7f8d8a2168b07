// Moment nodes on the host and in device memory, and lists of blocks.
#pragma once

#include <algorithm>

#include "kernel_test.hpp"
#include "sigmahat/kernels/block_list_launch.hpp"
#include "sigmahat/kernels/moments_launch.hpp"

namespace sigmahat::test {

/// Nodes on the host.
struct Nodes {
  Nodes(Index count, Index p)
      : weight(count, kNaN),
        mean(count * p, kNaN),
        residual(count * p, kNaN),
        scatter(count * p * p, kNaN),
        counts(count) {}

  std::vector<double> weight, mean, residual, scatter;
  std::vector<MomentCounts> counts;
};

/// Nodes in device memory; NaN where nothing is written.
struct NodesOnDevice {
  NodesOnDevice(const KernelTest& test, const Nodes& nodes)
      : weight(test.put(nodes.weight)),
        mean(test.put(nodes.mean)),
        residual(test.put(nodes.residual)),
        scatter(test.put(nodes.scatter)),
        counts(test.put(nodes.counts)) {}
  NodesOnDevice(const KernelTest& test, Index count, Index p) : NodesOnDevice(test, Nodes(count, p)) {}

  MomentNodes get() const { return {weight.get(), mean.get(), residual.get(), scatter.get(), counts.get()}; }
  Nodes fetched(const KernelTest& test) const {
    Nodes nodes(0, 0);
    nodes.weight = test.fetch(weight);
    nodes.mean = test.fetch(mean);
    nodes.residual = test.fetch(residual);
    nodes.scatter = test.fetch(scatter);
    nodes.counts = test.fetch(counts);
    return nodes;
  }

  DeviceArray<double> weight, mean, residual, scatter;
  DeviceArray<MomentCounts> counts;
};

/// The block list of segments that begin at these rows, made on the device.
struct BlockListOnDevice {
  BlockListOnDevice(const KernelTest& test, const std::vector<Index>& offsets)
      : segments(std::ssize(offsets) - 1),
        blocks(count_blocks(offsets)),
        segment_rows(test.put(offsets)),
        segment_blocks(segments + 1),
        block_segment(blocks) {
    for (Index s = 0; s < segments; ++s) longest = std::max(longest, blocks_of(offsets, s));
    require_success(launch_block_list(test.stream(), segments, blocks, segment_rows.get(), segment_blocks.get(),
                                      block_segment.get()));
  }
  BlockList get() const {
    return {segments, blocks, longest, segment_rows.get(), segment_blocks.get(), block_segment.get()};
  }
  static Index blocks_of(const std::vector<Index>& offsets, Index segment) {
    return (offsets[segment + 1] - offsets[segment] + kCanonicalBlock - 1) / kCanonicalBlock;
  }
  static Index count_blocks(const std::vector<Index>& offsets) {
    Index sum = 0;
    for (Index s = 0; s + 1 < std::ssize(offsets); ++s) sum += blocks_of(offsets, s);
    return sum;
  }

  Index segments, blocks, longest = 0;
  DeviceArray<Index> segment_rows, segment_blocks, block_segment;
};

}  // namespace sigmahat::test
