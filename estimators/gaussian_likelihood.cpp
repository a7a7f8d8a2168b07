#include "sigmahat/gaussian_likelihood.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>

#include "checks.hpp"
#include "gaussian_buffers.hpp"

namespace sigmahat {
namespace detail {

std::vector<double> normalised_scatter(const MomentsBatch& moments) {
  const Index p = moments.columns();
  std::vector<double> result(moments.scatter.size());
  for (Index b = 0; b < moments.problems(); ++b) {
    const double n = moments.weight[b];
    for (Index i = b * p * p; i < (b + 1) * p * p; ++i) result[i] = n > 0 ? moments.scatter[i] / n : kCanonicalNaN;
  }
  return result;
}

std::vector<double> standard_deviations(const MomentsBatch& moments) {
  const Index p = moments.columns();
  std::vector<double> result(moments.mean.size());
  for (Index b = 0; b < moments.problems(); ++b) {
    for (Index i = 0; i < p; ++i) {
      result[b * p + i] = std::sqrt(moments.scatter[b * p * p + i * p + i] / moments.weight[b]);
    }
  }
  return result;
}

DataBuffers::DataBuffers(Operations& operations, const MomentsBatch& moments)
    : mean(operations, moments.mean.size()),
      residual(operations, moments.mean_residual.size()),
      covariance(operations, moments.scatter.size()) {
  mean.upload(moments.mean);
  residual.upload(moments.mean_residual);
  covariance.upload(normalised_scatter(moments));
}

PointBuffers::PointBuffers(Operations& operations, Index problems, Index columns)
    : mean(operations, static_cast<std::size_t>(problems * columns)),
      covariance(operations, static_cast<std::size_t>(problems * columns * columns)),
      factor(operations, covariance.size()),
      offset(operations, mean.size()),
      whitened(operations, covariance.size()) {}

}  // namespace detail

namespace {

constexpr Index kOnlyProblem[] = {0};

/// Farther from x̄ than this, in standard deviations of some column, a step of Fisher scoring or Newton moves the mean
/// alone: S + ddᵀ would lose the digits of S (docs/math/gaussian.md, Accuracy), and Newton's step would be too long by
/// the square of that distance.
constexpr double kFar = 100;
/// ... if its gain stands out from the rounding of the value: ‖z‖² > kVisible · max(1, |f|).
constexpr double kVisible = 1e-12;

/// One data set at one point, evaluated.
struct EvaluatedPoint {
  EvaluatedPoint(const Context& context, const Moments& moments, std::span<const double> mean, const Matrix& covariance)
      : operations(context.operations()),
        p(moments.columns()),
        data(operations, checked(moments, mean, covariance)),
        point(operations, 1, p) {
    point.mean.upload(mean);
    point.covariance.upload({covariance.data(), static_cast<std::size_t>(p * p)});
    operations.gaussian_evaluate(p, kOnlyProblem, data.view(), point.view(), {&evaluation, 1});
    if (evaluation.status == ProblemStatus::not_positive_definite) {
      throw NumericalError("covariance: it is not positive definite, so the log-likelihood has no value there");
    }
  }

  static MomentsBatch checked(const Moments& moments, std::span<const double> mean, const Matrix& covariance) {
    detail::require_size("mean", mean.size(), moments.columns());
    detail::require_finite("mean", mean);
    detail::require_symmetric("covariance", covariance, moments.columns());
    if (moments.weight == 0) throw InvalidArgument("moments: there are no rows; the log-likelihood needs some");
    if (!(moments.weight > 0 && moments.finite())) {
      throw NumericalError("moments: weight, mean or scatter is not finite, as where sums overflow float64");
    }
    return MomentsBatch(moments);
  }

