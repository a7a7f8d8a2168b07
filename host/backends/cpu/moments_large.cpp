// p > 64: one matrix C collects the scatter of every block, and the blocks' means are rows of a next level.
//
// Per block of 256 rows: 256·p·8 bytes from memory, 256·p·(p+1) flops and C read and written once (8·p² bytes, a fraction
// 1/32 byte per flop): bound by the multiply-adds. The packed panel (4·p KiB, twice) stays in the shared cache.
//
// Work is a sequence of jobs, each a block of rows or of means: pack it, form its tiles, add them to C. C is summed in the
// order of the jobs, whoever does the work, and there are two ways to share it:
//   p ≤ 512: each thread takes a block of its own, and only the additions to C go in turns. Nothing but C is shared.
//   above  : all threads work on one block and divide its tiles; while these are multiplied the next block is packed, all
//            from one list, so threads meet once per block. No thread needs a matrix of its own.
#include <omp.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cmath>
#include <deque>
#include <mutex>
#include <numeric>
#include <optional>
#include <utility>

#include "../parallel.hpp"
#include "moments_pass.hpp"

namespace sigmahat::backends {
namespace {

/// The open block of nodes of one level: row k is node k.
struct Level {
  explicit Level(Index p) : mean(static_cast<std::size_t>(kCanonicalBlock * p)), residual(mean.size()) {}
  Index count = 0;
  std::array<double, kCanonicalBlock> weight{};
  std::vector<double> mean, residual;
};

/// A block to be packed and multiplied.
struct Job {
  explicit Job(Index p) : storage(p, kCanonicalBlock, true) {}
  bool active = false;
  const RowsView* view = nullptr;  ///< rows of the data; null: nodes of `source`
  const Level* source = nullptr;
  BlockRows rows;                               ///< count, weights and total weight, also for nodes
  double *mean = nullptr, *residual = nullptr;  ///< of the node
  Index turn = 0;                               ///< place in the sequence
  PanelStorage storage;

  /// Without weights the deviations serve both sides of a tile.
  Panel panel() const {
    Panel panel = storage.panel();
    if (rows.weights == nullptr) panel.weighted = nullptr;
    return panel;
  }
};

/// A block that one thread has to itself.
struct OwnBlock {
  OwnBlock(Index p, Index tile_numbers) : job(p), tiles(static_cast<std::size_t>(tile_numbers)) {}
  Job job;
  std::vector<double> tiles;  ///< its scatter
};

/// Up to this p a thread's block, panel and tiles fit into its own cache.
constexpr Index kOwnBlocks = 512;

class LargePass final : public ReusableMomentsPass {
 public:
  LargePass(Index columns, MissingRows missing, int threads)
      : p_(columns),
        missing_(missing),
        threads_(threads),
        kernel_(moments_kernel()),
        groups_(tile_groups(columns)),
        jobs_{Job(p_), Job(p_)},
        scratch_(static_cast<std::size_t>(threads),
                 std::vector<double>(static_cast<std::size_t>(kCanonicalBlock * kColumnChunk))) {
    total_.assign(static_cast<std::size_t>(lower_tiles(groups_) * kTileSize), 0.0);
  }

  void reset() override {
    std::fill(total_.begin(), total_.end(), 0.0);
    for (Level& level : levels_) level.count = 0;
    positive_ = dropped_ = 0;
    full_level_ = -1;
    finite_ = true;
  }

  bool add(const RowsView& rows) override {
    finite_ = true;
    view_ = &rows;
    next_row_ = 0;
    run(rows.rows, [this](Job& job) { return prepare_rows(job); });
    view_ = nullptr;
    return finite_;
  }

