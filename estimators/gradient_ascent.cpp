#include "sigmahat/gradient_ascent.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <limits>

#include "checks.hpp"
#include "sigmahat/host/error.hpp"

namespace sigmahat {
namespace {

void require(bool holds, const char* option, double value, const char* requirement) {
  if (holds) return;
  throw InvalidArgument(std::string("AscentOptions::") + option + ": " + detail::format_number(value) +
                        "; it must be " + requirement);
}

/// One problem's ascent: what the loop must remember between calls of the objective.
struct Ascent {
  Index problem = 0;
  double step = 0;  // the next trial's
  Index reductions = 0;
  AscentObjective::Direction direction;
};

class AscentLoop {
 public:
  AscentLoop(AscentObjective& objective, std::span<const Index> problems, const AscentOptions& options)
      : objective_(objective), options_(options), ascents_(problems.size()), summaries_(problems.size()) {
    const double first_step = std::min(options.initial_step, objective.maximum_step());
    for (std::size_t k = 0; k < problems.size(); ++k) {
      summaries_[k].options = options;
      summaries_[k].maximum_step = objective.maximum_step();
      ascents_[k].problem = problems[k];
      ascents_[k].step = first_step;
    }
  }

  std::vector<AscentSummary> run() {
    const auto begin = std::chrono::steady_clock::now();
    std::vector<std::size_t> unfinished = start();
    while (!unfinished.empty()) {
      form_directions(unfinished);
      unfinished = search(std::move(unfinished));
    }
    const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - begin;
    for (AscentSummary& summary : summaries_) summary.seconds = elapsed.count();
    return std::move(summaries_);
  }

 private:
  using Evaluation = AscentObjective::Evaluation;

  std::vector<Index> problems_of(std::span<const std::size_t> list) const {
    std::vector<Index> problems(list.size());
    std::transform(list.begin(), list.end(), problems.begin(), [&](std::size_t k) { return ascents_[k].problem; });
    return problems;
  }

  std::vector<Evaluation> evaluate(std::span<const std::size_t> list) {
    std::vector<Evaluation> evaluations(list.size());
    if (!list.empty()) objective_.evaluate(problems_of(list), evaluations);
    for (const std::size_t k : list) ++summaries_[k].evaluations;
    return evaluations;
  }

  void accept(std::span<const std::size_t> list) {
    if (!list.empty()) objective_.accept(problems_of(list));
  }

  /// The point that `evaluation` belongs to is the current one now.
  void record(std::size_t k, const Evaluation& evaluation, double step) {
    summaries_[k].value = evaluation.value;
    summaries_[k].score_norm = evaluation.score_norm;
    summaries_[k].step = step;
    if (!options_.keep_trace) return;
    summaries_[k].trace.push_back({summaries_[k].iterations, evaluation.value, evaluation.score_norm, step});
  }

  /// Stopping rules at the current point.
  bool finished(std::size_t k) {
    AscentSummary& summary = summaries_[k];
    if (summary.score_norm <= options_.score_tolerance) {
      summary.termination = Termination::score_tolerance;
    } else if (summary.relative_change <= options_.change_tolerance) {  // not with NaN: no move yet
      // A step that was cut, or that has no longest one to be compared with, is short whatever is left to go.
      const bool full = summary.step == summary.maximum_step;
      summary.termination = full ? Termination::change_tolerance : Termination::stalled;
    } else if (summary.iterations >= options_.max_iterations) {
      summary.termination = Termination::iteration_limit;
    }
    return summary.termination != Termination::not_run;
  }

  /// Evaluates the starts; returns those that have a way to go.
  std::vector<std::size_t> start() {
    std::vector<std::size_t> all(ascents_.size()), feasible, unfinished;
    for (std::size_t k = 0; k < all.size(); ++k) all[k] = k;
    const std::vector<Evaluation> evaluations = evaluate(all);
    for (const std::size_t k : all) {
      if (evaluations[k].feasible) {
        feasible.push_back(k);
        record(k, evaluations[k], 0);
        summaries_[k].start_value = evaluations[k].value;
        summaries_[k].start_score_norm = evaluations[k].score_norm;
      } else {
        summaries_[k].termination = Termination::not_feasible;
      }
    }
    accept(feasible);
    for (const std::size_t k : feasible) {
      if (!finished(k)) unfinished.push_back(k);
    }
    return unfinished;
  }

  void form_directions(std::span<const std::size_t> list) {
    std::vector<AscentObjective::Direction> directions(list.size());
    objective_.direction(problems_of(list), directions);
    for (std::size_t i = 0; i < list.size(); ++i) {
      ascents_[list[i]].direction = directions[i];
      ascents_[list[i]].reductions = 0;
    }
  }

