// Moments for p ≤ 64: chunks of rows go to the device, become nodes there, and the nodes above the chunks are kept as a
// binary counter: stack level l holds the node of 2^l blocks that waits for its right sibling. Every chunk waits once.
#include <algorithm>
#include <bit>
#include <vector>

#include "operations.hpp"
#include "rows_buffer.hpp"
#include "sigmahat/host/error.hpp"
#include "sigmahat/kernels/block_list_launch.hpp"
#include "sigmahat/kernels/moments_launch.hpp"

namespace sigmahat::backends::cuda {
namespace {

constexpr Index kLargestChunk = Index{1} << 16;  // blocks
constexpr Index kLevels = 56;                    // 2^56 blocks are more rows than memory has
constexpr Index kIncoming = 64;                  // roots of one chunk: at most two per level

/// Memory of `count` nodes.
class NodeArrays {
 public:
  NodeArrays() = default;
  NodeArrays(Gpu& gpu, Index count, Index p)
      : count_(count),
        p_(p),
        weight_(gpu.array<double>(count)),
        mean_(gpu.array<double>(count * p)),
        residual_(gpu.array<double>(count * p)),
        scatter_(gpu.array<double>(count * p * p)),
        counts_(gpu.array<MomentCounts>(count)) {}

  Index count() const { return count_; }
  MomentNodes view() const { return {weight_.get(), mean_.get(), residual_.get(), scatter_.get(), counts_.get()}; }

  /// Node k becomes the empty one.
  void clear(Gpu& gpu, Index k) const {
    gpu.zero(weight_.get() + k, sizeof(double));
    gpu.zero(counts_.get() + k, sizeof(MomentCounts));
  }
  /// Fills `result` with nodes first … first + problems − 1, which are closed for that.
  void read(Gpu& gpu, Index first, const MomentsView& result) const {
    const Index problems = result.problems;
    const MomentNodes nodes{weight_.get() + first, mean_.get() + first * p_, residual_.get() + first * p_,
                            scatter_.get() + first * p_ * p_, counts_.get() + first};
    check(launch_moments_close(gpu.stream(), problems, p_, nodes), "moments_close kernel");
    std::vector<MomentCounts> counts(static_cast<std::size_t>(problems));
    gpu.fetch(nodes.counts, std::span(counts));
    for (Index g = 0; g < problems; ++g) {
      result.rows[g] = counts[static_cast<std::size_t>(g)].rows;
      result.dropped[g] = counts[static_cast<std::size_t>(g)].dropped;
    }
    const auto bytes = [&](Index numbers) { return static_cast<std::size_t>(problems * numbers) * sizeof(double); };
    gpu.download(nodes.weight, result.weight, bytes(1));
    gpu.download(nodes.mean, result.mean, bytes(p_));
    gpu.download(nodes.residual, result.mean_residual, bytes(p_));
    gpu.download(nodes.scatter, result.scatter, bytes(p_ * p_));
  }

 private:
  Index count_ = 0, p_ = 0;
  DeviceArray<double> weight_, mean_, residual_, scatter_;
  DeviceArray<MomentCounts> counts_;
};

Index blocks_of(Index rows) { return (rows + kCanonicalBlock - 1) / kCanonicalBlock; }

/// Blocks per chunk, a power of two, so that rows and nodes take at most the GPU's chunk_bytes.
Index chunk_blocks(const Gpu& gpu, const RowsView& rows) {
  const Index p = rows.columns;
  const Index node = static_cast<Index>(sizeof(double)) * (p * p + 2 * p + 5);
  return std::min(kLargestChunk, power_of_two_below(gpu.chunk_bytes() / (kCanonicalBlock * row_bytes(rows) + node)));
}

/// Reduces chunks; its memory is reused from chunk to chunk.
class ChunkReducer {
 public:
  ChunkReducer(Gpu& gpu, Index columns, MissingRows missing) : gpu_(gpu), p_(columns), missing_(missing) {}

