#include "routes.hpp"

#include <algorithm>
#include <cmath>

#include "double_double.hpp"
#include "large.hpp"

namespace sigmahat::backends {
namespace {

/// Beyond this condition a step of refinement no longer brings digits: its error is about κ²·2⁻⁵³ of the step.
constexpr double kRefinableCondition = 0x1p21;
constexpr int kMostRefinements = 4;
/// Below it sums of squares lose digits to underflow, and RSS with them.
constexpr double kLeastSumOfSquares = 0x1p-960;

bool all_finite(const double* values, Index count) {
  return std::all_of(values, values + count, [](double value) { return std::isfinite(value); });
}

}  // namespace

Routes::Routes(Index columns, const LeastSquaresSpec& spec, const RowSteps& steps)
    : k_(columns),
      q_(columns + 1),
      spec_(spec),
      steps_(steps),
      qr_(columns, spec, steps),
      gram_(static_cast<std::size_t>(steps::packed(q_, 0))),
      inverse_factor_(static_cast<std::size_t>(steps::packed(k_, 0))),
      vectors_(static_cast<std::size_t>(2 * q_ + 2 * k_)),
      residuals_(static_cast<std::size_t>(kCanonicalBlock)),
      residuals_low_(static_cast<std::size_t>(kCanonicalBlock)),
      gradient_(static_cast<std::size_t>(q_)),
      gradient_low_(static_cast<std::size_t>(q_)),
      whitened_(static_cast<std::size_t>(k_)),
      step_(static_cast<std::size_t>(k_)) {}

ProblemStatus Routes::solve(const ProblemGram& gram, ProblemRows& rows, Solution& solution) {
  solution.route = RouteTaken::none;
  solution.rank = 0;
  solution.condition = kCanonicalNaN;
  solution.keeps_rss = solution.constant_response = false;
  solution.intercept[0] = solution.intercept[1] = solution.mean_leverage = 0;
  // Sums that are not finite while all rows are have overflowed; the means must not, the scatter may: QR scales the rows.
  const bool means_are_finite =
      std::isfinite(gram.weight) && (!spec_.intercept || gram.rows == 0 || all_finite(gram.mean, q_));
  if (!means_are_finite || (!all_finite(gram.gram, steps::packed(q_, 0)) && !rows.all_finite())) {
    return ProblemStatus::not_finite;
  }
  const Index coefficients = k_ + (spec_.intercept ? 1 : 0);
  if (gram.rows == 0 || (spec_.ridge == 0 && gram.rows < coefficients)) return ProblemStatus::too_few_rows;
  if (!judge_response(gram, rows)) return ProblemStatus::not_finite;
  solution.constant_response = constant_response_;
  if (spec_.route != LeastSquaresRoute::qr) {
    if (by_cholesky(gram, rows, solution)) return ProblemStatus::ok;
    if (spec_.route == LeastSquaresRoute::cholesky) return ProblemStatus::rank_deficient;
  }
  qr_.solve(gram, rows, solution);
  if (constant_response_) {
    std::fill(solution.b.begin(), solution.b.end(), 0.0);
    solution.intercept[0] = spec_.intercept ? gram.mean[k_] + gram.residual[k_] : 0;
  }
  if (!all_finite(solution.b.data(), k_)) return ProblemStatus::not_finite;
  if (solution.rank < k_) return ProblemStatus::rank_deficient;
  if (solution.condition < kRefinableCondition && !constant_response_) refine(gram, rows, solution);
  return spec_.route == LeastSquaresRoute::qr ? ProblemStatus::ok : ProblemStatus::refined_by_qr;
}

/// Whether the sum of squares of y is within range: else there might be coefficients, but no RSS and no error. Sets
/// constant_response_ where y does not vary but by rounding: nothing is there to be explained.
bool Routes::judge_response(const ProblemGram& gram, ProblemRows& rows) {
  const double y = gram.gram[steps::packed(k_, k_)], mean = spec_.intercept ? gram.mean[k_] : 0;
  constant_response_ = false;
  if (!std::isfinite(y)) return false;
  if (y >= kLeastSumOfSquares && y > kConstantShare * ((gram.weight * mean) * mean)) return true;
  double largest = 0;
  for (Index number = 0; number < rows.blocks(); ++number) {
    const StagedBlock block = rows.block(number);
    for (Index i = 0; i < block.count; ++i) {
      const double deviation =
          spec_.intercept ? (block.z[i * q_ + k_] - mean) - gram.residual[k_] : block.z[i * q_ + k_];
      if (block.weight(i) != 0) largest = std::max(largest, std::fabs(deviation));
    }
  }
  constant_response_ = largest <= 0x1p-50 * std::fabs(mean);
  return constant_response_ || y >= kLeastSumOfSquares;
}

/// Whether every pivot is above the tolerance that was given; without one κ decides.
bool Routes::keeps_columns(const ProblemGram& gram, const steps::GramWork<double>& work) const {
  if (!(spec_.rank_tolerance > 0)) return true;
  for (Index j = 0; j < k_; ++j) {
    const double mean = spec_.intercept ? gram.mean[j] * work.scale[j] : 0;
    const double diagonal = (gram.gram[steps::packed(j, j)] + spec_.ridge) * work.scale[j] * work.scale[j];
    const double length = std::fma(gram.weight * mean, mean, diagonal), left = 1 / work.gram[steps::packed(j, j)];
    if (!(left > spec_.rank_tolerance * spec_.rank_tolerance * length)) return false;
  }
  return true;
}

bool Routes::by_cholesky(const ProblemGram& gram, ProblemRows& rows, Solution& solution) {
  std::copy_n(gram.gram, gram_.size(), gram_.begin());
  if (constant_response_) {  // any length will do for a y that is orthogonal to everything
    const double mean = spec_.intercept ? gram.mean[k_] : 0;
    std::fill_n(gram_.begin() + steps::packed(k_, 0), k_, 0.0);
    gram_.back() = std::max(1.0, (gram.weight * mean) * mean);
  }
  double* const v = vectors_.data();
  const steps::GramWork<double> work{gram_.data(), inverse_factor_.data(), v, v + q_, v + 2 * q_, v + 2 * q_ + k_};
  const double* const mean = spec_.intercept ? gram.mean : nullptr;
  const auto summary = gram.factor == nullptr ? steps_.solve_gram(k_, gram.weight, mean, spec_.ridge, work)
                                              : solve_factored(k_, gram.weight, mean, spec_.ridge, *gram.factor, work);
  const bool automatic = spec_.route == LeastSquaresRoute::automatic;
  solution.condition = summary.condition;
  if (!summary.regular || !(summary.condition <= (automatic ? kQrCondition : kCholeskyCondition))) return false;
  if (automatic && !keeps_columns(gram, work)) return false;
  take_cholesky(gram, summary, work, solution);
  if (automatic && summary.condition > kRefineCondition && !constant_response_) {
    refine(gram, rows, solution);
    solution.route = RouteTaken::refined_cholesky;
    solution.keeps_rss = false;
  }
  return true;
}

void Routes::take_cholesky(const ProblemGram& gram, const steps::GramSummary<double>& summary,
                           const steps::GramWork<double>& work, Solution& solution) {
  solution.route = RouteTaken::cholesky;
  solution.accepted_condition = summary.condition;
  solution.rank = k_;
  solution.aliased.assign(static_cast<std::size_t>(k_), false);
  solution.b.resize(static_cast<std::size_t>(k_));
  solution.inverse.resize(static_cast<std::size_t>(k_));
  solution.scale.resize(static_cast<std::size_t>(k_));
  solution.root.assign(static_cast<std::size_t>(k_ * k_), 0.0);
  for (Index j = 0; j < k_; ++j) {
    solution.b[j] = steps::data_coefficient(work, summary, j);
    solution.inverse[j] = work.inverse[j];
    solution.scale[j] = work.scale[j];
    for (Index c = j; c < k_; ++c) {  // B = D Vᵀ diag(√r)
      const double root = std::sqrt(work.gram[steps::packed(c, c)]);
      solution.root[j * k_ + c] = (work.inverse_factor[steps::packed(c, j)] * root) * work.scale[j];
    }
  }
  solution.keeps_rss = summary.keeps_rss && spec_.ridge == 0 && !constant_response_;
  solution.minimum = steps::data_sum_of_squares(summary, summary.minimum);
  if (!spec_.intercept) return;
  solution.intercept[0] = steps::intercept_from_means(k_, gram.mean, gram.residual, solution.b.data());
  solution.mean_leverage = steps::mean_leverage(steps::SerialTeam{}, k_, gram.mean, work);
}

/// Step 6: β += BBᵀ(gradient), as long as the squared length of a step is less than 1/16 of the one before.
void Routes::refine(const ProblemGram& gram, ProblemRows& rows, Solution& solution) {
  double before = 0;
  for (int step = 0; step < kMostRefinements; ++step) {
    form_gradient(gram, rows, solution);
    const double length = refinement_step(gram, solution);
    if (!std::isfinite(length) || length == 0 || (step > 0 && !(length < before / 16))) return;
    before = length;
    double mean_move = 0;
    for (Index j = 0; j < k_; ++j) {
      solution.b[j] += step_[j];
      if (spec_.intercept) mean_move = std::fma(gram.mean[j], step_[j], mean_move);
    }
    if (spec_.intercept) {
      const double move = gradient_[k_] / gram.weight - mean_move;
      steps::add_compensated(move, solution.intercept[0], solution.intercept[1]);
    }
  }
}

/// step_ ← BBᵀ·gradient_; returns the squared length of X_c·step.
double Routes::refinement_step(const ProblemGram& gram, const Solution& solution) {
  const Index rank = solution.rank;
  double length = spec_.intercept ? gradient_[k_] * (gradient_[k_] / gram.weight) : 0;
  for (Index c = 0; c < rank; ++c) {
    double sum = 0;
    for (Index j = 0; j < k_; ++j) sum = std::fma(solution.root[j * rank + c], gradient_[j], sum);
    whitened_[c] = sum;
    length = std::fma(sum, sum, length);
  }
  for (Index j = 0; j < k_; ++j) {
    step_[j] = 0;
    for (Index c = 0; c < rank; ++c) step_[j] = std::fma(solution.root[j * rank + c], whitened_[c], step_[j]);
  }
  return length;
}

/// gradient_ ← that of −½ the objective: Σ w (x_j − x̄_j) r − λβ_j, in twice the precision; place k has Σ w r.
void Routes::form_gradient(const ProblemGram& gram, ProblemRows& rows, const Solution& solution) {
  std::fill(gradient_.begin(), gradient_.end(), 0.0);
  std::fill(gradient_low_.begin(), gradient_low_.end(), 0.0);
  const Residuals residuals{residuals_.data(), residuals_low_.data()};
  for (Index number = 0; number < rows.blocks(); ++number) {
    const StagedBlock block = rows.block(number);
    steps_.residuals(k_, block, solution.intercept, solution.b.data(), residuals);
    steps_.gradient(k_, block, residuals, gradient_.data(), gradient_low_.data());
  }
  gradient_[k_] += gradient_low_[k_];
  for (Index j = 0; j < k_; ++j) {
    if (spec_.ridge > 0) steps::add_product(-spec_.ridge, solution.b[j], gradient_[j], gradient_low_[j]);
    if (spec_.intercept) steps::add_product(-gram.mean[j], gradient_[k_], gradient_[j], gradient_low_[j]);
    gradient_[j] += gradient_low_[j];
  }
}

}  // namespace sigmahat::backends