  bool sufficient(std::size_t k, const Evaluation& trial, double relative_change) const {
    if (!trial.feasible) return false;
    const Ascent& ascent = ascents_[k];
    const AscentSummary& at = summaries_[k];
    const double slack =
        options_.rounding_slack * std::numeric_limits<double>::epsilon() * std::max(1.0, std::abs(at.value));
    const double demand = options_.sufficient_increase * ascent.step * ascent.direction.increase_rate;
    const double gain = trial.value - at.value;
    // The longest step moves nothing: there is nothing to gain, whatever the slope says that rounding keeps out of reach.
    if (relative_change <= options_.change_tolerance && ascent.step == at.maximum_step) return gain >= -slack;
    if (!(gain >= demand - slack)) return false;
    // Near the top rounding hides the gain, and steps that are too long would pass: there the score norm decides.
    return gain > slack || trial.score_norm <= at.score_norm;
  }

  /// One line search of every listed problem, all in the same calls; returns those that go on.
  std::vector<std::size_t> search(std::vector<std::size_t> searching) {
    std::vector<std::size_t> accepted;
    while (!searching.empty()) {
      std::vector<double> steps, changes(searching.size());
      for (const std::size_t k : searching) steps.push_back(ascents_[k].step);
      objective_.move(problems_of(searching), steps, changes);
      const std::vector<Evaluation> trials = evaluate(searching);
      std::vector<std::size_t> rejected;
      for (std::size_t i = 0; i < searching.size(); ++i) {
        const std::size_t k = searching[i];
        if (sufficient(k, trials[i], changes[i])) {
          ++summaries_[k].iterations;
          record(k, trials[i], ascents_[k].step);
          summaries_[k].relative_change = changes[i];
          accepted.push_back(k);
        } else if (ascents_[k].reductions++ < options_.max_step_reductions) {
          ascents_[k].step *= options_.step_reduction;
          rejected.push_back(k);
        } else {
          summaries_[k].termination = Termination::line_search_failed;
        }
      }
      searching = std::move(rejected);
    }
    accept(accepted);
    std::vector<std::size_t> unfinished;
    for (const std::size_t k : accepted) {
      ascents_[k].step = std::min(ascents_[k].step * options_.step_growth, objective_.maximum_step());
      if (!finished(k)) unfinished.push_back(k);
    }
    std::sort(unfinished.begin(), unfinished.end());
    return unfinished;
  }

