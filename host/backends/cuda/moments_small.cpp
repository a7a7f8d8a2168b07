// Moments for p ≤ 64: chunks of rows go to the device and become nodes there; the tree above them is node_tree.hpp's. Every
// chunk waits once.
#include <algorithm>
#include <vector>

#include "node_tree.hpp"
#include "operations.hpp"
#include "rows_buffer.hpp"
#include "sigmahat/host/error.hpp"
#include "sigmahat/kernels/block_list_launch.hpp"
#include "sigmahat/kernels/moments_launch.hpp"

namespace sigmahat::backends::cuda {
namespace {

constexpr Index kLargestChunk = Index{1} << 16;  // blocks

/// Fills `result` with nodes first … first + problems − 1, which are closed for that.
void read_nodes(Gpu& gpu, Index p, const MomentNodes& all, Index first, const MomentsView& result) {
  const Index problems = result.problems;
  const MomentNodes nodes = nodes_from(all, p, first);
  check(launch_moments_close(gpu.stream(), problems, p, nodes), "moments_close kernel");
  std::vector<MomentCounts> counts(static_cast<std::size_t>(problems));
  gpu.fetch(nodes.counts, std::span(counts));
  for (Index g = 0; g < problems; ++g) {
    result.rows[g] = counts[static_cast<std::size_t>(g)].rows;
    result.dropped[g] = counts[static_cast<std::size_t>(g)].dropped;
  }
  const auto bytes = [&](Index numbers) { return static_cast<std::size_t>(problems * numbers) * sizeof(double); };
  gpu.download(nodes.weight, result.weight, bytes(1));
  gpu.download(nodes.mean, result.mean, bytes(p));
  gpu.download(nodes.residual, result.mean_residual, bytes(p));
  gpu.download(nodes.scatter, result.scatter, bytes(p * p));
}

/// Blocks per chunk, a power of two, so that rows and nodes take at most the GPU's chunk_bytes.
Index chunk_blocks(const Gpu& gpu, const RowsView& rows) {
  const Index block =
      kCanonicalBlock * row_bytes(rows) + NodeArrays::node_bytes(rows.columns) + static_cast<Index>(sizeof(Index));
  return std::min(kLargestChunk, power_of_two_below(gpu.chunk_bytes() / block));
}

/// Reduces chunks; its memory is reused from chunk to chunk.
class ChunkReducer {
 public:
  ChunkReducer(Gpu& gpu, Index columns, MissingRows missing) : gpu_(gpu), p_(columns), missing_(missing) {}

  /// Segment s is rows segment_rows[s] … segment_rows[s+1]−1 of `rows`, from 0 to all of them; its root goes to node
  /// first_to + s of `to`. Returns false if the mean of some block is not finite. Waits for the stream.
  bool reduce(const RowsView& rows, std::span<const Index> segment_rows, const MomentNodes& to, Index first_to) {
    BlockList list;
    list.segments = std::ssize(segment_rows) - 1;
    for (Index s = 0; s < list.segments; ++s) {
      const Index blocks = blocks_of(segment_rows[s + 1] - segment_rows[s]);
      list.blocks += blocks;
      list.longest = std::max(list.longest, blocks);
    }
    const auto rows_of_segments = gpu_.send(segment_rows);
    gpu_.reserve(segment_blocks_, list.segments + 1);
    gpu_.reserve(block_segment_, list.blocks);
    nodes_.reserve(gpu_, list.blocks, p_);
    check(launch_block_list(gpu_.stream(), list.segments, list.blocks, rows_of_segments.get(), segment_blocks_.get(),
                            block_segment_.get()),
          "block list (Thrust)");
    list.segment_rows = rows_of_segments.get();
    list.segment_blocks = segment_blocks_.get();
    list.block_segment = block_segment_.get();

    const DeviceRows device_rows = rows_.upload(gpu_, rows);
    const bool drop = missing_ == MissingRows::drop;
    check(launch_moments_blocks(gpu_.stream(), device_rows, list, p_, drop, nodes_.view()), "moments_block kernel");
    check(launch_moments_tree(gpu_.stream(), list, p_, nodes_.view()), "moments_tree kernel");
    check(launch_moments_roots(gpu_.stream(), list, p_, nodes_.view(), to, first_to), "moments_roots kernel");
    counts_.resize(static_cast<std::size_t>(list.segments));
    gpu_.fetch(to.counts + first_to, std::span(counts_));
    return std::none_of(counts_.begin(), counts_.end(), [](const MomentCounts& c) { return c.not_finite != 0; });
  }

