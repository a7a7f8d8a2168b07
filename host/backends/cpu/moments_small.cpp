// p ≤ 64: every canonical block becomes a node, nodes merge along the fixed binary tree.
//
// Per block of 256 rows: 256·p·8 bytes from memory, about 256·p·(p+8) flops in padded tiles, 8 flops an entry for
// packing. Below p ≈ 16 memory is the limit, above it the multiply-adds are.
#include <algorithm>
#include <cmath>
#include <utility>

#include "../parallel.hpp"
#include "moments_pass.hpp"
#include "problem_steps.hpp"

namespace sigmahat::backends {
namespace {

/// One node of the tree.
struct Node {
  explicit Node(Index p)
      : mean(static_cast<std::size_t>(p)),
        residual(static_cast<std::size_t>(p)),
        scatter(static_cast<std::size_t>(p * p)) {}
  double weight = 0;
  std::vector<double> mean, residual, scatter;

  steps::MomentsNode step() { return {&weight, mean.data(), residual.data(), scatter.data()}; }
};

/// The nodes that wait for their right-hand neighbour: a binary counter, fed in the order of the rows. Nodes keep their
/// memory from one use to the next.
class NodeStack {
 public:
  NodeStack(Index p, const ProblemSteps& steps) : p_(p), steps_(steps), delta_(static_cast<std::size_t>(p)) {}

  /// A place for the next node, to be filled and then pushed.
  Node& open() {
    if (size_ == nodes_.size()) nodes_.emplace_back(p_);
    return nodes_[size_];
  }
  /// The open node is complete and covers 2^level blocks.
  void push(int level) {
    levels_.resize(size_);
    levels_.push_back(level);
    ++size_;
    while (size_ > 1 && levels_[size_ - 2] == levels_[size_ - 1]) {
      merge_last();
      ++levels_[size_ - 1];
    }
  }
  /// Merges what waits, from the right, as if the missing children were skipped; null if nothing was pushed.
  Node* root() {
    while (size_ > 1) merge_last();
    return size_ == 0 ? nullptr : &nodes_[0];
  }
  void clear() { size_ = 0; }

 private:
  void merge_last() {
    steps_.merge(p_, nodes_[size_ - 2].step(), nodes_[size_ - 1].step(), delta_.data());
    --size_;
  }

  Index p_;
  ProblemSteps steps_;
  std::vector<double> delta_;
  std::vector<Node> nodes_;
  std::vector<int> levels_;
  std::size_t size_ = 0;
};

/// Rows that are packed before they are multiplied: few enough for the first-level cache, enough to pay for loading and
/// storing the sums of the tiles.
constexpr Index chunk_rows(Index p) { return std::clamp<Index>(2048 / p, 32, kCanonicalBlock); }

/// What one thread needs to turn rows into nodes.
struct Worker {
  Worker(Index p, const ProblemSteps& steps)
      : stack(p, steps),
        plain(p, chunk_rows(p), false),
        weighted(p, chunk_rows(p), true),
        scratch(static_cast<std::size_t>(kCanonicalBlock * kColumnChunk)),
        tiles(static_cast<std::size_t>(lower_tiles(tile_groups(p)) * kTileSize)) {}
  NodeStack stack;
  PanelStorage plain, weighted;
  std::vector<double> scratch, tiles;
  BlockRows rows;
};

class SmallPass final : public ReusableMomentsPass {
 public:
  SmallPass(Index columns, MissingRows missing, int threads)
      : p_(columns), missing_(missing), threads_(threads), kernel_(moments_kernel()), stack_(columns, problem_steps()) {
    workers_.emplace_back(p_, problem_steps());  // the others come with the first wave
  }

  void reset() override {
    stack_.clear();
    blocks_ = positive_ = dropped_ = 0;
  }

  bool add(const RowsView& rows) override {
    bool finite = true;
    Index row = 0;
    const auto single_block = [&] {
      const Index count = std::min(kCanonicalBlock, rows.rows - row);
      Worker& worker = workers_[0];
      finite = block_node(rows, row, count, worker, stack_.open()) && finite;
      count_rows(worker.rows.positive, worker.rows.dropped);
      stack_.push(0);
      ++blocks_;
      row += count;
    };
    while (row < rows.rows && (threads_ == 1 || blocks_ % kUnit != 0)) single_block();
    while (rows.rows - row >= 2 * kUnit * kCanonicalBlock) {
      const Index units = std::min(kWave, (rows.rows - row) / (kUnit * kCanonicalBlock));
      finite = wave(rows, row, units) && finite;
      row += units * kUnit * kCanonicalBlock;
    }
    while (row < rows.rows) single_block();
    return finite;
  }

  void finish(const MomentsView& result) override {
    Node* const root = stack_.root();
    const bool empty = root == nullptr || root->weight == 0;
    *result.rows = positive_;
    *result.dropped = dropped_;
    *result.weight = empty ? 0 : root->weight;
    for (Index i = 0; i < p_; ++i) {
      result.mean[i] = empty ? kCanonicalNaN : root->mean[i];
      result.mean_residual[i] = empty ? kCanonicalNaN : root->residual[i];
    }
    for (Index j = 0; j < p_; ++j) {
      for (Index i = j; i < p_; ++i) {
        result.scatter[i + j * p_] = result.scatter[j + i * p_] = empty ? 0 : root->scatter[i + j * p_];
      }
    }
  }