  void finish(const MomentsView& result) override {
    finishing_level_ = 0;
    run(std::accumulate(levels_.begin(), levels_.end(), Index{0},
                        [](Index sum, const Level& l) { return sum + l.count; }),
        [this](Job& job) { return prepare_rest(job); });
    const auto last = std::find_if(levels_.begin(), levels_.end(), [](const Level& level) { return level.count > 0; });
    const bool empty = last == levels_.end() || last->weight[0] == 0;
    *result.rows = positive_;
    *result.dropped = dropped_;
    *result.weight = empty ? 0 : last->weight[0];
    for (Index i = 0; i < p_; ++i) {
      result.mean[i] = empty ? kCanonicalNaN : last->mean[i];
      result.mean_residual[i] = empty ? kCanonicalNaN : last->residual[i];
    }
    unpack(result.scatter);
  }

 private:
  // --- the sequence of jobs -------------------------------------------------------------------------------------------

  /// Reserves the node of a job on `level` and remembers a level that it fills.
  void place_node(Job& job, std::size_t level) {
    while (levels_.size() <= level) levels_.emplace_back(p_);
    Level& open = levels_[level];
    const Index k = open.count++;
    open.weight[static_cast<std::size_t>(k)] = job.rows.total_weight;
    job.mean = open.mean.data() + k * p_;
    job.residual = open.residual.data() + k * p_;
    job.active = job.rows.total_weight != 0;
    job.turn = jobs_prepared_++;
    if (open.count == kCanonicalBlock) full_level_ = static_cast<int>(level);
  }

  void prepare_level(Job& job, std::size_t level) {
    Level& source = levels_[level];
    job.view = nullptr;
    job.source = &source;
    job.rows.count = std::exchange(source.count, 0);
    job.rows.kept_weights.assign(source.weight.begin(), source.weight.begin() + job.rows.count);
    job.rows.weights = job.rows.kept_weights.data();
    job.rows.total_weight = 0;
    for (Index k = 0; k < job.rows.count; ++k) job.rows.total_weight += job.rows.weights[k];
    place_node(job, level + 1);
  }

  /// The next block of the rows at hand, or a level that has just become full. False: nothing is left.
  bool prepare_rows(Job& job) {
    if (full_level_ >= 0) {
      prepare_level(job, static_cast<std::size_t>(std::exchange(full_level_, -1)));
      return true;
    }
    if (next_row_ >= view_->rows) return false;
    const Index count = std::min(kCanonicalBlock, view_->rows - next_row_);
    job.view = view_;
    job.rows.describe(*view_, next_row_, count, missing_);
    positive_ += job.rows.positive;
    dropped_ += job.rows.dropped;
    next_row_ += count;
    place_node(job, 0);
    return true;
  }

  /// At the end: the lowest level that has nodes, until one node is left on the highest.
  bool prepare_rest(Job& job) {
    full_level_ = -1;
    while (finishing_level_ < levels_.size()) {
      const Index count = levels_[finishing_level_].count;
      const bool highest = std::all_of(levels_.begin() + static_cast<std::ptrdiff_t>(finishing_level_) + 1,
                                       levels_.end(), [](const Level& level) { return level.count == 0; });
      if (highest && count <= 1) return false;
      const std::size_t level = finishing_level_++;
      if (count == 0) continue;
      prepare_level(job, level);
      return true;
    }
    return false;
  }

  // --- the work of a job ----------------------------------------------------------------------------------------------

  /// Packs the jobs that `prepare` brings, of about `rows` rows in all, and multiplies them into C, one after another.
  template <class Prepare>
  void run(Index rows, Prepare prepare) {
    const double flops = static_cast<double>(rows) * static_cast<double>(p_) * static_cast<double>(p_ + 1);
    const int threads = useful_threads(flops, threads_);
    jobs_prepared_ = 0;
    if (p_ <= kOwnBlocks) {
      run_own_blocks(threads, prepare);
    } else {
      run_shared_blocks(threads, prepare);
    }
  }

