// Gradient ascent with line search on a batch of independent objectives that advance together.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "sigmahat/kernels/common.hpp"

namespace sigmahat {

/// What the ascent needs to know of B independent objectives f_b. The objective keeps current point, trial point and
/// direction (in device memory if it likes); only scalars cross this interface. `active` lists the problems concerned.
class AscentObjective {
 public:
  struct Evaluation {
    double value = kCanonicalNaN;       ///< f at the trial point
    double score_norm = kCanonicalNaN;  ///< norm of the score there, in the objective's own units
    bool feasible = false;              ///< false: the trial point is outside the domain (Σ not positive definite)
  };
  struct Direction {
    double slope = 0;          ///< derivative of f along the direction at step 0
    double increase_rate = 0;  ///< what the sufficient-increase test demands per unit of step; the slope, or less
  };

  virtual ~AscentObjective() = default;
  virtual Index problems() const = 0;
  /// The longest step that keeps the domain; 1 for the Fisher metric.
  virtual double maximum_step() const = 0;
  /// At the trial point. Before the first move the trial point is the start.
  virtual void evaluate(std::span<const Index> active, std::span<Evaluation> evaluations) = 0;
  /// The trial point, evaluated, becomes the current one.
  virtual void accept(std::span<const Index> active) = 0;
  /// Forms the direction at the current point.
  virtual void direction(std::span<const Index> active, std::span<Direction> directions) = 0;
  /// trial = current + step · direction; relative_changes[k] = size of the move relative to the new point, infinity
  /// where the direction leaves part of the point alone by choice, so that the move tells nothing about the rest.
  virtual void move(std::span<const Index> active, std::span<const double> steps,
                    std::span<double> relative_changes) = 0;
};

struct AscentOptions {
  Index max_iterations = 1000;     ///< stop after this many accepted steps
  double score_tolerance = 1e-13;  ///< converged if score_norm ≤ score_tolerance
  /// An accepted move with relative_change ≤ change_tolerance ends the ascent: converged if its step was the objective's
  /// maximum_step, so that nothing but the direction made it short; stalled otherwise.
  double change_tolerance = 1e-15;
  double initial_step = 1;  ///< first trial step, cut to the objective's maximum_step
  /// A trial is accepted if f_trial − f ≥ c·step·increase_rate − slack, c this number, and, where rounding hides whether
  /// f has grown (f_trial − f ≤ slack), if its score norm is not above the current one. A longest step that moves no more
  /// than change_tolerance is accepted if f_trial − f ≥ −slack.
  double sufficient_increase = 1e-4;
  double rounding_slack = 4;       ///< slack = rounding_slack · 2⁻⁵² · max(1, |f|)
  double step_reduction = 0.5;     ///< factor on the step after a rejected trial, in (0, 1)
  double step_growth = 2;          ///< next first trial = growth · last accepted step (cut to maximum_step), ≥ 1
  Index max_step_reductions = 60;  ///< line search gives up after this many reductions
  bool keep_trace = false;         ///< record one row per iteration
  /// Throws InvalidArgument naming option, value and requirement.
  void validate() const;
};

enum class Termination {
  not_run,             ///< the ascent was not started
  score_tolerance,     ///< score_norm ≤ score_tolerance
  change_tolerance,    ///< the longest step there is changed the point by ≤ change_tolerance
  stalled,             ///< a shorter step did: steps no longer move the point; not converged
  iteration_limit,     ///< max_iterations accepted steps were not enough
  line_search_failed,  ///< no step gave a sufficient increase
  not_feasible,        ///< the start is outside the domain
};
const char* to_string(Termination termination);

struct AscentTraceRow {
  Index iteration = 0;  ///< 0 is the start
  double value = 0;     ///< f
  double score_norm = 0;
  double step = 0;
};

struct AscentSummary {
  Termination termination = Termination::not_run;
  Index iterations = 0;   ///< accepted steps
  Index evaluations = 0;  ///< value and score-norm evaluations, the start included
  double start_value = kCanonicalNaN, start_score_norm = kCanonicalNaN;
  double value = kCanonicalNaN, score_norm = kCanonicalNaN;  ///< at the end
  double step = 0;                                           ///< the last accepted one
  double relative_change = kCanonicalNaN;                    ///< of the last accepted move; NaN if there was none
  double maximum_step = kCanonicalNaN;                       ///< the objective's
  double seconds = 0;                                        ///< wall time of the whole batch
  AscentOptions options;                                     ///< those in force
  std::vector<AscentTraceRow> trace;

  bool converged() const {
    return termination == Termination::score_tolerance || termination == Termination::change_tolerance;
  }
  /// One line for people.
  std::string brief_report() const;
  /// Several lines: how it ended, with the inequality; start and end; costs; the options in force.
  std::string full_report() const;
};

/// Maximises every problem of the objective from its start; one summary per problem. All unfinished problems share each
/// call of the objective, every one with its own step and its own stopping.
std::vector<AscentSummary> gradient_ascent(AscentObjective& objective, const AscentOptions& options = {});

/// The same for the listed problems only; summaries[k] belongs to problems[k].
std::vector<AscentSummary> gradient_ascent(AscentObjective& objective, std::span<const Index> problems,
                                           const AscentOptions& options);

}  // namespace sigmahat
