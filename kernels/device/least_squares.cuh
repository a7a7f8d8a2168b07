// What every kernel of least squares does with a problem once its Gram matrix is in shared memory.
#pragma once

#include "device/portable.cuh"
#include "sigmahat/kernels/least_squares_launch.hpp"
#include "steps/gram_solve.hpp"

namespace sigmahat {

/// Largest k of kernels/least_squares_lanes.cu, one thread a problem; above, a problem has a thread block to itself.
inline constexpr Index kLargestLaneColumns = 8;
/// launch_least_squares for 1 ≤ k ≤ kLargestLaneColumns.
LaunchStatus launch_least_squares_lanes(DeviceStream stream, const RegressionRows& rows, const ProblemList& problems,
                                        const LeastSquaresTask& task, const LeastSquaresArrays& results,
                                        const GramArrays& grams);

namespace device {

/// Numbers of shared memory that a problem takes besides V = L⁻¹.
SIGMAHAT_STEP constexpr Index gram_work_numbers(Index k) { return steps::packed(k + 1, 0) + 2 * (k + 1) + 2 * k; }

/// The parts of `memory`; V lies elsewhere.
SIGMAHAT_DEVICE steps::GramWork<double> gram_work(Index k, double* memory, double* inverse_factor) {
  steps::GramWork<double> work;
  work.gram = memory;
  work.inverse_factor = inverse_factor;
  work.scale = memory + steps::packed(k + 1, 0);
  work.column = work.scale + (k + 1);
  work.beta = work.column + (k + 1);
  work.inverse = work.beta + k;
  return work;
}

/// A problem's share of the rows.
struct ProblemRows {
  Index problem = 0, first = 0;
  int count = 0;
};
SIGMAHAT_DEVICE ProblemRows rows_of_item(const ProblemList& problems, Index item) {
  ProblemRows rows;
  rows.problem = problems.order == nullptr ? item : problems.order[item];
  if (problems.first_rows == nullptr) {
    rows.first = rows.problem * problems.rows_per_problem;
    rows.count = static_cast<int>(problems.rows_per_problem);
  } else {
    rows.first = problems.first_rows[rows.problem];
    rows.count = static_cast<int>(problems.first_rows[rows.problem + 1] - rows.first);
  }
  return rows;
}

/// Step 1, finished: in shared memory.
struct ProblemMoments {
  double weight;  // N
  Index rows;     // n
  Index dropped;
  const double* mean;      // [q] m; null without an intercept
  const double* residual;  // [q] c
};

template <class Team>
SIGMAHAT_DEVICE void write_gram(const Team& team, Index q, Index item, const ProblemMoments& moments,
                                const double* s_gram, const GramArrays& grams) {
  const Index numbers = steps::packed(q, 0);
  team.for_each(1, [=](Index) {
    grams.weight[item] = moments.weight;
    grams.rows[item] = moments.rows;
    grams.dropped[item] = moments.dropped;
  });
  team.for_each(numbers, [=](Index place) { grams.gram[item * numbers + place] = s_gram[place]; });
  if (moments.mean == nullptr) return;
  team.for_each(q, [=](Index j) {
    grams.mean[item * q + j] = moments.mean[j];
    grams.residual[item * q + j] = moments.residual[j];
  });
}

/// Fills the results of a problem that is left over.
template <class Team>
SIGMAHAT_DEVICE void leave_over(const Team& team, Index problem, Index coefficients,
                                const LeastSquaresArrays& results) {
  team.for_each(coefficients, [=](Index j) {
    if (results.coefficients != nullptr) results.coefficients[problem * coefficients + j] = kCanonicalNaN;
    if (results.standard_errors != nullptr) results.standard_errors[problem * coefficients + j] = kCanonicalNaN;
    if (j != 0) return;
    if (results.condition != nullptr) results.condition[problem] = kCanonicalNaN;
    if (results.rss != nullptr) results.rss[problem] = kCanonicalNaN;
    if (results.tss != nullptr) results.tss[problem] = kCanonicalNaN;
    results.accepted[problem] = 0;
  });
}

/// Classical standard errors.
template <class Team>
SIGMAHAT_DEVICE void write_errors(const Team& team, Index k, Index problem, const ProblemMoments& moments, double rss,
                                  const steps::GramWork<double>& work, double* g_errors) {
  const Index offset = moments.mean == nullptr ? 0 : 1, coefficients = k + offset;
  double* const g_own = g_errors + problem * coefficients;
  const double variance = rss / static_cast<double>(moments.rows - coefficients);
  team.for_each(k, [=](Index j) { g_own[offset + j] = steps::data_standard_error(work, variance, j); });
  if (moments.mean == nullptr) return;
  const double leverage = steps::mean_leverage(team, k, moments.mean, work);
  team.for_each(1, [=](Index) { g_own[0] = sqrt(variance * (1 / moments.weight + leverage)); });
}

/// Steps 2 to 5 and 7 for the problem whose Gram matrix is in work.gram, and its results. The team's threads call it after
/// a barrier.
template <class Team>
SIGMAHAT_DEVICE void finish_problem(const Team& team, const LeastSquaresTask& task, Index problem, Index item,
                                    const ProblemMoments& moments, const steps::GramWork<double>& work,
                                    const LeastSquaresArrays& results, const GramArrays& grams) {
  const Index k = task.columns, offset = task.intercept ? 1 : 0, coefficients = k + offset;
  team.for_each(1, [=](Index) {
    if (results.weight != nullptr) results.weight[problem] = moments.weight;
    if (results.rows != nullptr) results.rows[problem] = moments.rows;
    if (results.dropped != nullptr) results.dropped[problem] = moments.dropped;
  });
  if (grams.gram != nullptr) write_gram(team, k + 1, item, moments, work.gram, grams);
  if (!task.solve) return;
  if (moments.rows <= coefficients) {
    leave_over(team, problem, coefficients, results);
    return;
  }
  const double tss = work.gram[steps::packed(k, k)];
  team.barrier();
  const steps::GramSummary<double> summary = steps::solve_gram(team, k, moments.weight, moments.mean, task.ridge, work);
  const bool accepted = summary.regular && summary.condition <= task.largest_condition &&
                        (!task.needs_rss || (summary.keeps_rss && task.ridge == 0));
  if (!accepted) {
    leave_over(team, problem, coefficients, results);
    return;
  }
  const double rss = steps::data_sum_of_squares(summary, summary.minimum);
  team.for_each(1, [=](Index) {
    if (results.condition != nullptr) results.condition[problem] = summary.condition;
    if (results.rss != nullptr) results.rss[problem] = rss;
    if (results.tss != nullptr) results.tss[problem] = tss;
    results.accepted[problem] = 1;
  });
  if (results.standard_errors != nullptr) write_errors(team, k, problem, moments, rss, work, results.standard_errors);
  if (results.coefficients == nullptr) return;
  double* const g_own = results.coefficients + problem * coefficients;
  double* const s_b = work.column;
  team.for_each(k, [=](Index j) { g_own[offset + j] = s_b[j] = steps::data_coefficient(work, summary, j); });
  if (moments.mean == nullptr) return;
  team.barrier();
  team.for_each(1, [=](Index) {
    g_own[0] = steps::intercept_from_means(k, moments.mean, moments.residual, s_b) + 0.0;  // no −0
  });
}

}  // namespace device
}  // namespace sigmahat
