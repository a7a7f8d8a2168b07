// The vector kernels of the moments pass, compiled for each instruction set and chosen at run time.
//
// Rows of a block are centred and packed in groups of kTile = 8 columns: entry (row k, column j of group J) is at
// (J·depth + k)·8 + j. `rows` holds the deviations r; `weighted` holds w·r, and without weights it is null: r serves for
// both. The tails hold c and −n·c: the correction by −n c cᵀ is the last link of each chain. Columns beyond p are zero.
//
// The scatter is formed in tiles of 8 × 8. A tile's sums stay in eight registers: one vector of rows times eight
// broadcasts with AVX-512, twice two vectors times four broadcasts with AVX2. That is 64 multiply-adds on 16 numbers from
// the cache, and as many independent chains as latency times throughput asks for: bound by arithmetic, not by loads.
#pragma once

#include "sigmahat/kernels/common.hpp"

namespace sigmahat::backends {

inline constexpr Index kTile = 8;
inline constexpr Index kTileSize = kTile * kTile;

/// Groups of columns, the last one padded.
constexpr Index tile_groups(Index p) { return (p + kTile - 1) / kTile; }
/// Tiles in the lower triangle of `groups` groups: row of tiles t has t + 1 of them.
constexpr Index lower_tiles(Index groups) { return groups * (groups + 1) / 2; }

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

/// Where packed rows go; arrays over all p columns, padded to whole groups.
struct Panel {
  double *rows, *weighted;            ///< as above; weighted may be null
  double *rows_tail, *weighted_tail;  ///< c and −n·c
  double *mean, *residual;            ///< m; Σ w r while packing, c once closed
  Index depth;                        ///< rows that fit

  /// What the rows of a tile are taken from.
  const double* left() const { return weighted == nullptr ? rows : weighted; }
};

/// What happens to the sums of a tile.
enum class TileSum {
  store,   ///< out = Σ
  extend,  ///< the chains go on from out: the rows before are in it
  add,     ///< out = out + Σ
};

struct MomentsKernel {
  const char* (*instruction_set)();
  /// panel.mean ← m over rows 0 … count−1, panel.residual ← 0. One flop per entry.
  void (*mean)(const CenterBlock& block, Index count, const Panel& panel);
  /// Packs rows first … first+count−1 into places 0 … count−1; adds to panel.residual. 2 to 4 flops per entry.
  void (*pack)(const CenterBlock& block, Index first, Index count, const Panel& panel);
  /// After the last row: panel.residual ← c, and the tails.
  void (*close)(const CenterBlock& block, const Panel& panel);
  /// One tile from `depth` packed rows; out[i + 8·j]. The tails, where given, are one more row at the end.
  void (*tile)(Index depth, const double* left, const double* right, const double* left_tail, const double* right_tail,
               double* out, TileSum sum);
};

/// The version for this processor.
MomentsKernel moments_kernel();

}  // namespace sigmahat::backends
