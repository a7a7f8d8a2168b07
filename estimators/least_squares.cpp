#include "sigmahat/least_squares.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <map>

#include "checks.hpp"
#include "sigmahat/host/error.hpp"
#include "sigmahat/least_squares_objective.hpp"
#include "student.hpp"

namespace sigmahat {
namespace {

/// Numbers of X per chunk where progress is told: some tenths of a second of work at most.
constexpr Index kChunkNumbers = Index{1} << 24;

void require(bool holds, const char* option, const std::string& value, const char* requirement) {
  if (holds) return;
  throw InvalidArgument(std::string("LeastSquaresOptions::") + option + ": " + value + "; " + requirement);
}

void check_weights(const RowsView& x) {
  if (x.weights == nullptr) return;
  for (Index i = 0; i < x.rows; ++i) {
    if (!(x.weights[i] < 0)) continue;
    throw DataError("weights: the weight of row " + std::to_string(i) + " is " + detail::format_number(x.weights[i]) +
                    "; weights must be at least 0");
  }
}

class BatchSolver {
 public:
  BatchSolver(const Context& context, const LeastSquaresBatch& batch, const LeastSquaresOptions& options)
      : context_(context), rows_(batch.rows), options_(options), first_(options.intercept ? 1 : 0) {
    fit_.problems = rows_.problems;
    fit_.coefficient_count = rows_.columns() + first_;
    fit_.device_requested = context.device_requested();
    fit_.device_used = context.device_used();
    fit_.options = options;
    fit_.options.progress = nullptr;
    ascend_ = options.compare || options.method == FitMethod::ascent;
  }

  LeastSquaresFit run() {
    const auto begin = std::chrono::steady_clock::now();
    const LeastSquaresView view = allocate();
    solve(view);
    if (ascend_) ascend();
    if (options_.outputs.goodness) judge();
    if (options_.outputs.t || options_.outputs.p || options_.outputs.confidence) test_coefficients();
    if (!options_.outputs.goodness) {
      for (auto* array : {&fit_.rss, &fit_.tss, &fit_.residual_dof}) array->clear();
    }
    const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - begin;
    fit_.seconds = elapsed.count();
    return std::move(fit_);
  }

 private:
  /// Room for what is wanted.
  LeastSquaresView allocate() {
    const LeastSquaresOutputs& wanted = options_.outputs;
    const auto problems = static_cast<std::size_t>(fit_.problems),
               count = static_cast<std::size_t>(fit_.coefficient_count),
               q = static_cast<std::size_t>(rows_.columns() + 1), all = static_cast<std::size_t>(rows_.x.rows);
    const auto array = [](std::vector<double>& values, bool is_wanted, std::size_t size) {
      if (is_wanted) values.assign(size, kCanonicalNaN);
      return is_wanted ? values.data() : nullptr;
    };
    const bool errors = options_.standard_errors != StandardErrors::none;
    LeastSquaresView view;
    view.coefficients = array(fit_.coefficients, true, problems * count);
    view.standard_errors = array(fit_.standard_errors, errors, problems * count);
    view.covariance = array(fit_.covariance, wanted.covariance, problems * count * count);
    view.rss = array(fit_.rss, wanted.goodness, problems);
    view.tss = array(fit_.tss, wanted.goodness, problems);
    view.residual_dof = array(fit_.residual_dof, wanted.goodness || wanted.p || wanted.confidence, problems);
    view.residuals = array(fit_.residuals, wanted.residuals, all);
    view.fitted = array(fit_.fitted, wanted.fitted, all);
    view.gram = array(gram_.gram, ascend_, problems * q * q);
    view.mean = array(gram_.mean, ascend_, problems * q);
    view.weight = array(gram_.weight, ascend_, problems);
    view.condition = array(fit_.condition, true, problems);
    fit_.rows.resize(problems);
    fit_.dropped.resize(problems);
    fit_.rank.resize(problems);
    fit_.route.resize(problems);
    fit_.status.resize(problems);
    view.rows = fit_.rows.data();
    view.dropped = fit_.dropped.data();
    view.rank = fit_.rank.data();
    view.route = fit_.route.data();
    view.status = fit_.status.data();
    return view;
  }

  LeastSquaresSpec spec() const {
    return {options_.intercept,   options_.drop_missing,    options_.ridge,         options_.route,
            options_.rank_policy, options_.standard_errors, options_.rank_tolerance};
  }

