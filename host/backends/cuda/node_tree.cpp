#include "node_tree.hpp"

#include <algorithm>
#include <bit>

#include "rows_buffer.hpp"

namespace sigmahat::backends::cuda {
namespace {

constexpr Index kLevels = 56;    // 2^56 blocks are more rows than memory has
constexpr Index kIncoming = 64;  // roots of one chunk: at most two per level

}  // namespace

MomentNodes nodes_from(const MomentNodes& nodes, Index p, Index first) {
  const auto at = [first](double* array, Index size) { return array == nullptr ? nullptr : array + first * size; };
  return {nodes.weight + first, at(nodes.mean, p), at(nodes.residual, p), nodes.scatter + first * p * p,
          nodes.counts + first};
}

NodeTree::NodeTree(Gpu& gpu, Index p, bool centred) : gpu_(gpu), p_(p), stack_(gpu, kLevels + kIncoming, p, centred) {}

Index NodeTree::first_incoming() { return kLevels; }

const std::vector<Index>& NodeTree::cut(Index rows) {
  const Index count = blocks_of(rows);
  pieces_.assign(1, 0);
  levels_.clear();
  for (Index done = 0; done < count;) {
    const Index place = blocks_ + done;
    const Index aligned = place == 0 ? count : place & -place;
    const Index piece = power_of_two_below(std::min(aligned, count - done));
    done += piece;
    levels_.push_back(std::countr_zero(static_cast<std::uint64_t>(piece)));
    pieces_.push_back(std::min(done * kCanonicalBlock, rows));
  }
  return pieces_;
}

void NodeTree::push() {
  for (std::size_t s = 0; s < levels_.size(); ++s) push_piece(levels_[s], kLevels + static_cast<Index>(s));
}

Index NodeTree::finish() {
  Index root = -1;
  for (Index level = 0; level < kLevels; ++level) {
    if (!occupied(level)) continue;
    if (root >= 0) merge(level, root);
    root = level;
  }
  if (root < 0) clear(root = 0);
  return root;
}

/// The counter's bits: level l waits for its sibling.
bool NodeTree::occupied(Index level) const { return (blocks_ >> level & 1) != 0; }

/// Node `slot` covers the next 2^level blocks.
void NodeTree::push_piece(Index level, Index slot) {
  const Index before = blocks_;
  blocks_ += Index{1} << level;
  for (; (before >> level & 1) != 0; ++level) {
    merge(level, slot);
    slot = level;
  }
  clear(level);
  merge(level, slot);
}

/// The node becomes the empty one.
void NodeTree::clear(Index node) {
  gpu_.zero(stack_.view().weight + node, sizeof(double));
  gpu_.zero(stack_.view().counts + node, sizeof(MomentCounts));
}

void NodeTree::merge(Index earlier, Index later) {
  check(launch_moments_merge(gpu_.stream(), p_, stack_.view(), earlier, later), "moments_merge kernel");
}

}  // namespace sigmahat::backends::cuda
