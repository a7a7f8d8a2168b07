// Batched linear least squares: one call for many regressions, uniform or ragged, each with its own status.
//
// Problem b minimises Σ w_i (y_i − α − x_iᵀβ)² + λ‖β‖². Weights are analytic: n stays the number of rows with w > 0, as
// in R's lm. Definition, routes and determinism: sigmahat/kernels/least_squares.hpp; derivation: docs/math/least_squares.md.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "sigmahat/gaussian_fit.hpp"
#include "sigmahat/gradient_ascent.hpp"
#include "sigmahat/host/context.hpp"
#include "sigmahat/least_squares_objective.hpp"

namespace sigmahat {

/// The data of B problems; a view, nothing is copied.
struct LeastSquaresBatch {
  LeastSquaresRows rows;

  /// X [B, m, k] and y [B, m], row-major without padding.
  static LeastSquaresBatch uniform(const double* x, const double* y, Index problems, Index rows, Index columns);
  static LeastSquaresBatch uniform(const float* x, const float* y, Index problems, Index rows, Index columns);
  /// Problem b is rows offsets[b] … offsets[b+1]−1 of x and of y (one column); the offsets must outlive the batch.
  static LeastSquaresBatch ragged(const RowsView& x, const RowsView& y, std::span<const Index> offsets);
  /// One problem of all rows.
  static LeastSquaresBatch single(const RowsView& x, const RowsView& y);

  /// The same rows with row weights ≥ 0, one per row of all problems.
  LeastSquaresBatch weighted(const double* row_weights) const;
  /// Throws InvalidArgument for shapes that do not match, no columns, offsets that decrease or run past the end, sizes
  /// that overflow 64 bits, and scalar types that differ.
  void validate() const;
};

/// What is wanted beside coefficients, rank, condition, route and status; what is not asked for costs nothing.
struct LeastSquaresOutputs {
  bool t = false;           ///< t statistics; needs standard errors
  bool p = false;           ///< two-sided p-values of Student's t; needs standard errors
  bool confidence = false;  ///< confidence limits; needs standard errors
  bool covariance = false;  ///< [K, K] of β̂; needs standard errors
  bool goodness = false;    ///< RSS, TSS, R², adjusted R², σ̂², degrees of freedom
  bool residuals = false;
  bool fitted = false;
};

struct LeastSquaresOptions {
  bool intercept = false;  ///< a first coefficient that is never penalised; the fit is then centred
  double ridge = 0;        ///< λ ≥ 0, in the data's own units
  LeastSquaresRoute route = LeastSquaresRoute::automatic;
  RankPolicy rank_policy = RankPolicy::minimum_norm;
  /// A column counts towards the rank if what the earlier ones leave of it is > rank_tolerance · its length before centring;
  /// 0: 32·K·2⁻⁵². R's lm has 1e-7. With a tolerance of their own problems are solved one by one, not in vectors.
  double rank_tolerance = 0;
  bool drop_missing = false;  ///< leave out rows with a NaN or an infinity; else their problem is `not_finite`
  StandardErrors standard_errors = StandardErrors::none;
  LeastSquaresOutputs outputs;
  double confidence_level = 0.95;  ///< in (0, 1)
  /// With `ascent` the coefficients are the ascent's; where it converged, the rest is the closed form's, which is the same up to
  /// rounding; where not, the status is `not_converged`, and what belongs to a minimum is NaN.
  FitMethod method = FitMethod::closed_form;
  /// Run the ascent of −½Σ w r² − ½λ‖β‖² on the Gram matrix as well and set it against the closed form.
  bool compare = false;
  LeastSquaresMetric metric = LeastSquaresMetric::newton;  ///< of the ascent
  AscentOptions ascent;
  /// Called between chunks with problems done and in all; may be empty.
  std::function<void(Index done, Index problems)> progress;
  void validate() const;
};

/// The ascent's coefficients set against the closed form's.
struct LeastSquaresComparison {
  double relative_error = kCanonicalNaN;  ///< ‖β_ascent − β̂‖₂ / ‖β̂‖₂ over all K (absolute where β̂ = 0)
};

/// How many problems ended with each status.
struct StatusCount {
  ProblemStatus status = ProblemStatus::ok;
  Index problems = 0;
};

/// Results of B problems with K coefficients, one array per quantity; arrays that were not asked for are empty.
struct LeastSquaresFit {
  Index problems = 0;
  Index coefficient_count = 0;  ///< K
  std::string device_requested, device_used;
  LeastSquaresOptions options;  ///< those in force
  double seconds = 0;

  std::vector<double> coefficients;                         ///< [B, K], the intercept first
  std::vector<double> standard_errors, t, p, lower, upper;  ///< [B, K]
  std::vector<double> covariance;                           ///< [B, K, K]
  std::vector<double> rss, tss, r_squared, adjusted_r_squared, sigma_squared, residual_dof;  ///< [B]
  std::vector<double> residuals, fitted;                                                     ///< [rows of all problems]
  std::vector<Index> rows, dropped;                                                          ///< [B]
  std::vector<double> condition;                                                             ///< [B]
  std::vector<std::int32_t> rank;                                                            ///< [B]
  std::vector<RouteTaken> route;                                                             ///< [B]
  std::vector<ProblemStatus> status;                                                         ///< [B]
  std::vector<AscentSummary> ascent;               ///< [B] where it was asked for
  std::vector<LeastSquaresComparison> comparison;  ///< [B] where the ascent was asked for

  /// Statuses that occurred, in the order of their numbers.
  std::vector<StatusCount> status_counts() const;
  /// One line for people: problems, coefficients, counts of statuses, device, seconds.
  std::string brief_report() const;
};

/// Fits every problem. A bad problem (too few rows, not finite, deficient under policy `fail`) has its status and NaN
/// outputs, never throws and never changes a bit of its neighbours. No problems at all are an empty result.
/// Throws InvalidArgument for shapes or options that are wrong and DataError for a negative weight.
LeastSquaresFit fit_least_squares(const Context& context, const LeastSquaresBatch& batch,
                                  const LeastSquaresOptions& options = {});

}  // namespace sigmahat