  Operations& operations;
  Index p;
  detail::DataBuffers data;
  detail::PointBuffers point;
  GaussianEvaluation evaluation;
};

}  // namespace

double gaussian_log_likelihood(const Context& context, const Moments& moments, std::span<const double> mean,
                               const Matrix& covariance) {
  const EvaluatedPoint at(context, moments, mean, covariance);
  return detail::canonical(moments.weight * detail::value_per_observation(at.p, at.evaluation));
}

GaussianScore gaussian_score(const Context& context, const Moments& moments, std::span<const double> mean,
                             const Matrix& covariance, CovarianceScore convention) {
  const EvaluatedPoint at(context, moments, mean, covariance);
  const Index p = at.p;
  Buffer mean_score(at.operations, static_cast<std::size_t>(p));
  Buffer covariance_score(at.operations, static_cast<std::size_t>(p * p));
  double slope = 0;
  at.operations.gaussian_score(p, convention, kOnlyProblem, at.point.view(), {mean_score.get(), covariance_score.get()},
                               {&slope, 1});
  GaussianScore result;
  result.value = detail::canonical(moments.weight * detail::value_per_observation(p, at.evaluation));
  result.score_norm = detail::canonical(detail::score_norm(at.evaluation));
  result.mean.resize(static_cast<std::size_t>(p));
  mean_score.download(result.mean);
  result.covariance = Matrix(p, p);
  covariance_score.download({result.covariance.data(), static_cast<std::size_t>(p * p)});
  for (double& value : result.mean) value *= moments.weight;
  for (Index i = 0; i < p * p; ++i) result.covariance.data()[i] *= moments.weight;
  detail::make_nan_canonical(result.mean);
  detail::make_nan_canonical({result.covariance.data(), static_cast<std::size_t>(p * p)});
  return result;
}

const char* to_string(Metric metric) {
  switch (metric) {
    case Metric::fisher: return "fisher";
    case Metric::frobenius: return "frobenius";
    case Metric::vech: return "vech";
    case Metric::newton: return "newton";
  }
  return "unknown";
}

// `current` and `trial` change roles when a point is accepted; where only some problems accept, theirs are copied.
struct GaussianLikelihood::State {
  State(Operations& operations_in, const MomentsBatch& moments, Metric metric_in)
      : operations(operations_in),
        problems(moments.problems()),
        p(moments.columns()),
        metric(metric_in),
        data(operations, moments),
        current(operations, problems, p),
        trial(operations, problems, p),
        direction_mean(operations, current.mean.size()),
        direction_covariance(operations, current.covariance.size()),
        data_mean(moments.mean),
        data_residual(moments.mean_residual),
        data_deviation(detail::standard_deviations(moments)),
        run(static_cast<std::size_t>(problems)) {}

  /// max_i |x̄_i − μ_i|/√s_ii; columns without variance are left out, as their problems have no maximum anyway.
  double deviations_from_mean(Index problem, std::span<const double> means) const {
    double result = 0;
    for (Index i = problem * p; i < (problem + 1) * p; ++i) {
      const double deviations = std::abs((data_mean[i] - means[i]) + data_residual[i]) / data_deviation[i];
      if (data_deviation[i] > 0 && deviations > result) result = deviations;
    }
    return result;
  }

  /// Scalars of one problem at its points.
  struct Run {
    struct Scalars {
      double value = kCanonicalNaN, score_norm = kCanonicalNaN, distance_squared = kCanonicalNaN;
    } trial, current;
    double deviations = 0;   // between x̄ and the current mean
    bool mean_only = false;  // what the direction moves
    bool scoring = false;    // whether it is that of Fisher scoring
    double step = 0;         // of the last move
    Index scoring_iterations = 0;
  };

  /// Whether the direction array holds the point that the unit step leads to, not the way there.
  bool leads_to_target() const { return metric == Metric::fisher || metric == Metric::newton; }

  /// Whether the start is so far away that the mean goes first.
  bool far(const Run& at) const {
    const double visible = kVisible * std::max(1.0, std::abs(at.current.value));
    return at.deviations > kFar && at.current.distance_squared > visible;
  }

