// Least squares of many problems: the definition that every backend computes, and the views that carry its arguments
// and results.
//
// Problem b: rows (x_i, y_i), x_i ∈ ℝᵏ, weights w_i ≥ 0, z_i = (x_i, y_i) ∈ ℝ^q with q = k + 1. β̂ minimises
// Σ w_i (y_i − α − x_iᵀβ)² + λ‖β‖², α the intercept where there is one (never penalised). K = k + 1 coefficients with an
// intercept, which is the first of them, and k without.
//
// 1. Gram matrix, over canonical blocks as the moments of z (kernels/moments.hpp, p ≤ 64: chains in row order within 256
//    rows, binary tree above), for every q ≤ kLargestGram:
//      with an intercept     G = M₀ of z, and the mean pair (m, c) of z
//      without               G_ij = Σ fma(w·z_i, z_j, ·), i ≥ j; nodes of the tree merge by G_a + G_b; an empty one leaves
//                            no trace
//    Both have N = Σ w, and n = the number of rows with w > 0.
// 2. Scaling by powers of two: Ĝ = D(G + λI)D, D = diag(s), λ for the k columns of x alone, 1 ≤ ĝ_jj < 4: off the diagonal
//    (g_ij·s_i)·s_j, on it (g_jj·s_j)·s_j + (λ·s_j)·s_j.
// 3. Square-root-free Cholesky of Ĝ, y being the last row: u_ij = ĝ_ij − Σ_{c<j} u_ic l_jc, one chain of fma in the order
//    of c; r_j = 1/u_jj, l_ij = u_ij·r_j. What is left of ĝ_yy is the scaled minimum of the sum of squares.
// 4. β̂: β_j = l_yj − Σ_{i>j} l_ij β_i, i falling; coefficient j = (β_j·s_j)/s_y. α = ȳ − Σ x̄_j β_j from the mean pairs, in
//    compensated arithmetic.
// 5. V = L⁻¹ (unit lower): (Ĝ⁻¹)_jj = Σ_{i≥j} (v_ij·r_i)·v_ij. Condition of the scaled X: κ = √(tr Ĝ_xx · tr Ĝ_xx⁻¹)/k. It
//    is 1 for orthogonal columns of equal scaled length, and κ₂/k ≤ κ ≤ κ₂, κ₂ the ratio of extreme singular values.
// 6. Route `automatic`: the problem is refined where κ > kRefineCondition, and goes to QR where κ > kQrCondition, a pivot is
//    not positive, or a scale or a centred column is out of bounds. One step of refinement: residuals r_i from the rows,
//    their gradient Σ w_i x_i r_i (centred), both in twice the precision, δ = Ĝ⁻¹ of it, β += δ; repeated while it helps.
// 7. RSS is u_yy where the bound kGramError·4·(1 + Σ|β_j|)² on its error (scaled units) is at most kKeptShare of it; else
//    Σ w r², from residuals as in 6. Under a ridge always the latter.
// 8. Route `qr`: Householder QR of the centred, scaled rows √w·D·z of each block, R factors merging along the tree
//    (TSQR). Rank from R by tolerance, policy as asked.
//
// Classical standard errors: σ̂² = RSS/(n − rank), se_j = √(σ̂² (Ĝ⁻¹)_jj)·s_j, se_α² = σ̂²(1/N + x̄ᵀ(X_cᵀWX_c)⁻¹x̄).
// Rows of weight 0 contribute nothing. A NaN in one makes the problem `not_finite`, unless the row's whole block has weight 0.
// Failures: a status per problem; its numbers are then the canonical NaN. Neighbours are not touched.
// Determinism: q ≤ kLargestGram: D3 for coefficients, classical standard errors, RSS, TSS, rank, condition, route, status;
// residuals, fitted values and HC errors D2 on the CPU. Above: D1.
// Cost per problem: m·q·(q+1) flops for G (twice the reading, in cache, with an intercept), k³ for the rest; bytes: the rows.
// Source: Golub, Van Loan, Matrix Computations, 4th ed., 4.1, 5.2, 5.3; Demmel, Grigori, Hoemmen, Langou (2012) for TSQR;
// Ogita, Rump, Oishi (2005) for the sums in twice the precision.
#pragma once

#include "sigmahat/kernels/common.hpp"

