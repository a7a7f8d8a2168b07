// Moments of rows: the definition that every backend computes, and the view that carries the result.
//
// Rows x₁…xₙ ∈ ℝᵖ with weights wᵢ ≥ 0. A dropped row counts as weight 0 and contributes nothing.
//
// Block of at most 256 consecutive rows; every sum is one chain in row order, starting from +0:
//   n_b = Σ w                       additions
//   s_j = Σ fma(w, x_j, ·)          m_j = s_j / n_b
//   r_j = x_j − m_j                 one subtraction per entry
//   t_j = Σ fma(w, r_j, ·)          c_j = t_j / n_b           the block's mean is the unevaluated pair m + c
//   M_ij = Σ fma(w·r_i, r_j, ·), i ≥ j, and as the last link fma(−(n_b·c_i), c_j, ·)
//   n_b = 0: the block is empty, its sums are 0 and no mean is formed.
//
// p ≤ 64: blocks are the leaves of a binary tree; node (l, j) covers blocks j·2ˡ … (j+1)·2ˡ − 1, and a missing child is
// skipped. Two nodes a (earlier) and b merge as Chan, Golub and LeVeque (1983) do, with the pairs kept:
//   n = n_a + n_b,  δ = (m_b − m_a) + (c_b − c_a),  f = n_a·(n_b / n),  M_ij = fma(f·δ_i, δ_j, M_a,ij + M_b,ij)
//   t = fma(δ, n_b / n, c_a),  (m, c) = TwoSum(m_a, t);   an empty node merges without a trace.
//
// p > 64: one matrix C collects every contribution by one addition each, in this order. Block b adds its M_ij; its node
// (n_b, m, c) is row number b of level 1. 256 nodes of a level (or what is left at the end, lowest level first) form a
// block of weighted rows by the same formulas, with x = m + c read as
//   m'_j = Σ fma(n_b, m_j, ·) / N,  r_j = (m_j − m'_j) + c_j,  c'_j and M_ij from r as above,
// which adds its M_ij to C and becomes a node of the next level, until one node is left. An empty block keeps its place
// among the nodes, with weight 0. (A tree of p × p matrices would
// cost p² log n memory; panels of means cost 256·p per level, and there are log₂₅₆ n levels.) The matrix C is M₀.
//
// Determinism: D3 for p ≤ 64 on every backend; for p > 64 D3 among the CPU backends, D1 on the GPU (cuBLAS).
// Cost: n·p·(p+1) flops for the scatter, 4·n·p for the two means; the rows are read once from memory.
// Source: Chan, Golub, LeVeque (1983), The American Statistician 37, 242–247; Knuth's TwoSum.
#pragma once

#include "sigmahat/kernels/common.hpp"

namespace sigmahat {

/// Results for `problems` data sets of p = `columns`, in host memory. Item b of each array belongs to data set b.
struct MomentsView {
  Index problems = 0;
  Index columns = 0;
  Index* rows = nullptr;            ///< [B] rows that count: not dropped and of positive weight
  Index* dropped = nullptr;         ///< [B] rows left out because of a NaN or an infinity
  double* weight = nullptr;         ///< [B] Σ w; n where there are no weights
  double* mean = nullptr;           ///< [B, p] m of the pair m + c
  double* mean_residual = nullptr;  ///< [B, p] c of the pair
  double* scatter = nullptr;        ///< [B, p, p] M₀, both triangles

  /// Data set `problem` alone.
  MomentsView problem(Index problem) const {
    return {1,
            columns,
            rows + problem,
            dropped + problem,
            weight + problem,
            mean + problem * columns,
            mean_residual + problem * columns,
            scatter + problem * columns * columns};
  }
};

}  // namespace sigmahat