  /// Each thread has a block, its packed panel and its tiles to itself; only adding to C goes in turns. No data is shared
  /// but C, at the cost of one more matrix per thread.
  template <class Prepare>
  void run_own_blocks(int threads, Prepare& prepare) {
    while (std::ssize(own_) < threads) own_.emplace_back(p_, lower_tiles(groups_) * kTileSize);
    std::mutex preparing;
    std::atomic<int> turn{0};
    bool more = true;
    FirstException exception;
#pragma omp parallel num_threads(threads)
    {
      OwnBlock& own = own_[static_cast<std::size_t>(omp_get_thread_num())];
      Prefetch next;
      const auto take = [&] {
        const std::scoped_lock lock(preparing);
        if (!std::exchange(more, false)) return false;  // an exception from prepare() ends the sequence
        exception.run([&] { more = prepare(own.job); });
        next = more ? rows_after_next() : Prefetch();
        return more;
      };
      while (take()) {
        if (own.job.view == nullptr) wait_for_turn(turn, own.job.turn);  // its rows are the nodes of the jobs before
        if (own.job.active) {
          for (Index column = 0; column < p_; column += kColumnChunk) pack(own.job, column);
          multiply(own.job, 0, groups_, next, TileSum::store, own.tiles.data());
        }
        wait_for_turn(turn, own.job.turn);
        close_node(own.job);
        if (own.job.active) {
#pragma omp simd
          for (std::size_t i = 0; i < total_.size(); ++i) total_[i] += own.tiles[i];
        }
        turn.fetch_add(1);
        turn.notify_all();
      }
    }
    exception.rethrow();
  }

  static void wait_for_turn(const std::atomic<int>& turn, Index mine) {
    for (int now = turn.load(); now != static_cast<int>(mine); now = turn.load()) spin_then_wait(turn, now);
  }

  /// All threads work on one block: they share the packed panel, and every tile is added to C where it belongs.
  template <class Prepare>
  void run_shared_blocks(int threads, Prepare& prepare) {
    Stage stage;
    FirstException exception;
#pragma omp parallel num_threads(threads)
    {
#pragma omp single
      stage.meeting.emplace(omp_get_num_threads());
      while (true) {
        stage.meeting->meet([&] { exception.run([&] { advance(stage, prepare); }); });
        if (stage.current == nullptr && stage.next == nullptr) break;
        const Index units = stage.tile_units + stage.pack_units;
        for (Index unit = stage.unit.fetch_add(1); unit < units; unit = stage.unit.fetch_add(1)) {
          if (unit < stage.tile_units) {
            const Index first = (stage.tile_units - 1 - unit) * unit_rows();  // the longest rows of tiles first
            multiply(*stage.current, first, std::min(first + unit_rows(), groups_), prefetch_, TileSum::add,
                     total_.data());
          } else {
            pack(*stage.next, (unit - stage.tile_units) * kColumnChunk);
          }
        }
      }
    }
    exception.rethrow();
  }

  /// What the threads work on between two meetings: tiles of one job and packing of the next, as one list of units.
  struct Stage {
    Job* current = nullptr;
    Job* next = nullptr;
    std::size_t turn = 0;
    bool more = true;
    Index tile_units = 0, pack_units = 0;
    std::atomic<Index> unit{0};
    std::optional<Rendezvous> meeting;
  };

  template <class Prepare>
  void advance(Stage& stage, Prepare& prepare) {
    if (stage.next != nullptr) close_node(*stage.next);
    stage.current = stage.next != nullptr && stage.next->active ? stage.next : nullptr;
    stage.next = nullptr;
    stage.unit = 0;
    stage.tile_units = stage.current == nullptr ? 0 : (groups_ + unit_rows() - 1) / unit_rows();
    stage.pack_units = 0;
    if (!std::exchange(stage.more, false)) return;  // an exception from prepare() ends the sequence, too
    Job& job = jobs_[stage.turn];
    if (!prepare(job)) return;
    stage.more = true;
    stage.next = &job;
    stage.turn = 1 - stage.turn;
    stage.pack_units = job.active ? (p_ + kColumnChunk - 1) / kColumnChunk : 0;
    prefetch_ = rows_after_next();
  }