 private:
  Gpu& gpu_;
  Index p_;
  MissingRows missing_;
  RowsBuffer rows_;
  NodeArrays nodes_;
  DeviceArray<Index> segment_blocks_, block_segment_;
  std::vector<MomentCounts> counts_;
};

class SmallMomentsPass final : public MomentsPass {
 public:
  SmallMomentsPass(Gpu& gpu, Index columns, MissingRows missing)
      : gpu_(gpu), p_(columns), reducer_(gpu, columns, missing), tree_(gpu, columns) {}

  bool add(const RowsView& rows) override {
    const GpuOperation operation = gpu_.begin();
    bool finite = true;
    const Index chunk = chunk_blocks(gpu_, rows) * kCanonicalBlock;
    for (Index first = 0; first < rows.rows; first += chunk) {
      const RowsView part = rows.slice(first, std::min(chunk, rows.rows - first));
      finite = reducer_.reduce(part, tree_.cut(part.rows), tree_.nodes(), NodeTree::first_incoming()) && finite;
      tree_.push();
    }
    return finite;
  }

  void finish(const MomentsView& result) override {
    const GpuOperation operation = gpu_.begin();
    read_nodes(gpu_, p_, tree_.nodes(), tree_.finish(), result);
  }

 private:
  Gpu& gpu_;
  Index p_;
  ChunkReducer reducer_;
  NodeTree tree_;
};

}  // namespace

std::unique_ptr<MomentsPass> begin_small_moments(Gpu& gpu, Index columns, MissingRows missing) {
  return std::make_unique<SmallMomentsPass>(gpu, columns, missing);
}

bool grouped_small_moments(Gpu& gpu, const RowsView& rows, std::span<const Index> offsets, MissingRows missing,
                           const MomentsView& result) {
  const Index groups = std::ssize(offsets) - 1, p = rows.columns, largest = chunk_blocks(gpu, rows);
  ChunkReducer reducer(gpu, p, missing);
  NodeArrays roots;
  std::vector<Index> segment_rows;
  bool finite = true;
  for (Index first = 0; first < groups;) {
    // As many groups as fit into a chunk; a group larger than that is a pass of its own.
    Index last = first, blocks = 0;
    while (last < groups && last - first < largest) {
      const Index more = blocks_of(offsets[last + 1] - offsets[last]);
      if (blocks + more > largest) break;
      blocks += more;
      ++last;
    }
    if (last == first) {
      SmallMomentsPass pass(gpu, p, missing);
      finite = pass.add(rows.slice(offsets[first], offsets[first + 1] - offsets[first])) && finite;
      pass.finish(result.problem(first++));
      continue;
    }
    segment_rows.clear();
    for (Index g = first; g <= last; ++g) segment_rows.push_back(offsets[g] - offsets[first]);
    roots.reserve(gpu, last - first, p);
    const RowsView part = rows.slice(offsets[first], offsets[last] - offsets[first]);
    finite = reducer.reduce(part, segment_rows, roots.view(), 0) && finite;
    MomentsView target = result.problem(first);
    target.problems = last - first;
    read_nodes(gpu, p, roots.view(), 0, target);
    first = last;
  }
  return finite;
}

}  // namespace sigmahat::backends::cuda
