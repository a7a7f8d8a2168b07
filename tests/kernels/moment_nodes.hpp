// Moment nodes on the host, and in device memory.
#pragma once

#include "kernel_test.hpp"
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

}  // namespace sigmahat::test