namespace sigmahat {

/// Largest q = k + 1 of the own kernels; above, BLAS and LAPACK.
inline constexpr Index kLargestGram = 65;

/// Thresholds of the definition above.
inline constexpr double kRefineCondition = 16;
inline constexpr double kQrCondition = 256;
/// Beyond it the normal equations keep two digits at most: route `cholesky` ends as `rank_deficient`, with NaN.
inline constexpr double kCholeskyCondition = 0x1p22;
inline constexpr double kGramError = 0x1p-43;
inline constexpr double kKeptShare = 0x1p-28;
/// A centred column (or y) with g_jj + λ ≤ this · N·m_j² may be a constant: the rows decide.
inline constexpr double kConstantShare = 0x1p-80;
/// Diagonals of G outside of [1/kLargestDiagonal, kLargestDiagonal] go to QR, whose scaling looks at the rows.
inline constexpr double kLargestDiagonal = 0x1p900;

/// The way to the coefficients, asked for.
enum class LeastSquaresRoute : std::int32_t {
  automatic,  ///< Cholesky, refined or replaced by QR where the condition asks for it
  cholesky,   ///< the normal equations and nothing else
  qr,         ///< Householder QR of the rows
};
/// The way that was taken.
enum class RouteTaken : std::int32_t { none, cholesky, refined_cholesky, qr };

/// What becomes of a problem whose columns depend on each other.
enum class RankPolicy : std::int32_t {
  minimum_norm,  ///< the least ‖β‖ of all minimisers, in the data's units, the intercept not counted
  drop_aliased,  ///< a column that the earlier ones explain gets NaN, as in R's lm
  fail,          ///< all coefficients NaN
};

/// Which errors of the coefficients. HC: heteroscedasticity-consistent, White (1980), MacKinnon and White (1985).
enum class StandardErrors : std::int32_t { none, classical, hc0, hc1, hc2, hc3 };

constexpr const char* to_string(LeastSquaresRoute route) {
  switch (route) {
    case LeastSquaresRoute::automatic: return "auto";
    case LeastSquaresRoute::cholesky: return "cholesky";
    case LeastSquaresRoute::qr: return "qr";
  }
  return "unknown";
}
constexpr const char* to_string(RouteTaken route) {
  switch (route) {
    case RouteTaken::none: return "none";
    case RouteTaken::cholesky: return "cholesky";
    case RouteTaken::refined_cholesky: return "refined_cholesky";
    case RouteTaken::qr: return "qr";
  }
  return "unknown";
}
constexpr const char* to_string(RankPolicy policy) {
  switch (policy) {
    case RankPolicy::minimum_norm: return "minimum_norm";
    case RankPolicy::drop_aliased: return "drop_aliased";
    case RankPolicy::fail: return "fail";
  }
  return "unknown";
}
constexpr const char* to_string(StandardErrors errors) {
  switch (errors) {
    case StandardErrors::none: return "none";
    case StandardErrors::classical: return "classical";
    case StandardErrors::hc0: return "hc0";
    case StandardErrors::hc1: return "hc1";
    case StandardErrors::hc2: return "hc2";
    case StandardErrors::hc3: return "hc3";
  }
  return "unknown";
}

/// What is to be computed, the same for every problem of a call.
struct LeastSquaresSpec {
  bool intercept = false;
  bool drop_missing = false;  ///< leave out rows that are not finite; otherwise they make the problem `not_finite`
  double ridge = 0;           ///< λ ≥ 0
  LeastSquaresRoute route = LeastSquaresRoute::automatic;
  RankPolicy rank_policy = RankPolicy::minimum_norm;
  StandardErrors standard_errors = StandardErrors::none;
  /// A column counts towards the rank if what the earlier ones leave of it is > rank_tolerance · its length before centring;
  /// 0 means 32·K·2⁻⁵². Where one does not, QR decides and the rank policy follows.
  double rank_tolerance = 0;
};

/// Results for B problems with K coefficients, in host memory; a null pointer is a result that is not wanted. Item b of
/// each array belongs to problem b. NaN where a number does not exist.
struct LeastSquaresView {
  double* coefficients = nullptr;     ///< [B, K]
  double* standard_errors = nullptr;  ///< [B, K]
  double* covariance = nullptr;       ///< [B, K, K] of β̂, by the kind of standard errors asked for
  double* rss = nullptr;              ///< [B] Σ w (y − ŷ)²
  double* tss = nullptr;              ///< [B] Σ w (y − ȳ)², about zero without an intercept
  double* residual_dof = nullptr;     ///< [B] n − rank; under a ridge n − tr H, H the hat matrix
  double* weight = nullptr;           ///< [B] N = Σ w
  double* residuals = nullptr;        ///< [rows of all problems] y − ŷ; NaN for a dropped row
  double* fitted = nullptr;           ///< [rows of all problems] ŷ; NaN for a dropped row
  double* gram = nullptr;             ///< [B, q, q] G, both triangles
  double* mean = nullptr;             ///< [B, q] m + c of z, rounded; 0 without an intercept
  Index* rows = nullptr;              ///< [B] n, rows of positive weight that were not dropped
  Index* dropped = nullptr;           ///< [B]
  double* condition = nullptr;        ///< [B] κ
  std::int32_t* rank = nullptr;       ///< [B] of the K columns, the intercept's among them
  RouteTaken* route = nullptr;        ///< [B]
  ProblemStatus* status = nullptr;    ///< [B]

  /// The results from problem `first` on, whose first row is row `first_row` of all.
  LeastSquaresView from(Index first, Index first_row, Index coefficient_count, Index gram_size) const {
    const auto at = [](auto* array, Index place) { return array == nullptr ? nullptr : array + place; };
    return {at(coefficients, first * coefficient_count),
            at(standard_errors, first * coefficient_count),
            at(covariance, first * coefficient_count * coefficient_count),
            at(rss, first),
            at(tss, first),
            at(residual_dof, first),
            at(weight, first),
            at(residuals, first_row),
            at(fitted, first_row),
            at(gram, first * gram_size * gram_size),
            at(mean, first * gram_size),
            at(rows, first),
            at(dropped, first),
            at(condition, first),
            at(rank, first),
            at(route, first),
            at(status, first)};
  }
};

}  // namespace sigmahat