  /// The block that will be packed when the one at hand has been multiplied.
  Prefetch rows_after_next() const {
    const bool in_place = view_ != nullptr && view_->type == ScalarType::float64 && view_->layout == Layout::row_major;
    if (!in_place || next_row_ >= view_->rows) return {};
    return {static_cast<const double*>(view_->data) + next_row_ * view_->leading_dimension, p_,
            view_->leading_dimension, lower_tiles(groups_)};
  }

  void pack(Job& job, Index column) {
    const Index columns = std::min(kColumnChunk, p_ - column);
    CenterBlock block{nullptr, nullptr, job.rows.weights, p_, columns, column, job.rows.total_weight};
    if (job.view == nullptr) {
      block.rows = job.source->mean.data() + column;
      block.low = job.source->residual.data() + column;
    } else {
      const StagedRows staged =
          stage(*job.view, job.rows, column, columns, scratch_[static_cast<std::size_t>(omp_get_thread_num())].data());
      block.rows = staged.rows;
      block.leading_dimension = staged.leading_dimension;
    }
    const Panel panel = job.panel();
    kernel_.mean(block, job.rows.count, panel);
    kernel_.pack(block, 0, job.rows.count, panel);
    kernel_.close(block, panel);
  }

  /// Rows of tiles that one unit of work takes: several where the panel is larger than a core's own cache, so that each
  /// group of columns that comes from the shared cache serves several tiles.
  Index unit_rows() const { return p_ < 512 ? 1 : 4; }

  /// Rows of tiles first … last−1 of left·rightᵀ, into `tiles` or added to them.
  void multiply(const Job& job, Index first, Index last, const Prefetch& next, TileSum sum, double* tiles) const {
    const Panel panel = job.panel();
    for (Index group = first; group < last; group += unit_rows()) {
      const Index end = std::min(group + unit_rows(), last);
      for (Index side = 0; side < end; ++side) {
        for (Index top = std::max(group, side); top < end; ++top) {
          const Index tile = lower_tiles(top) + side;
          next.fetch(tile);
          kernel_.tile(job.rows.count, panel.left() + top * kTile * panel.depth,
                       panel.rows + side * kTile * panel.depth, panel.weighted_tail + top * kTile,
                       panel.rows_tail + side * kTile, tiles + tile * kTileSize, sum);
        }
      }
    }
  }

  double* tile_of(Index top, Index side) { return total_.data() + (lower_tiles(top) + side) * kTileSize; }

  /// The packed block's mean becomes the node's; an empty block's node is zero.
  void close_node(const Job& job) {
    const Panel& panel = job.storage.panel();
    for (Index i = 0; i < p_; ++i) {
      job.mean[i] = job.active ? panel.mean[i] : 0.0;
      job.residual[i] = job.active ? panel.residual[i] : 0.0;
      finite_ = finite_ && std::isfinite(job.mean[i]);
    }
  }

  void unpack(double* scatter) {
    for (Index i = 0; i < p_; ++i) {
      for (Index j = 0; j <= i; ++j) {
        const double value = tile_of(i / kTile, j / kTile)[i % kTile + j % kTile * kTile];
        scatter[i + j * p_] = scatter[j + i * p_] = value;
      }
    }
  }

  Index p_;
  MissingRows missing_;
  int threads_;
  MomentsKernel kernel_;
  Index groups_;
  std::array<Job, 2> jobs_;
  std::vector<std::vector<double>> scratch_;  // per thread
  std::vector<double> total_;                 // C: the lower triangle of tiles, row by row
  std::deque<Level> levels_;                  // a deque: jobs keep pointers into it
  const RowsView* view_ = nullptr;
  std::deque<OwnBlock> own_;  // per thread, p ≤ kOwnBlocks
  Prefetch prefetch_;
  Index jobs_prepared_ = 0;
  Index next_row_ = 0, positive_ = 0, dropped_ = 0;
  int full_level_ = -1;
  std::size_t finishing_level_ = 0;
  bool finite_ = true;
};

}  // namespace

std::unique_ptr<ReusableMomentsPass> make_large_pass(Index columns, MissingRows missing, int threads) {
  return std::make_unique<LargePass>(columns, missing, threads);
}

}  // namespace sigmahat::backends