  AscentObjective& objective_;
  const AscentOptions& options_;
  std::vector<Ascent> ascents_;
  std::vector<AscentSummary> summaries_;
};

std::string plural(Index count, const char* noun) {
  return std::to_string(count) + " " + noun + (count == 1 ? "" : "s");
}

std::string shown(double value, int digits) {
  char text[32];
  std::snprintf(text, sizeof text, "%.*g", digits, value);
  return text;
}

const char* outcome(Termination termination) {
  switch (termination) {
    case Termination::not_run: return "not run";
    case Termination::score_tolerance: return "converged (score norm within tolerance)";
    case Termination::change_tolerance: return "converged (the longest step moved nothing)";
    case Termination::stalled: return "not converged: steps no longer move the point";
    case Termination::iteration_limit: return "not converged: iterations ran out";
    case Termination::line_search_failed: return "not converged: no step gave a sufficient increase";
    case Termination::not_feasible: return "not started: the start is outside the domain";
  }
  return "unknown";
}

/// The inequality that ended the ascent, with its numbers.
std::string reason(const AscentSummary& at) {
  const AscentOptions& options = at.options;
  const std::string change = "relative change " + shown(at.relative_change, 3) +
                             " <= " + detail::format_number(options.change_tolerance) + " by a step of " +
                             shown(at.step, 3);
  switch (at.termination) {
    case Termination::score_tolerance:
      return "score norm " + shown(at.score_norm, 3) + " <= " + detail::format_number(options.score_tolerance);
    case Termination::change_tolerance: return change + ", the longest";
    case Termination::stalled: return change + ", which is not the longest";
    case Termination::iteration_limit:
      return plural(at.iterations, "iteration") + " >= " + std::to_string(options.max_iterations);
    case Termination::line_search_failed:
      return plural(options.max_step_reductions, "reduction") + " of the step gave no sufficient increase";
    case Termination::not_feasible: return "the objective has no value there";
    case Termination::not_run: break;
  }
  return "";
}

}  // namespace

void AscentOptions::validate() const {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  require(max_iterations >= 0, "max_iterations", static_cast<double>(max_iterations), "at least 0");
  require(score_tolerance >= 0, "score_tolerance", score_tolerance, "at least 0");
  require(change_tolerance >= 0, "change_tolerance", change_tolerance, "at least 0");
  require(initial_step > 0 && initial_step < kInfinity, "initial_step", initial_step, "positive and finite");
  require(sufficient_increase >= 0 && sufficient_increase < 1, "sufficient_increase", sufficient_increase,
          "at least 0 and less than 1");
  require(rounding_slack >= 0 && rounding_slack < kInfinity, "rounding_slack", rounding_slack, "at least 0 and finite");
  require(step_reduction > 0 && step_reduction < 1, "step_reduction", step_reduction, "between 0 and 1, both excluded");
  require(step_growth >= 1 && step_growth < kInfinity, "step_growth", step_growth, "at least 1 and finite");
  require(max_step_reductions >= 0, "max_step_reductions", static_cast<double>(max_step_reductions), "at least 0");
}

const char* to_string(Termination termination) {
  switch (termination) {
    case Termination::not_run: return "not_run";
    case Termination::score_tolerance: return "score_tolerance";
    case Termination::change_tolerance: return "change_tolerance";
    case Termination::stalled: return "stalled";
    case Termination::iteration_limit: return "iteration_limit";
    case Termination::line_search_failed: return "line_search_failed";
    case Termination::not_feasible: return "not_feasible";
  }
  return "unknown";
}

std::string AscentSummary::brief_report() const {
  if (termination == Termination::not_run) return "not run";
  if (termination == Termination::not_feasible) return outcome(termination);
  char numbers[96];
  std::snprintf(numbers, sizeof numbers, "; value %.10g, score norm %.3g, %.3g s", value, score_norm, seconds);
  return std::string(outcome(termination)) + " after " + plural(iterations, "iteration") + " and " +
         plural(evaluations, "evaluation") + numbers;
}

std::string AscentSummary::full_report() const {
  if (termination == Termination::not_run) return "not run\n";
  std::string text = std::string(outcome(termination)) + "\n";
  const auto line = [&](const std::string& name, const std::string& content) {
    text += "  " + name + std::string(name.size() < 15 ? 15 - name.size() : 1, ' ') + content + "\n";
  };
  line("termination", std::string(to_string(termination)) + ": " + reason(*this));
  if (termination != Termination::not_feasible) {
    line("value", shown(start_value, 10) + " at the start, " + shown(value, 10) + " at the end");
    line("score norm", shown(start_score_norm, 3) + " at the start, " + shown(score_norm, 3) + " at the end");
  }
  if (iterations > 0) line("last step", shown(step, 3) + ", relative change " + shown(relative_change, 3));
  line("cost", plural(iterations, "iteration") + ", " + plural(evaluations, "evaluation") + ", " + shown(seconds, 3) +
                   " s for the whole batch");
  const auto option = [](const char* name, double number) {
    return std::string(name) + " = " + detail::format_number(number);
  };
  line("stopping", option("score_tolerance", options.score_tolerance) + ", " +
                       option("change_tolerance", options.change_tolerance) + ", " +
                       option("max_iterations", static_cast<double>(options.max_iterations)));
  line("line search", option("initial_step", options.initial_step) + ", " + option("maximum_step", maximum_step) +
                          ", " + option("sufficient_increase", options.sufficient_increase) + ", " +
                          option("rounding_slack", options.rounding_slack) + ", " +
                          option("step_reduction", options.step_reduction) + ", " +
                          option("step_growth", options.step_growth) + ", " +
                          option("max_step_reductions", static_cast<double>(options.max_step_reductions)));
  return text;
}

std::vector<AscentSummary> gradient_ascent(AscentObjective& objective, const AscentOptions& options) {
  std::vector<Index> all(static_cast<std::size_t>(objective.problems()));
  for (std::size_t k = 0; k < all.size(); ++k) all[k] = static_cast<Index>(k);
  return gradient_ascent(objective, all, options);
}

std::vector<AscentSummary> gradient_ascent(AscentObjective& objective, std::span<const Index> problems,
                                           const AscentOptions& options) {
  options.validate();
  std::vector<bool> listed(static_cast<std::size_t>(objective.problems()), false);
  for (const Index problem : problems) {
    if (problem < 0 || problem >= objective.problems() || listed[static_cast<std::size_t>(problem)]) {
      throw InvalidArgument("problems: " + std::to_string(problem) +
                            "; each must be listed once and lie between 0 and " +
                            std::to_string(objective.problems() - 1));
    }
    listed[static_cast<std::size_t>(problem)] = true;
  }
  return AscentLoop(objective, problems, options).run();
}

}  // namespace sigmahat
