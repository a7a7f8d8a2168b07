// Moment nodes in device memory, and the tree above the chunks of a pass: a binary counter whose level l holds the node of
// 2^l blocks that waits for its right sibling.
#pragma once

#include <vector>

#include "gpu.hpp"
#include "sigmahat/kernels/moments_launch.hpp"

namespace sigmahat::backends::cuda {

constexpr Index blocks_of(Index rows) { return (rows + kCanonicalBlock - 1) / kCanonicalBlock; }

/// Memory of `count` nodes, centred ones or raw ones.
class NodeArrays {
 public:
  NodeArrays() = default;
  NodeArrays(Gpu& gpu, Index count, Index p, bool centred = true)
      : count_(count),
        weight_(gpu.array<double>(count)),
        mean_(gpu.array<double>(centred ? count * p : 0)),
        residual_(gpu.array<double>(centred ? count * p : 0)),
        scatter_(gpu.array<double>(count * p * p)),
        counts_(gpu.array<MomentCounts>(count)) {}

  Index count() const { return count_; }
  MomentNodes view() const { return {weight_.get(), mean_.get(), residual_.get(), scatter_.get(), counts_.get()}; }
  /// Room for so many nodes; their content is lost where it grows.
  void reserve(Gpu& gpu, Index count, Index p, bool centred = true) {
    if (count_ >= count) return;
    *this = NodeArrays();  // released first: both need not fit at a time
    *this = NodeArrays(gpu, count, p, centred);
  }
  static Index node_bytes(Index p) { return static_cast<Index>(sizeof(double)) * (p * p + 2 * p + 4); }

 private:
  Index count_ = 0;
  DeviceArray<double> weight_, mean_, residual_, scatter_;
  DeviceArray<MomentCounts> counts_;
};

/// The nodes from node `first` on.
MomentNodes nodes_from(const MomentNodes& nodes, Index p, Index first);

/// The tree over blocks that arrive in chunks.
class NodeTree {
 public:
  NodeTree(Gpu& gpu, Index p, bool centred = true);

  /// Cuts the next `rows` rows into the largest pieces that are whole nodes of the tree (the last one may be incomplete).
  /// Piece s is rows pieces[s] … pieces[s+1]−1; its node goes to node first_incoming() + s of nodes().
  const std::vector<Index>& cut(Index rows);
  static Index first_incoming();
  MomentNodes nodes() const { return stack_.view(); }
  /// The pieces' nodes are there.
  void push();
  /// Merges what waits; the root's number among nodes(). The empty node where nothing was pushed.
  Index finish();

 private:
  bool occupied(Index level) const;
  void push_piece(Index level, Index slot);
  void clear(Index node);
  void merge(Index earlier, Index later);

  Gpu& gpu_;
  Index p_;
  Index blocks_ = 0;
  NodeArrays stack_;  // levels, then the roots of the chunk at hand
  std::vector<Index> pieces_, levels_;
};

}  // namespace sigmahat::backends::cuda