  /// The target of the Fisher metric for the listed problems, and what belongs to active[k] into directions[places[k]].
  void score_by_fisher(std::span<const Index> active, std::span<const std::size_t> places,
                       std::span<Direction> directions) {
    if (active.empty()) return;
    std::vector<std::uint8_t> mean_only(active.size());
    for (std::size_t k = 0; k < active.size(); ++k) {
      Run& at = run[active[k]];
      at.scoring = true;
      at.mean_only = far(at);
      mean_only[k] = at.mean_only ? 1 : 0;
      if (at.mean_only) {
        // f is quadratic along this way, with the top at step 1: the gain there is exactly half the slope.
        directions[places[k]] = {at.current.distance_squared, at.current.distance_squared / 2};
        continue;
      }
      // The derivative along the step towards the target is the squared score norm. The gain of the unit step grows
      // with the first power of that norm only, so no more than that is demanded (docs/math/gaussian.md).
      const double norm = at.current.score_norm;
      directions[places[k]] = {norm * norm, std::min(norm * norm, norm)};
    }
    operations.gaussian_target(p, active, mean_only, data.view(), current.view(), direction());
  }

  /// Newton's target where the start is near and the negative Hessian positive definite, Fisher's elsewhere.
  void newton(std::span<const Index> active, std::span<Direction> directions) {
    std::vector<Index> near, scored;
    std::vector<std::size_t> near_places, scored_places;
    for (std::size_t k = 0; k < active.size(); ++k) {
      const bool away = far(run[active[k]]);
      (away ? scored : near).push_back(active[k]);
      (away ? scored_places : near_places).push_back(k);
    }
    std::vector<GaussianNewton> outcomes(near.size());
    if (!near.empty()) operations.gaussian_newton(p, near, data.view(), current.view(), direction(), outcomes);
    for (std::size_t k = 0; k < near.size(); ++k) {
      Run& at = run[near[k]];
      if (outcomes[k].status == ProblemStatus::ok) {
        at.scoring = at.mean_only = false;
        directions[near_places[k]] = {outcomes[k].slope, outcomes[k].slope};
      } else {
        scored.push_back(near[k]);
        scored_places.push_back(near_places[k]);
      }
    }
    score_by_fisher(scored, scored_places, directions);
  }

  GaussianDirection direction() const { return {direction_mean.get(), direction_covariance.get()}; }

