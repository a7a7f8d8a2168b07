#include "sigmahat/least_squares_objective.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "gram_solve.hpp"

namespace sigmahat {
namespace {

using Vector = std::vector<double>;

/// One problem in scaled units: β = D b, every length over that of y. Place k of a vector is the intercept's shift
/// α' − ȳ, α' = α + x̄ᵀβ.
struct Problem {
  bool regular = false;
  Vector gram;    // [packed(q, 0)] scaled, before the factorisation
  Vector factor;  // [packed(q, 0)] L and the reciprocal pivots
  Vector scale;   // [q]
  double weight = 0, mean_y = 0, trace = 0;
  Vector current, trial, step, gradient;  // [q]
};

}  // namespace

struct LeastSquaresObjective::State {
  State(GramBatch data, LeastSquaresMetric metric_in)
      : batch(std::move(data)), metric(metric_in), k(batch.columns), q(k + 1), items(batch.problems) {
    for (Index b = 0; b < batch.problems; ++b) prepare(b);
  }

  void prepare(Index b) {
    Problem& item = items[static_cast<std::size_t>(b)];
    const double* const full = batch.gram.data() + b * q * q;
    const double* const mean = batch.mean.data() + b * q;
    Vector inverse_factor(static_cast<std::size_t>(steps::packed(k, 0))), rest(static_cast<std::size_t>(q + 2 * k));
    item.factor.resize(static_cast<std::size_t>(steps::packed(q, 0)));
    item.scale.resize(static_cast<std::size_t>(q));
    for (Index i = 0; i < q; ++i) {
      for (Index j = 0; j <= i; ++j) item.factor[steps::packed(i, j)] = full[i * q + j];
    }
    const double weight = batch.weight[b];
    const steps::GramWork<double> work{item.factor.data(), inverse_factor.data(), item.scale.data(),
                                       rest.data(),        rest.data() + q,       rest.data() + q + k};
    const auto summary =
        steps::solve_gram(steps::SerialTeam{}, k, weight, batch.intercept ? mean : nullptr, batch.ridge, work);
    item.regular = summary.regular && full[k * q + k] > 0;
    item.gram.resize(item.factor.size());
    for (Index i = 0; i < q; ++i) {
      for (Index j = 0; j <= i; ++j) {
        const double penalty = i == j && i < k ? (batch.ridge * item.scale[i]) * item.scale[i] : 0;
        item.gram[steps::packed(i, j)] = (full[i * q + j] * item.scale[i]) * item.scale[j] + penalty;
      }
    }
    for (Index i = 0; i < k; ++i) item.trace += item.gram[steps::packed(i, i)];
    const double total = full[k * q + k];
    item.weight = weight / total;
    item.mean_y = mean[k];
    for (Vector* vector : {&item.current, &item.trial, &item.step, &item.gradient})
      vector->assign(item.scale.size(), 0.0);
    for (Vector* vector : {&item.current, &item.trial}) (*vector)[k] = batch.intercept ? -mean[k] : 0;
  }

  double gram_at(const Problem& item, Index i, Index j) const {
    return item.gram[i >= j ? steps::packed(i, j) : steps::packed(j, i)];
  }

  Evaluation evaluate(Problem& item) {
    if (!item.regular) return {};
    const double total = gram_at(item, k, k);
    double value = 0;
    for (Index i = 0; i < k; ++i) {
      double slope = gram_at(item, k, i);
      for (Index j = 0; j < k; ++j) slope = std::fma(-gram_at(item, i, j), item.trial[j], slope);
      item.gradient[i] = slope / total;
      value = std::fma(item.trial[i], slope + gram_at(item, k, i), value);
    }
    // −½(yy − Σ β_i(∇_i + g_i)) over yy, and the intercept's own square.
    item.gradient[k] = batch.intercept ? -item.weight * item.trial[k] : 0;
    value = -0.5 * ((total - value) / total + item.weight * item.trial[k] * item.trial[k]);
    solve(item, total);
    double length = -item.gradient[k] * item.trial[k];
    for (Index i = 0; i < k; ++i) length = std::fma(item.gradient[i], item.step[i], length);
    return {value, std::sqrt(std::max(length, 0.0)), std::isfinite(value)};
  }

