// The ascent itself, on objectives whose maxima are known: stopping rules, line search, batches, options.
#include "sigmahat/gradient_ascent.hpp"

#include <gmock/gmock.h>

#include <limits>

#include "sigmahat/host/error.hpp"
#include "support/compare.hpp"

namespace sigmahat {
namespace {

using test::at_most;
using ::testing::HasSubstr;

constexpr double kInfinity = std::numeric_limits<double>::infinity();

/// f_b(x) = −½ Σ_i c_i (x_i − t_i)² for problem b, along the gradient; the domain is x_0 < wall.
struct Quadratic {
  std::vector<double> curvature, top, start;
  double wall = kInfinity;
  double lie = 1;  ///< factor on the increase that the line search demands
};

class QuadraticObjective final : public AscentObjective {
 public:
  explicit QuadraticObjective(std::vector<Quadratic> problems, double maximum_step = kInfinity)
      : problems_(std::move(problems)), maximum_step_(maximum_step) {
    for (const Quadratic& q : problems_) {
      trial_.push_back(q.start);
      current_.push_back(q.start);
      gradient_.push_back(q.start);
    }
  }

  Index problems() const override { return static_cast<Index>(problems_.size()); }
  double maximum_step() const override { return maximum_step_; }
  void evaluate(std::span<const Index> active, std::span<Evaluation> evaluations) override {
    calls.push_back({active.begin(), active.end()});
    for (std::size_t k = 0; k < active.size(); ++k) {
      const Quadratic& q = problems_[active[k]];
      const std::vector<double>& x = trial_[active[k]];
      double value = 0;
      for (std::size_t i = 0; i < x.size(); ++i) value -= 0.5 * q.curvature[i] * (x[i] - q.top[i]) * (x[i] - q.top[i]);
      evaluations[k] = {value, test::norm(gradient(q, x)), x[0] < q.wall};
    }
  }
  void accept(std::span<const Index> active) override {
    for (const Index b : active) current_[b] = trial_[b];
  }
  void direction(std::span<const Index> active, std::span<Direction> directions) override {
    for (std::size_t k = 0; k < active.size(); ++k) {
      gradient_[active[k]] = gradient(problems_[active[k]], current_[active[k]]);
      const double norm = test::norm(gradient_[active[k]]);
      directions[k] = {norm * norm, problems_[active[k]].lie * norm * norm};
    }
  }
  void move(std::span<const Index> active, std::span<const double> steps, std::span<double> relative_changes) override {
    for (std::size_t k = 0; k < active.size(); ++k) {
      const Index b = active[k];
      longest_step = std::max(longest_step, steps[k]);
      std::vector<double> change = gradient_[b];
      for (std::size_t i = 0; i < change.size(); ++i) {
        change[i] *= steps[k];
        trial_[b][i] = current_[b][i] + change[i];
      }
      relative_changes[k] = test::norm(change) / test::norm(trial_[b]);
    }
  }

  const std::vector<double>& current(Index b) const { return current_[b]; }
  std::vector<std::vector<Index>> calls;  // the active lists of evaluate()
  double longest_step = 0;

 private:
  static std::vector<double> gradient(const Quadratic& q, const std::vector<double>& x) {
    std::vector<double> result(x.size());
    for (std::size_t i = 0; i < x.size(); ++i) result[i] = -q.curvature[i] * (x[i] - q.top[i]);
    return result;
  }