  /// Segment s is rows segment_rows[s] … segment_rows[s+1]−1 of `rows`, from 0 to all of them; its root goes to node
  /// first_to + s of `to`. Returns false if the mean of some block is not finite. Waits for the stream.
  bool reduce(const RowsView& rows, std::span<const Index> segment_rows, const NodeArrays& to, Index first_to) {
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
    if (nodes_.count() < list.blocks) {
      nodes_ = NodeArrays();
      nodes_ = NodeArrays(gpu_, list.blocks, p_);
    }
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
    check(launch_moments_roots(gpu_.stream(), list, p_, nodes_.view(), to.view(), first_to), "moments_roots kernel");
    counts_.resize(static_cast<std::size_t>(list.segments));
    gpu_.fetch(to.view().counts + first_to, std::span(counts_));
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
      : gpu_(gpu), p_(columns), reducer_(gpu, columns, missing), stack_(gpu, kLevels + kIncoming, columns) {}

  bool add(const RowsView& rows) override {
    const GpuOperation operation = gpu_.begin();
    bool finite = true;
    const Index chunk = chunk_blocks(gpu_, rows) * kCanonicalBlock;
    for (Index first = 0; first < rows.rows; first += chunk) {
      finite = add_chunk(rows.slice(first, std::min(chunk, rows.rows - first))) && finite;
    }
    return finite;
  }

  void finish(const MomentsView& result) override {
    const GpuOperation operation = gpu_.begin();
    Index root = -1;
    for (Index level = 0; level < kLevels; ++level) {
      if (!occupied(level)) continue;
      if (root >= 0) check(launch_moments_merge(gpu_.stream(), p_, stack_.view(), level, root), "moments_merge kernel");
      root = level;
    }
    if (root < 0) stack_.clear(gpu_, root = 0);
    stack_.read(gpu_, root, result);
  }

 private:
  /// The counter's bits: level l waits for its sibling.
  bool occupied(Index level) const { return (blocks_ >> level & 1) != 0; }

  /// Cuts the chunk into the largest pieces that are whole nodes of the tree (the last one may be incomplete).
  bool add_chunk(const RowsView& rows) {
    const Index count = blocks_of(rows.rows);
    std::vector<Index> segment_rows{0}, levels;
    for (Index done = 0; done < count;) {
      const Index place = blocks_ + done;
      const Index aligned = place == 0 ? count : place & -place;
      const Index piece = power_of_two_below(std::min(aligned, count - done));
      done += piece;
      levels.push_back(std::countr_zero(static_cast<std::uint64_t>(piece)));
      segment_rows.push_back(std::min(done * kCanonicalBlock, rows.rows));
    }
    const bool finite = reducer_.reduce(rows, segment_rows, stack_, kLevels);
    for (std::size_t s = 0; s < levels.size(); ++s) push(levels[s], kLevels + static_cast<Index>(s));
    return finite;
  }

  /// Node `slot` covers the next 2^level blocks.
  void push(Index level, Index slot) {
    const Index before = blocks_;
    blocks_ += Index{1} << level;
    for (; (before >> level & 1) != 0; ++level) {
      check(launch_moments_merge(gpu_.stream(), p_, stack_.view(), level, slot), "moments_merge kernel");
      slot = level;
    }
    stack_.clear(gpu_, level);
    check(launch_moments_merge(gpu_.stream(), p_, stack_.view(), level, slot), "moments_merge kernel");
  }

  Gpu& gpu_;
  Index p_;
  Index blocks_ = 0;
  ChunkReducer reducer_;
  NodeArrays stack_;  // levels, then the roots of the chunk at hand
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
    if (roots.count() < last - first) {
      roots = NodeArrays();
      roots = NodeArrays(gpu, last - first, p);
    }
    const RowsView part = rows.slice(offsets[first], offsets[last] - offsets[first]);
    finite = reducer.reduce(part, segment_rows, roots, 0) && finite;
    MomentsView target = result.problem(first);
    target.problems = last - first;
    roots.read(gpu, 0, target);
    first = last;
  }
  return finite;
}

}  // namespace sigmahat::backends::cuda