  /// In one call, or, where progress is to be told, chunk by chunk; the bits are the same.
  void solve(const LeastSquaresView& view) {
    Operations& operations = context_.operations();
    if (rows_.problems == 0) return;
    if (!options_.progress) {
      operations.least_squares(rows_, spec(), view);
      return;
    }
    for (Index first = 0; first < rows_.problems;) {
      Index last = first + 1;
      const Index start = rows_.first_row(first);
      while (last < rows_.problems && (rows_.first_row(last + 1) - start) * rows_.columns() <= kChunkNumbers) ++last;
      operations.least_squares(chunk(first, last), spec(),
                               view.from(first, start, fit_.coefficient_count, rows_.columns() + 1));
      options_.progress(last, rows_.problems);
      first = last;
    }
  }

  LeastSquaresRows chunk(Index first, Index last) {
    LeastSquaresRows part = rows_;
    const Index start = rows_.first_row(first), count = rows_.first_row(last) - start;
    part.x = rows_.x.slice(start, count);
    part.y = rows_.y.slice(start, count);
    part.problems = last - first;
    if (!rows_.offsets.empty()) {
      chunk_offsets_.assign(rows_.offsets.begin() + first, rows_.offsets.begin() + last + 1);
      for (Index& offset : chunk_offsets_) offset -= start;
      part.offsets = chunk_offsets_;
    }
    return part;
  }

  void ascend() {
    gram_.problems = fit_.problems;
    gram_.columns = rows_.columns();
    gram_.intercept = options_.intercept;
    gram_.ridge = options_.ridge;
    std::vector<Index> regular;
    for (Index b = 0; b < fit_.problems; ++b) {
      const ProblemStatus status = fit_.status[b];
      if (status == ProblemStatus::ok || status == ProblemStatus::refined_by_qr) regular.push_back(b);
    }
    LeastSquaresObjective objective(std::move(gram_), options_.metric);
    std::vector<AscentSummary> summaries = gradient_ascent(objective, regular, options_.ascent);
    fit_.ascent.resize(static_cast<std::size_t>(fit_.problems));
    fit_.comparison.resize(static_cast<std::size_t>(fit_.problems));
    const Index count = fit_.coefficient_count;
    for (std::size_t n = 0; n < regular.size(); ++n) {
      const Index b = regular[n];
      const bool ran = summaries[n].termination != Termination::not_feasible;
      fit_.ascent[b] = std::move(summaries[n]);
      if (!ran) continue;
      const std::vector<double> found = objective.current(b);
      double* const closed = fit_.coefficients.data() + b * count;
      double error = 0, norm = 0;
      for (Index j = 0; j < count; ++j) {
        error += (found[j] - closed[j]) * (found[j] - closed[j]);
        norm += closed[j] * closed[j];
      }
      fit_.comparison[b].relative_error = norm == 0 ? std::sqrt(error) : std::sqrt(error / norm);
      if (options_.method != FitMethod::ascent) continue;
      std::copy(found.begin(), found.end(), closed);
      if (!fit_.ascent[b].converged()) leave_without_inference(b);
    }
  }

  /// A point that is no minimum has no standard errors, and the sums of the closed form are not its own.
  void leave_without_inference(Index b) {
    fit_.status[b] = ProblemStatus::not_converged;
    const Index count = fit_.coefficient_count, first = rows_.first_row(b), rows = rows_.rows_of(b);
    const auto clear = [](std::vector<double>& values, Index begin, Index size) {
      if (!values.empty()) std::fill_n(values.begin() + begin, size, kCanonicalNaN);
    };
    clear(fit_.standard_errors, b * count, count);
    clear(fit_.covariance, b * count * count, count * count);
    clear(fit_.rss, b, 1);
    clear(fit_.residuals, first, rows);
    clear(fit_.fitted, first, rows);
  }

  /// R², adjusted R² and σ̂² from the sums.
  void judge() {
    const auto problems = static_cast<std::size_t>(fit_.problems);
    for (auto* array : {&fit_.r_squared, &fit_.adjusted_r_squared, &fit_.sigma_squared}) {
      array->assign(problems, kCanonicalNaN);
    }
    for (std::size_t b = 0; b < problems; ++b) {
      const double dof = fit_.residual_dof[b], total_dof = static_cast<double>(fit_.rows[b] - first_);
      if (dof > 0) fit_.sigma_squared[b] = detail::canonical(fit_.rss[b] / dof);
      if (!(fit_.tss[b] > 0)) continue;
      const double unexplained = fit_.rss[b] / fit_.tss[b];
      fit_.r_squared[b] = detail::canonical(1 - unexplained);
      if (dof > 0) fit_.adjusted_r_squared[b] = detail::canonical(1 - unexplained * (total_dof / dof));
    }
  }

