// p > 64: one matrix C collects the scatter of every block, and the blocks' means are rows of a next level.
//
// Per block of 256 rows: 256·p·8 bytes from memory, 256·p·(p+1) flops and C read and written once (8·p² bytes, a fraction
// 1/32 byte per flop): bound by the multiply-adds. The packed panel (4·p KiB, twice) stays in the shared cache.
//
// Work is a sequence of jobs, each a block of rows or of means: pack it, then multiply its tiles into C. While the tiles
// of one job are multiplied the next one is packed, all from one list, so threads meet once per job. C is summed in
// the order of the jobs, whoever does the work.
#include <omp.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cmath>
#include <deque>
#include <numeric>
#include <optional>
#include <utility>

#include "moments_pass.hpp"
#include "parallel.hpp"

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
  PanelStorage storage;

  /// Without weights the deviations serve both sides of a tile.
  Panel panel() const {
    Panel panel = storage.panel();
    if (rows.weights == nullptr) panel.weighted = nullptr;
    return panel;
  }
};

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
    if (!job.active) {
      std::fill_n(job.mean, p_, 0.0);
      std::fill_n(job.residual, p_, 0.0);
    }
    if (open.count == kCanonicalBlock) full_level_ = static_cast<int>(level);
  }

  void prepare_level(Job& job, std::size_t level) {
    Level& source = levels_[level];
    job.view = nullptr;
    job.source = &source;
    job.rows.count = std::exchange(source.count, 0);
    job.rows.weights = source.weight.data();
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
    Stage stage;
    FirstException exception;
#pragma omp parallel num_threads(useful_threads(flops, threads_))
    {
#pragma omp single
      stage.meeting.emplace(omp_get_num_threads());
      while (true) {
        stage.meeting->meet([&] { exception.run([&] { advance(stage, prepare); }); });
        if (stage.current == nullptr && stage.next == nullptr) break;
        const Index units = stage.tile_units + stage.pack_units;
        for (Index unit = stage.unit.fetch_add(1); unit < units; unit = stage.unit.fetch_add(1)) {
          if (unit < stage.tile_units) {
            multiply(*stage.current, stage.tile_units - 1 - unit);  // the longest rows of tiles first
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
    if (stage.next != nullptr) check_finite(*stage.next);
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
    std::copy_n(panel.mean + column, columns, job.mean + column);
    std::copy_n(panel.residual + column, columns, job.residual + column);
  }

  /// Rows of tiles that one unit of work takes: several where the panel is larger than a core's own cache, so that each
  /// group of columns that comes from the shared cache serves several tiles.
  Index unit_rows() const { return p_ < 512 ? 1 : 4; }

  /// Unit `unit` of C += left·rightᵀ: rows of tiles from unit·unit_rows() on.
  void multiply(const Job& job, Index unit) {
    const Panel panel = job.panel();
    const Index first = unit * unit_rows(), last = std::min(first + unit_rows(), groups_);
    for (Index side = 0; side < last; ++side) {
      for (Index top = std::max(first, side); top < last; ++top) {
        prefetch_.fetch(lower_tiles(top) + side);
        kernel_.tile(job.rows.count, panel.left() + top * kTile * panel.depth, panel.rows + side * kTile * panel.depth,
                     panel.weighted_tail + top * kTile, panel.rows_tail + side * kTile, tile_of(top, side),
                     TileSum::add);
      }
    }
  }

  double* tile_of(Index top, Index side) { return total_.data() + (lower_tiles(top) + side) * kTileSize; }

  void check_finite(const Job& job) {
    finite_ = finite_ && std::all_of(job.mean, job.mean + p_, [](double m) { return std::isfinite(m); });
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
  Prefetch prefetch_;
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