  Operations& operations;
  Index problems, p;
  Metric metric;
  detail::DataBuffers data;
  detail::PointBuffers current, trial;
  Buffer direction_mean, direction_covariance;
  std::vector<double> data_mean, data_residual, data_deviation;
  std::vector<Run> run;
};

GaussianLikelihood::GaussianLikelihood(const Context& context, const MomentsBatch& moments, Metric metric)
    : state_(std::make_unique<State>(context.operations(), moments, metric)) {
  const Index p = state_->p;
  const std::vector<double> means(state_->current.mean.size(), 0.0);
  std::vector<double> covariances(state_->current.covariance.size(), 0.0);
  for (Index b = 0; b < state_->problems; ++b) {
    for (Index i = 0; i < p; ++i) covariances[b * p * p + i * p + i] = 1;
  }
  set_start(means, covariances);
}

GaussianLikelihood::~GaussianLikelihood() = default;

void GaussianLikelihood::set_start(std::span<const double> means, std::span<const double> covariances) {
  State& state = *state_;
  for (Index b = 0; b < state.problems; ++b) {
    state.run[b] = {};
    state.run[b].deviations = state.leads_to_target() ? state.deviations_from_mean(b, means) : 0;
  }
  // In both points: a problem that never accepts a trial still reports its start.
  for (detail::PointBuffers* point : {&state.current, &state.trial}) {
    point->mean.upload(means);
    point->covariance.upload(covariances);
  }
}

void GaussianLikelihood::current(std::span<double> means, std::span<double> covariances) const {
  state_->current.mean.download(means);
  state_->current.covariance.download(covariances);
}

Index GaussianLikelihood::problems() const { return state_->problems; }

double GaussianLikelihood::maximum_step() const {
  return state_->leads_to_target() ? 1.0 : std::numeric_limits<double>::infinity();
}

Index GaussianLikelihood::scoring_iterations(Index problem) const { return state_->run[problem].scoring_iterations; }

void GaussianLikelihood::evaluate(std::span<const Index> active, std::span<Evaluation> evaluations) {
  State& state = *state_;
  std::vector<GaussianEvaluation> at(active.size());
  state.operations.gaussian_evaluate(state.p, active, state.data.view(), state.trial.view(), at);
  for (std::size_t k = 0; k < active.size(); ++k) {
    Evaluation& result = evaluations[k];
    result.value = detail::value_per_observation(state.p, at[k]);
    result.score_norm = detail::score_norm(at[k]);
    // Where sums overflow there is no value to compare, so the point is outside the domain of the computation.
    result.feasible = at[k].status == ProblemStatus::ok && std::isfinite(result.value);
    state.run[active[k]].trial = {result.value, result.score_norm, at[k].distance_squared};
  }
}

void GaussianLikelihood::accept(std::span<const Index> active) {
  State& state = *state_;
  for (const Index problem : active) {
    State::Run& run = state.run[problem];
    run.current = run.trial;
    run.scoring_iterations += run.scoring ? 1 : 0;
    // A step of Fisher scoring shortens the way to x̄ in proportion; one of Newton may do anything, but is taken only near.
    run.deviations *= 1 - run.step;
  }
  if (static_cast<Index>(active.size()) == state.problems) {
    std::swap(state.current, state.trial);
  } else {
    state.operations.gaussian_copy(state.p, active, state.trial.view(), state.current.view());
  }
}

void GaussianLikelihood::direction(std::span<const Index> active, std::span<Direction> directions) {
  State& state = *state_;
  if (state.metric == Metric::newton) return state.newton(active, directions);
  if (state.metric == Metric::fisher) {
    std::vector<std::size_t> places(active.size());
    std::iota(places.begin(), places.end(), std::size_t{0});
    return state.score_by_fisher(active, places, directions);
  }
  const CovarianceScore convention =
      state.metric == Metric::vech ? CovarianceScore::symmetric : CovarianceScore::unrestricted;
  std::vector<double> slopes(active.size());
  state.operations.gaussian_score(state.p, convention, active, state.current.view(), state.direction(), slopes);
  for (std::size_t k = 0; k < active.size(); ++k) directions[k] = {slopes[k], slopes[k]};
}

void GaussianLikelihood::move(std::span<const Index> active, std::span<const double> steps,
                              std::span<double> relative_changes) {
  State& state = *state_;
  std::vector<double> keep(active.size(), 1.0);
  if (state.leads_to_target()) {
    // The direction array holds the target itself: (1 − step)·current + step·target, which at step 1 is the target.
    std::transform(steps.begin(), steps.end(), keep.begin(), [](double step) { return 1 - step; });
  }
  std::vector<GaussianMove> moves(active.size());
  state.operations.gaussian_move(state.p, active, keep, steps, state.current.view(), state.direction(),
                                 state.trial.view(), moves);
  for (std::size_t k = 0; k < active.size(); ++k) {
    State::Run& run = state.run[active[k]];
    run.step = steps[k];
    if (run.mean_only) {
      relative_changes[k] = std::numeric_limits<double>::infinity();
      continue;
    }
    const GaussianMove& m = moves[k];
    // ‖Σ‖_F has the units of μ², so it serves as a scale where the mean is near zero.
    const double covariance_norm = std::sqrt(m.covariance_norm_squared);
    const double of_mean = std::sqrt(m.mean_change_squared / (m.mean_norm_squared + covariance_norm));
    const double of_covariance = std::sqrt(m.covariance_change_squared) / covariance_norm;
    relative_changes[k] = std::isnan(of_mean) ? of_mean : std::max(of_covariance, of_mean);
  }
}

}  // namespace sigmahat