  void test_coefficients() {
    const LeastSquaresOutputs& wanted = options_.outputs;
    const std::size_t size = fit_.coefficients.size();
    const Index count = fit_.coefficient_count;
    if (wanted.t) fit_.t.assign(size, kCanonicalNaN);
    if (wanted.p) fit_.p.assign(size, kCanonicalNaN);
    if (wanted.confidence) {
      fit_.lower.assign(size, kCanonicalNaN);
      fit_.upper.assign(size, kCanonicalNaN);
    }
    double quantile = kCanonicalNaN, quantile_dof = kCanonicalNaN;  // neighbours mostly have the same
#pragma omp parallel for schedule(static) firstprivate(quantile, quantile_dof) if (size > 1000)
    for (Index b = 0; b < fit_.problems; ++b) {
      const double dof = wanted.p || wanted.confidence ? fit_.residual_dof[b] : 0;
      if (wanted.confidence && dof != quantile_dof) {
        quantile = detail::two_sided_quantile(options_.confidence_level, dof);
        quantile_dof = dof;
      }
      for (Index place = b * count; place < (b + 1) * count; ++place) {
        const double estimate = fit_.coefficients[place], error = fit_.standard_errors[place], t = estimate / error;
        if (wanted.t) fit_.t[place] = detail::canonical(t);
        if (wanted.p) fit_.p[place] = detail::canonical(detail::two_sided_p(t, dof));
        if (!wanted.confidence) continue;
        fit_.lower[place] = detail::canonical(estimate - quantile * error);
        fit_.upper[place] = detail::canonical(estimate + quantile * error);
      }
    }
  }

  const Context& context_;
  const LeastSquaresRows& rows_;
  const LeastSquaresOptions& options_;
  Index first_;
  bool ascend_ = false;
  LeastSquaresFit fit_;
  GramBatch gram_;
  std::vector<Index> chunk_offsets_;
};

}  // namespace

void LeastSquaresOptions::validate() const {
  require(ridge >= 0 && std::isfinite(ridge), "ridge", detail::format_number(ridge),
          "lambda must be finite and at least 0");
  require(rank_tolerance >= 0 && rank_tolerance < 1, "rank_tolerance", detail::format_number(rank_tolerance),
          "it must be at least 0 (0: 32 K 2^-52) and less than 1");
  require(confidence_level > 0 && confidence_level < 1, "confidence_level", detail::format_number(confidence_level),
          "it must lie between 0 and 1");
  const bool errors = standard_errors != StandardErrors::none;
  const char* const needs_errors = "it needs standard_errors other than none";
  require(errors || !outputs.t, "outputs.t", "true", needs_errors);
  require(errors || !outputs.p, "outputs.p", "true", needs_errors);
  require(errors || !outputs.confidence, "outputs.confidence", "true", needs_errors);
  require(errors || !outputs.covariance, "outputs.covariance", "true", needs_errors);
  ascent.validate();
}

std::vector<StatusCount> LeastSquaresFit::status_counts() const {
  std::map<ProblemStatus, Index> counts;
  for (const ProblemStatus one : status) ++counts[one];
  std::vector<StatusCount> result;
  result.reserve(counts.size());
  for (const auto& [one, problems_with_it] : counts) result.push_back({one, problems_with_it});
  return result;
}

std::string LeastSquaresFit::brief_report() const {
  std::string text = std::to_string(problems) + (problems == 1 ? " problem, " : " problems, ") +
                     std::to_string(coefficient_count) + (coefficient_count == 1 ? " coefficient" : " coefficients");
  for (const StatusCount& count : status_counts()) {
    text += std::string(", ") + to_string(count.status) + " " + std::to_string(count.problems);
  }
  char time[32];
  std::snprintf(time, sizeof time, "%.3g s", seconds);
  return text + ", " + device_used + ", " + time;
}

LeastSquaresFit fit_least_squares(const Context& context, const LeastSquaresBatch& batch,
                                  const LeastSquaresOptions& options) {
  options.validate();
  batch.validate();
  check_weights(batch.rows.x);
  return BatchSolver(context, batch, options).run();
}

}  // namespace sigmahat
