#include "least_squares_groups.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "../least_squares/row_steps.hpp"

namespace sigmahat::backends {
namespace {

double canonical(double value) { return std::isnan(value) ? kCanonicalNaN : value; }

}  // namespace

GroupSolver::GroupSolver(const LeastSquaresRows& rows, const LeastSquaresSpec& spec, const LeastSquaresView& result)
    : rows_(rows),
      spec_(spec),
      out_(result),
      k_(rows.columns()),
      q_(k_ + 1),
      first_coefficient_(spec.intercept ? 1 : 0),
      count_(k_ + first_coefficient_),
      plain_(plain(spec, result)),
      errors_wanted_(spec.standard_errors != StandardErrors::none && result.standard_errors != nullptr),
      rss_wanted_(errors_wanted_ || result.rss != nullptr),
      summary_wanted_(result.condition != nullptr || result.rank != nullptr || result.route != nullptr ||
                      result.status != nullptr),
      sums_wanted_(result.rss != nullptr || result.tss != nullptr || result.residual_dof != nullptr ||
                   result.weight != nullptr || result.gram != nullptr || result.mean != nullptr ||
                   result.rows != nullptr || result.dropped != nullptr),
      builder_(rows, spec),
      kernel_(lane_kernel()),
      lanes_(kernel_.lanes),
      gram_(steps::packed(q_, 0) * lanes_),
      weight_(lanes_),
      row_counts_(lanes_),
      coefficients_(count_ * lanes_),
      rss_(lanes_),
      condition_(lanes_),
      scratch_(solver_scratch(k_) * lanes_),
      items_(count_ * lanes_),
      packed_(static_cast<std::size_t>(steps::packed(q_, 0))) {
  for (Index l = 0; l < lanes_; ++l) nodes_.push_back(builder_.make_node());
  if (errors_wanted_) errors_ = LineArray(count_ * lanes_);
  if (!spec.intercept) return;
  mean_ = LineArray(q_ * lanes_);
  residual_ = LineArray(q_ * lanes_);
}

void GroupSolver::run(Index first, Index last, Index most_rows) {
  for (Index problem = first; problem < last;) {
    GramNode* const node = nodes_.data() + gathered_;
    if (problem + 1 < last && gathered_ + 1 < lanes_ && builder_.form_two(problem, node[0], node[1])) {
      add(problem, node[0]);
      add(problem + 1, node[1]);
      problem += 2;
      continue;
    }
    const Index rows = rows_.rows_of(problem);
    if (rows <= most_rows) {
      builder_.form(problem, 0, (rows + kCanonicalBlock - 1) / kCanonicalBlock, *node);
      add(problem, *node);
    }
    ++problem;
  }
}

void GroupSolver::add(Index problem, GramNode& node) {
  GramNode& place = nodes_[static_cast<std::size_t>(gathered_)];
  if (&place != &node) std::swap(place, node);
  problems_[gathered_] = problem;
  if (!plain_) {
    solve_alone(problem, gram_of(gathered_));
    return;
  }
  if (++gathered_ == lanes_) finish();
}

void GroupSolver::finish() {
  if (gathered_ == 0) return;
  gather_nodes();
  solve_lanes();
  gathered_ = 0;
}

/// Nodes to lanes; a lane without a problem gets a copy of the first one.
void GroupSolver::gather_nodes() {
  const double* sums[kMostLanes];
  for (Index l = 0; l < lanes_; ++l) {
    const GramNode& node = nodes_[static_cast<std::size_t>(l < gathered_ ? l : 0)];
    sums[l] = node.sums.data();
    weight_.data()[l] = node.weight;
    row_counts_.data()[l] = static_cast<double>(node.rows);
    for (Index j = 0; spec_.intercept && j < q_; ++j) {
      mean_.data()[j * lanes_ + l] = node.mean.data()[j];
      residual_.data()[j * lanes_ + l] = node.residual.data()[j];
    }
  }
  kernel_.gather(std::ssize(builder_.places()), builder_.places().data(), sums, gram_.data());
}

void GroupSolver::solve_lanes() {
  const bool automatic = spec_.route == LeastSquaresRoute::automatic;
  const LaneFlags flags = kernel_.solve(
      k_, spec_.ridge, automatic ? kRefineCondition : kCholeskyCondition,
      {gram_.data(), weight_.data(), row_counts_.data(), mean_.data(), residual_.data(), coefficients_.data(),
       errors_.data(), rss_wanted_ ? rss_.data() : nullptr, condition_.data(), scratch_.data()});
  unsigned flagged = flags.irregular | (rss_wanted_ ? flags.needs_rows : 0U);
  for (Index l = 0; l < gathered_; ++l) {
    const double rows = row_counts_.data()[l];
    if (rows == 0 || (spec_.ridge == 0 && rows < static_cast<double>(count_))) flagged |= 1U << l;
  }
  write(flagged);
}

/// [B, K] results of the group from [K][lanes].
void GroupSolver::write_items(double* out, const double* lanes) {
  bool together = gathered_ == lanes_;
  for (Index l = 1; l < gathered_; ++l) together = together && problems_[l] == problems_[l - 1] + 1;
  if (together) {
    kernel_.scatter(count_, lanes, out + problems_[0] * count_);
    return;
  }
  kernel_.scatter(count_, lanes, items_.data());
  for (Index l = 0; l < gathered_; ++l) {
    std::copy_n(items_.data() + l * count_, count_, out + problems_[l] * count_);
  }
}

void GroupSolver::write(unsigned flagged) {
  if (out_.coefficients != nullptr) write_items(out_.coefficients, coefficients_.data());
  if (errors_wanted_) {
    write_items(out_.standard_errors, errors_.data());
  } else if (out_.standard_errors != nullptr) {
    for (Index l = 0; l < gathered_; ++l) {
      std::fill_n(out_.standard_errors + problems_[l] * count_, count_, kCanonicalNaN);
    }
  }
  for (Index l = 0; summary_wanted_ && l < gathered_; ++l) {
    const Index problem = problems_[l];
    if (out_.condition != nullptr) out_.condition[problem] = canonical(condition_.data()[l]);
    if (out_.rank != nullptr) out_.rank[problem] = static_cast<std::int32_t>(count_);
    if (out_.route != nullptr) out_.route[problem] = RouteTaken::cholesky;
    if (out_.status != nullptr) out_.status[problem] = ProblemStatus::ok;
  }
  for (Index l = 0; sums_wanted_ && l < gathered_; ++l) write_sums(l, problems_[l]);
  for (Index l = 0; flagged != 0 && l < gathered_; ++l) {
    if ((flagged >> l & 1U) != 0) solve_alone(problems_[l], gram_of(l));
  }
}

void GroupSolver::write_sums(Index lane, Index problem) {
  const GramNode& node = nodes_[static_cast<std::size_t>(lane)];
  const double rows = row_counts_.data()[lane];
  if (out_.rss != nullptr) out_.rss[problem] = rss_.data()[lane];
  if (out_.residual_dof != nullptr) out_.residual_dof[problem] = rows - static_cast<double>(count_);
  if (out_.weight != nullptr) out_.weight[problem] = canonical(weight_.data()[lane]);
  if (out_.rows != nullptr) out_.rows[problem] = static_cast<Index>(rows);
  if (out_.dropped != nullptr) out_.dropped[problem] = node.dropped;
  if (out_.mean != nullptr) {
    for (Index j = 0; j < q_; ++j) {
      out_.mean[problem * q_ + j] = spec_.intercept ? canonical(node.mean.data()[j] + node.residual.data()[j]) : 0.0;
    }
  }
  if (out_.gram == nullptr && out_.tss == nullptr) return;
  const double* const packed = gram_of(lane).gram;
  if (out_.tss != nullptr) out_.tss[problem] = canonical(packed[steps::packed(k_, k_)]);
  if (out_.gram == nullptr) return;
  double* const full = out_.gram + problem * q_ * q_;
  for (Index i = 0; i < q_; ++i) {
    for (Index j = 0; j <= i; ++j) full[i * q_ + j] = full[j * q_ + i] = canonical(packed[steps::packed(i, j)]);
  }
}

/// What ProblemSolver wants to know of a gathered problem; valid until the next call.
ProblemGram GroupSolver::gram_of(Index lane) {
  const GramNode& node = nodes_[static_cast<std::size_t>(lane)];
  const std::vector<Index>& places = builder_.places();
  for (std::size_t s = 0; s < places.size(); ++s) {
    if (places[s] >= 0) packed_[static_cast<std::size_t>(places[s])] = node.sums.data()[s];
  }
  return {node.rows, node.dropped, node.weight, node.mean.data(), node.residual.data(), packed_.data()};
}

void GroupSolver::solve_alone(Index problem, const ProblemGram& gram) {
  if (solver_ == nullptr) solver_ = std::make_unique<ProblemSolver>(rows_, spec_, out_, row_steps());
  solver_->solve(problem, gram);
}

}  // namespace sigmahat::backends