 private:
  static constexpr int kUnitLevel = 4;
  static constexpr Index kUnit = Index{1} << kUnitLevel;  // blocks that one thread turns into one node
  static constexpr Index kWave = 64;                      // units between two visits to the stack

  void count_rows(Index positive, Index dropped) {
    positive_ += positive;
    dropped_ += dropped;
  }

  /// Fills the node of rows first … first+count−1; false if a mean is not finite.
  bool block_node(const RowsView& view, Index first, Index count, Worker& worker, Node& node) const {
    BlockRows& rows = worker.rows;
    rows.describe(view, first, count, missing_);
    node.weight = rows.total_weight;
    if (node.weight == 0) {
      std::fill(node.mean.begin(), node.mean.end(), 0.0);
      std::fill(node.residual.begin(), node.residual.end(), 0.0);
      std::fill(node.scatter.begin(), node.scatter.end(), 0.0);
      return true;
    }
    const StagedRows staged = stage(view, rows, 0, p_, worker.scratch.data());
    const CenterBlock block{staged.rows, nullptr, rows.weights, staged.leading_dimension, p_, 0, rows.total_weight};
    const bool in_place = staged.rows != worker.scratch.data();
    const Index chunks = (rows.count + chunk_rows(p_) - 1) / chunk_rows(p_), tiles = lower_tiles(tile_groups(p_));
    const Prefetch next(in_place ? staged.rows + kCanonicalBlock * staged.leading_dimension : nullptr, p_,
                        staged.leading_dimension, chunks * tiles);
    const Panel& panel = (rows.weights == nullptr ? worker.plain : worker.weighted).panel();
    kernel_.mean(block, rows.count, panel);
    for (Index k = 0; k < rows.count; k += panel.depth) {
      const Index chunk = std::min(panel.depth, rows.count - k);
      const bool last = k + chunk == rows.count;
      kernel_.pack(block, k, chunk, panel);
      if (last) kernel_.close(block, panel);
      multiply(chunk, k == 0 ? TileSum::store : TileSum::extend, last, panel, worker.tiles.data(), next,
               k / panel.depth * tiles);
    }
    std::copy_n(panel.mean, p_, node.mean.data());
    std::copy_n(panel.residual, p_, node.residual.data());
    unpack(worker.tiles.data(), node.scatter.data());
    return std::all_of(node.mean.begin(), node.mean.end(), [](double m) { return std::isfinite(m); });
  }

  /// The lower triangle of tiles, in rows of tiles, from `depth` packed rows and, at the end of a block, the tails.
  void multiply(Index depth, TileSum sum, bool with_tail, const Panel& panel, double* tiles, const Prefetch& next,
                Index part) const {
    for (Index top = 0; top < p_; top += kTile) {
      for (Index side = 0; side <= top; side += kTile, tiles += kTileSize) {
        next.fetch(part++);
        kernel_.tile(depth, panel.left() + top * panel.depth, panel.rows + side * panel.depth,
                     with_tail ? panel.weighted_tail + top : nullptr, panel.rows_tail + side, tiles, sum);
      }
    }
  }

  void unpack(const double* tiles, double* scatter) const {
    for (Index top = 0; top < p_; top += kTile) {
      for (Index side = 0; side <= top; side += kTile, tiles += kTileSize) {
        for (Index j = 0; j < std::min(kTile, p_ - side); ++j) {
          std::copy_n(tiles + j * kTile, std::min(kTile, p_ - top), scatter + top + (side + j) * p_);
        }
      }
    }
  }

  /// `units` units of whole blocks, shared among the threads; their nodes go to the stack in order.
  bool wave(const RowsView& rows, Index first, Index units) {
    bool finite = true;
    Index positive = 0, dropped = 0;
    while (std::ssize(workers_) < threads_) workers_.emplace_back(p_, problem_steps());
    while (std::ssize(wave_) < kWave) wave_.emplace_back(p_);
    FirstException exception;
#pragma omp parallel for schedule(dynamic) num_threads(threads_) reduction(&& : finite) reduction(+ : positive, dropped)
    for (Index u = 0; u < units; ++u) {
      exception.run([&] {
        Worker& worker = workers_[static_cast<std::size_t>(omp_get_thread_num())];
        worker.stack.clear();
        for (Index b = 0; b < kUnit; ++b) {
          const Index row = first + (u * kUnit + b) * kCanonicalBlock;
          finite = block_node(rows, row, kCanonicalBlock, worker, worker.stack.open()) && finite;
          positive += worker.rows.positive;
          dropped += worker.rows.dropped;
          worker.stack.push(0);
        }
        wave_[static_cast<std::size_t>(u)] = *worker.stack.root();
      });
    }
    exception.rethrow();
    count_rows(positive, dropped);
    for (Index u = 0; u < units; ++u) {
      std::swap(stack_.open(), wave_[static_cast<std::size_t>(u)]);
      stack_.push(kUnitLevel);
    }
    blocks_ += units * kUnit;
    return finite;
  }

  Index p_;
  MissingRows missing_;
  int threads_;
  MomentsKernel kernel_;
  NodeStack stack_;
  std::vector<Worker> workers_;
  std::vector<Node> wave_;
  Index blocks_ = 0, positive_ = 0, dropped_ = 0;
};

}  // namespace

std::unique_ptr<ReusableMomentsPass> make_small_pass(Index columns, MissingRows missing, int threads) {
  return std::make_unique<SmallPass>(columns, missing, threads);
}

}  // namespace sigmahat::backends
