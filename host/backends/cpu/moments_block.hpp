// From the caller's rows to what the vector kernels read: one canonical block at a time, float64 and row-major.
#pragma once

#include <cstdint>
#include <vector>

#include "moments_kernel.hpp"
#include "sigmahat/host/rows.hpp"

namespace sigmahat::backends {

/// Columns per call of the vector kernels: a multiple of every vector length, and 512 bytes of a row.
inline constexpr Index kColumnChunk = 64;

/// Which rows of a block count, and their weights.
struct BlockRows {
  BlockRows() = default;
  BlockRows(BlockRows&&) = default;  // `weights` may point into kept_weights: a copy's would point into the original
  BlockRows(const BlockRows&) = delete;
  Index first = 0;     ///< row of the view
  Index count = 0;     ///< rows kept
  Index positive = 0;  ///< rows kept that have positive weight
  Index dropped = 0;
  double total_weight = 0;          ///< their weights, summed in row order
  const double* weights = nullptr;  ///< of the kept rows; null: 1 each
  std::vector<Index> kept;          ///< places of the kept rows where some were dropped; else empty
  std::vector<double> kept_weights;

  /// Describes rows first … first+rows−1 of the view (at most a canonical block).
  void describe(const RowsView& view, Index first_row, Index rows, MissingRows missing);
};

/// The kept rows of one column chunk as float64, row-major: the caller's own memory where it has that form, else a copy
/// in `scratch` (kCanonicalBlock·kColumnChunk numbers).
struct StagedRows {
  const double* rows;
  Index leading_dimension;
};
StagedRows stage(const RowsView& view, const BlockRows& block, Index first_column, Index columns, double* scratch);

/// Rows that will be read later, brought into the cache in parts while other rows are multiplied, so that memory and
/// arithmetic overlap. What lies behind the data may be asked for: a prefetch has no effect on what is not there.
class Prefetch {
 public:
  Prefetch() = default;
  /// The canonical block of rows at `rows`, in `parts` parts. Does nothing where the rows are few numbers with much
  /// between them, or where the kernels read a copy (null).
  Prefetch(const double* rows, Index columns, Index leading_dimension, Index parts) {
    if (rows == nullptr || leading_dimension > columns + kTile) return;
    place_ = reinterpret_cast<std::uintptr_t>(rows);
    part_ = static_cast<std::uintptr_t>(kCanonicalBlock * leading_dimension) * sizeof(double) /
                static_cast<std::uintptr_t>(parts) +
            1;
  }
  void fetch(Index part) const {
    constexpr std::uintptr_t kLine = 64;
    const std::uintptr_t begin = place_ + static_cast<std::uintptr_t>(part) * part_;
    for (std::uintptr_t line = begin; line < begin + part_; line += kLine) {
      __builtin_prefetch(reinterpret_cast<const void*>(line));
    }
  }

 private:
  std::uintptr_t place_ = 0, part_ = 0;
};

/// Owns the arrays of a Panel for p columns and `depth` rows; aligned for vectors, zero at first.
class PanelStorage {
 public:
  PanelStorage(Index columns, Index depth, bool with_weights);
  PanelStorage(PanelStorage&&) =
      default;  // the arrays stay where they are; a copy's panel would point into the original
  PanelStorage(const PanelStorage&) = delete;
  const Panel& panel() const { return panel_; }

 private:
  std::vector<double> memory_;
  Panel panel_;
};

}  // namespace sigmahat::backends