  /// step ← H⁻¹ gradient.
  void solve(Problem& item, double total) const {
    for (Index i = 0; i < k; ++i) item.step[i] = item.gradient[i] * total;
    steps::solve_forward(steps::SerialTeam{}, k, item.factor.data(), item.step.data());
    for (Index i = 0; i < k; ++i) item.step[i] *= item.factor[steps::packed(i, i)];
    steps::solve_transposed(steps::SerialTeam{}, k, item.factor.data(), item.step.data());
    item.step[k] = batch.intercept ? -item.trial[k] : 0;
  }

  /// step ← the gradient over the trace, which no eigenvalue of the Hessian exceeds: the unit step always climbs.
  void steepen(Problem& item) const {
    const double factor = gram_at(item, k, k) / item.trace;
    for (Index i = 0; i < k; ++i) item.step[i] = item.gradient[i] * factor;
  }

  GramBatch batch;
  LeastSquaresMetric metric;
  Index k, q;
  std::vector<Problem> items;
};

const char* to_string(LeastSquaresMetric metric) {
  switch (metric) {
    case LeastSquaresMetric::newton: return "newton";
    case LeastSquaresMetric::euclidean: return "euclidean";
  }
  return "unknown";
}

LeastSquaresObjective::LeastSquaresObjective(GramBatch batch, LeastSquaresMetric metric)
    : state_(std::make_unique<State>(std::move(batch), metric)) {}
LeastSquaresObjective::~LeastSquaresObjective() = default;

std::vector<double> LeastSquaresObjective::current(Index problem) const {
  const State& state = *state_;
  const Problem& item = state.items[static_cast<std::size_t>(problem)];
  std::vector<double> result;
  double intercept = item.mean_y + item.current[state.k];
  if (state.batch.intercept) result.push_back(0);
  for (Index j = 0; j < state.k; ++j) {
    const double b = item.current[j] * (item.scale[j] / item.scale[state.k]);
    intercept = std::fma(-state.batch.mean[problem * state.q + j], b, intercept);
    result.push_back(b);
  }
  if (state.batch.intercept) result[0] = intercept;
  return result;
}

Index LeastSquaresObjective::problems() const { return state_->batch.problems; }
double LeastSquaresObjective::maximum_step() const {
  return state_->metric == LeastSquaresMetric::newton ? 1 : std::numeric_limits<double>::infinity();
}

void LeastSquaresObjective::evaluate(std::span<const Index> active, std::span<Evaluation> evaluations) {
  for (std::size_t n = 0; n < active.size(); ++n) {
    evaluations[n] = state_->evaluate(state_->items[static_cast<std::size_t>(active[n])]);
  }
}

void LeastSquaresObjective::accept(std::span<const Index> active) {
  for (const Index b : active)
    state_->items[static_cast<std::size_t>(b)].current = state_->items[static_cast<std::size_t>(b)].trial;
}

void LeastSquaresObjective::direction(std::span<const Index> active, std::span<Direction> directions) {
  for (std::size_t n = 0; n < active.size(); ++n) {
    Problem& item = state_->items[static_cast<std::size_t>(active[n])];
    // The step belongs to the last evaluated trial, which need not be the current point.
    item.trial = item.current;
    state_->evaluate(item);
    if (state_->metric == LeastSquaresMetric::euclidean) state_->steepen(item);
    double slope = 0;
    for (Index i = 0; i <= state_->k; ++i) slope = std::fma(item.gradient[i], item.step[i], slope);
    // To the maximum of a parabola the gain is half the slope; a step of the gradient need not get there.
    directions[n] = {slope, state_->metric == LeastSquaresMetric::newton ? slope / 2 : slope};
  }
}

void LeastSquaresObjective::move(std::span<const Index> active, std::span<const double> steps,
                                 std::span<double> relative_changes) {
  for (std::size_t n = 0; n < active.size(); ++n) {
    Problem& item = state_->items[static_cast<std::size_t>(active[n])];
    double change = 0, size = 0;
    for (Index i = 0; i <= state_->k; ++i) {
      item.trial[i] = std::fma(steps[n], item.step[i], item.current[i]);
      const double moved = item.trial[i] - item.current[i];
      change = std::fma(moved, moved, change);
      size = std::fma(item.trial[i], item.trial[i], size);
    }
    relative_changes[n] = size == 0 ? std::sqrt(change) : std::sqrt(change / size);
  }
}

}  // namespace sigmahat