  std::vector<Quadratic> problems_;
  double maximum_step_;
  std::vector<std::vector<double>> trial_, current_, gradient_;
};

const Quadratic kRound{{1, 1}, {3, -2}, {0, 0}};
const Quadratic kLong{{1, 25}, {3, -2}, {0, 0}};

TEST(GradientAscentTest, RoundQuadraticNeedsOneStep) {
  QuadraticObjective objective({kRound});
  const AscentSummary summary = gradient_ascent(objective).front();
  EXPECT_EQ(summary.termination, Termination::score_tolerance);
  EXPECT_TRUE(summary.converged());
  EXPECT_EQ(summary.iterations, 1);
  EXPECT_EQ(summary.evaluations, 2);
  EXPECT_EQ(summary.value, 0);
  EXPECT_EQ(summary.score_norm, 0);
  EXPECT_GE(summary.seconds, 0);
  EXPECT_EQ(objective.current(0), kRound.top);
}

TEST(GradientAscentTest, LongQuadraticConverges) {
  QuadraticObjective objective({kLong});
  AscentOptions options;  // the score norm falls to 1e-13 although the value says nothing below 1e-8
  options.keep_trace = true;
  const AscentSummary summary = gradient_ascent(objective, options).front();
  EXPECT_EQ(summary.termination, Termination::score_tolerance);
  EXPECT_TRUE(at_most(summary.score_norm, 1e-13));
  EXPECT_TRUE(at_most(test::relative_error(objective.current(0), kLong.top), 1e-13));
  ASSERT_EQ(static_cast<Index>(summary.trace.size()), summary.iterations + 1);
  EXPECT_EQ(summary.trace[0].iteration, 0);
  EXPECT_EQ(summary.trace[0].step, 0);
  EXPECT_EQ(summary.trace[0].value, -0.5 * (9 + 25 * 4));
  for (std::size_t i = 1; i < summary.trace.size(); ++i) {
    EXPECT_EQ(summary.trace[i].iteration, static_cast<Index>(i));
    EXPECT_GT(summary.trace[i].step, 0);
    const double slack = options.rounding_slack * 0x1p-52 * std::max(1.0, std::abs(summary.trace[i - 1].value));
    EXPECT_GE(summary.trace[i].value, summary.trace[i - 1].value - slack);
  }
  EXPECT_EQ(summary.trace.back().value, summary.value);
  EXPECT_EQ(summary.trace.back().score_norm, summary.score_norm);
}

TEST(GradientAscentTest, EveryTerminationIsReached) {
  const auto run = [](const Quadratic& problem, const AscentOptions& options) {
    QuadraticObjective objective({problem});
    return gradient_ascent(objective, options).front();
  };
  EXPECT_EQ(AscentSummary{}.termination, Termination::not_run);

  AscentOptions few;
  few.max_iterations = 3;
  const AscentSummary limited = run(kLong, few);
  EXPECT_EQ(limited.termination, Termination::iteration_limit);
  EXPECT_EQ(limited.iterations, 3);
  EXPECT_FALSE(limited.converged());
  few.max_iterations = 0;
  EXPECT_EQ(run(kLong, few).termination, Termination::iteration_limit);
  EXPECT_EQ(run(kLong, few).iterations, 0);

  AscentOptions coarse;
  coarse.score_tolerance = 0;
  coarse.change_tolerance = 1e-3;
  // A small move says something only where its step was the longest there is.
  const AscentSummary stalled = run(kLong, coarse);
  EXPECT_EQ(stalled.termination, Termination::stalled);
  EXPECT_FALSE(stalled.converged());
  EXPECT_TRUE(at_most(stalled.relative_change, 1e-3));
  QuadraticObjective slow({{{0.5, 0.5}, {3, -2}, {0, 0}}}, 1.0);
  const AscentSummary changed = gradient_ascent(slow, coarse).front();
  EXPECT_EQ(changed.termination, Termination::change_tolerance);
  EXPECT_TRUE(changed.converged());
  EXPECT_EQ(changed.step, 1);
  coarse.initial_step = 0.01;
  coarse.step_growth = 1;
  QuadraticObjective cut({{{0.5, 0.5}, {3, -2}, {0, 0}}}, 1.0);
  EXPECT_EQ(gradient_ascent(cut, coarse).front().termination, Termination::stalled);

  Quadratic liar = kLong;
  liar.lie = 1e6;
  AscentOptions short_search;
  short_search.max_step_reductions = 5;
  const AscentSummary failed = run(liar, short_search);
  EXPECT_EQ(failed.termination, Termination::line_search_failed);
  EXPECT_EQ(failed.iterations, 0);
  EXPECT_EQ(failed.evaluations, 1 + 6);  // the start, the first trial and five reductions
  EXPECT_EQ(failed.value, -0.5 * (9 + 25 * 4));

  Quadratic outside = kRound;
  outside.wall = -1;
  const AscentSummary never = run(outside, {});
  EXPECT_EQ(never.termination, Termination::not_feasible);
  EXPECT_EQ(never.evaluations, 1);
  EXPECT_TRUE(std::isnan(never.value));

  EXPECT_EQ(run(kRound, {}).termination, Termination::score_tolerance);
}

TEST(GradientAscentTest, StepsOutsideTheDomainAreCutBack) {
  Quadratic walled = kLong;
  walled.wall = 3.001;  // the top is inside, the first step along the gradient is not
  walled.start = {-40, -2};
  QuadraticObjective objective({walled});
  AscentOptions options;
  options.initial_step = 8;
  const AscentSummary summary = gradient_ascent(objective, options).front();
  EXPECT_TRUE(summary.converged());
  EXPECT_GT(summary.evaluations, summary.iterations + 1);
  EXPECT_LT(objective.current(0)[0], walled.wall);
}

TEST(GradientAscentTest, NoStepExceedsTheMaximum) {
  QuadraticObjective objective({{{0.01, 0.02}, {3, -2}, {0, 0}}}, 1.0);
  AscentOptions options;
  options.initial_step = 100;
  options.step_growth = 10;
  options.max_iterations = 20;
  gradient_ascent(objective, options);
  EXPECT_EQ(objective.longest_step, 1.0);
}

TEST(GradientAscentTest, ProblemsOfABatchStopEachInItsTimeAndAsIfAlone) {
  Quadratic outside = kRound;
  outside.wall = -1;
  const std::vector<Quadratic> problems{kLong, kRound, outside, {{1, 3}, {1, 1}, {0, 5}}, kLong};
  const AscentOptions options;
  QuadraticObjective batch(problems);
  const std::vector<AscentSummary> summaries = gradient_ascent(batch, options);
  ASSERT_EQ(summaries.size(), problems.size());
  Index longest = 0;
  for (std::size_t b = 0; b < problems.size(); ++b) {
    QuadraticObjective alone({problems[b]});
    const AscentSummary summary = gradient_ascent(alone, options).front();
    EXPECT_EQ(summaries[b].termination, summary.termination);
    EXPECT_EQ(summaries[b].iterations, summary.iterations);
    EXPECT_EQ(summaries[b].evaluations, summary.evaluations);
    EXPECT_TRUE(test::same_bits(std::vector{summaries[b].score_norm}, std::vector{summary.score_norm}));
    EXPECT_EQ(batch.current(static_cast<Index>(b)), alone.current(0));
    longest = std::max(longest, summary.evaluations);
  }
  // Shared calls: not the sum of the evaluations; a finished problem is not evaluated again.
  EXPECT_LT(static_cast<Index>(batch.calls.size()), 2 * longest);
  Index evaluated = 0, reported = 0;
  for (const auto& call : batch.calls) evaluated += static_cast<Index>(call.size());
  for (const auto& summary : summaries) reported += summary.evaluations;
  EXPECT_EQ(evaluated, reported);
}

TEST(GradientAscentTest, ListedProblemsOnly) {
  QuadraticObjective objective({kRound, kLong, kRound});
  const std::vector<Index> listed{2, 0};
  const std::vector<AscentSummary> summaries = gradient_ascent(objective, listed, {});
  ASSERT_EQ(summaries.size(), 2u);
  EXPECT_TRUE(summaries[0].converged() && summaries[1].converged());
  EXPECT_EQ(objective.current(1), kLong.start);
  const std::vector<Index> twice{0, 0}, beyond{3};
  EXPECT_THROW(gradient_ascent(objective, twice, {}), InvalidArgument);
  EXPECT_THROW(gradient_ascent(objective, beyond, {}), InvalidArgument);
  EXPECT_TRUE(gradient_ascent(objective, std::vector<Index>{}, {}).empty());
}

TEST(GradientAscentTest, OptionsThatCannotBeAreNamed) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const auto message = [](auto&& change) -> std::string {
    AscentOptions options;
    change(options);
    try {
      options.validate();
    } catch (const InvalidArgument& error) {
      return error.what();
    }
    return "nothing was thrown";
  };
  EXPECT_NO_THROW(AscentOptions{}.validate());
  for (const double bad : {nan, -1.0}) {
    EXPECT_THAT(message([&](auto& o) { o.score_tolerance = bad; }), HasSubstr("score_tolerance"));
    EXPECT_THAT(message([&](auto& o) { o.change_tolerance = bad; }), HasSubstr("change_tolerance"));
    EXPECT_THAT(message([&](auto& o) { o.initial_step = bad; }), HasSubstr("initial_step"));
    EXPECT_THAT(message([&](auto& o) { o.sufficient_increase = bad; }), HasSubstr("sufficient_increase"));
    EXPECT_THAT(message([&](auto& o) { o.rounding_slack = bad; }), HasSubstr("rounding_slack"));
    EXPECT_THAT(message([&](auto& o) { o.step_reduction = bad; }), HasSubstr("step_reduction"));
    EXPECT_THAT(message([&](auto& o) { o.step_growth = bad; }), HasSubstr("step_growth"));
  }
  EXPECT_THAT(message([](auto& o) { o.max_iterations = -1; }), HasSubstr("max_iterations: -1"));
  EXPECT_THAT(message([](auto& o) { o.max_step_reductions = -2; }), HasSubstr("max_step_reductions: -2"));
  EXPECT_THAT(message([](auto& o) { o.initial_step = 0; }), HasSubstr("positive"));
  EXPECT_THAT(message([](auto& o) { o.initial_step = kInfinity; }), HasSubstr("finite"));
  EXPECT_THAT(message([](auto& o) { o.step_reduction = 1; }), HasSubstr("between 0 and 1"));
  EXPECT_THAT(message([](auto& o) { o.step_growth = 0.5; }), HasSubstr("at least 1"));
}

TEST(GradientAscentTest, ReportsSayHowItEnded) {
  EXPECT_EQ(AscentSummary{}.brief_report(), "not run");
  AscentSummary summary;
  summary.termination = Termination::iteration_limit;
  summary.iterations = 1;
  summary.evaluations = 3;
  EXPECT_THAT(summary.brief_report(),
              HasSubstr("not converged: iterations ran out after 1 iteration and 3 evaluations"));
  summary.termination = Termination::score_tolerance;
  EXPECT_THAT(summary.brief_report(), HasSubstr("converged (score norm within tolerance)"));
  EXPECT_STREQ(to_string(Termination::line_search_failed), "line_search_failed");
  EXPECT_STREQ(to_string(Termination::stalled), "stalled");
}

TEST(GradientAscentTest, FullReportShowsInequalityEndsAndOptions) {
  EXPECT_EQ(AscentSummary{}.full_report(), "not run\n");
  QuadraticObjective round({kRound});
  AscentSummary summary = gradient_ascent(round).front();
  summary.seconds = 0.25;
  EXPECT_EQ(summary.full_report(),
            "converged (score norm within tolerance)\n"
            "  termination    score_tolerance: score norm 0 <= 1e-13\n"
            "  value          -6.5 at the start, 0 at the end\n"
            "  score norm     3.61 at the start, 0 at the end\n"
            "  last step      1, relative change 1\n"
            "  cost           1 iteration, 2 evaluations, 0.25 s for the whole batch\n"
            "  stopping       score_tolerance = 1e-13, change_tolerance = 1e-15, max_iterations = 1000\n"
            "  line search    initial_step = 1, maximum_step = inf, sufficient_increase = 1e-04, rounding_slack = 4, "
            "step_reduction = 0.5, step_growth = 2, max_step_reductions = 60\n");

  const auto report = [](Quadratic problem, const AscentOptions& options) {
    QuadraticObjective objective({std::move(problem)});
    return gradient_ascent(objective, options).front().full_report();
  };
  AscentOptions options;
  options.max_iterations = 3;
  EXPECT_THAT(report(kLong, options), HasSubstr("iteration_limit: 3 iterations >= 3\n"));
  options = {};
  options.score_tolerance = 0;
  options.change_tolerance = 0.01;
  EXPECT_THAT(report(kLong, options),
              ::testing::ContainsRegex("stalled: relative change [0-9.e-]+ <= 0.01 by a step of "
                                       "[0-9.e-]+, which is not the longest"));
  Quadratic other = kLong;
  other.lie = 1e6;
  options.max_step_reductions = 5;
  EXPECT_THAT(report(other, options), HasSubstr("line_search_failed: 5 reductions of the step gave no sufficient"));
  other.wall = -1;
  EXPECT_THAT(report(other, options), HasSubstr("not_feasible: the objective has no value there\n  cost "));
}

}  // namespace
}  // namespace sigmahat
