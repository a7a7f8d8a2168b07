// The vector kernels of the moments pass, compiled for each instruction set and chosen at run time.
//
// Rows of a block are centred and packed, then every tile of the scatter is formed from the packed rows:
//   right: lane groups of tile_columns columns, element (row k, column j of group J) at right[(J·depth + k)·tile_columns + j]
//   left : row tiles of tile_rows columns,      element (row k, column i of tile I) at left[(I·depth + k)·tile_rows + i]
// right holds the deviations r, left holds w·r. Without weights both are the same, and with tile_rows = tile_columns so
// is the layout: then `left` is null and right serves for both. The tails hold −n·c and c: the correction by −n c cᵀ is
// the last link of each chain. Columns beyond p are zero.
//
// tile_columns is the vector length and tile_rows one to three vectors, so that a tile's sums stay in registers: per row
// tile_rows·tile_columns multiply-adds on 1 to 3 vector loads and tile_columns broadcasts; bound by arithmetic.
#pragma once

#include "sigmahat/kernels/common.hpp"

namespace sigmahat::backends {

/// One block of at most 256 rows, row-major float64; `columns` ≤ 64 of its columns per call.
struct CenterBlock {
  const double* rows = nullptr;     ///< entry (k, j) at rows[k·leading_dimension + j]
  const double* low = nullptr;      ///< added after centring, same layout; null: nothing
  const double* weights = nullptr;  ///< null: 1 each
  Index leading_dimension = 0;
  Index columns = 0;       ///< columns of this call
  Index first_column = 0;  ///< place of the first of them among the p columns; a multiple of 64
  double total_weight = 0;
};

/// Where packed rows go; arrays over all p columns, padded with zeros to whole tiles.
struct Panel {
  double *left, *right;            ///< as above; left may be null
  double *left_tail, *right_tail;  ///< −n·c and c
  double *mean, *residual;         ///< m; Σ w r while packing, c once closed
  Index tile_rows;
  Index depth;  ///< rows that fit
};

/// What happens to the sums of a tile.
enum class TileSum {
  store,     ///< out = Σ
  continue_,  ///< the chains go on from out: the rows before are in it
  add,       ///< out = out + Σ
};

struct MomentsKernel {
  const char* (*instruction_set)();
  Index tile_columns;
  /// The tile height (one to three vectors) with the least work for p columns.
  Index (*tile_rows)(Index p);
  /// panel.mean ← m over rows 0 … count−1, panel.residual ← 0. One flop per entry.
  void (*mean)(const CenterBlock& block, Index count, const Panel& panel);
  /// Packs rows first … first+count−1 into places 0 … count−1; adds to panel.residual. 2 to 4 flops per entry.
  void (*pack)(const CenterBlock& block, Index first, Index count, const Panel& panel);
  /// After the last row: panel.residual ← c, and the tails.
  void (*close)(const CenterBlock& block, const Panel& panel);
  /// One tile from `depth` packed rows; out[i + j·tile_rows]. The tails, where given, are one more row at the end.
  void (*tile)(Index tile_rows, Index depth, const double* left, const double* right, const double* left_tail,
               const double* right_tail, double* out, TileSum sum);
};

/// The version for this processor.
MomentsKernel moments_kernel();

}  // namespace sigmahat::backends
