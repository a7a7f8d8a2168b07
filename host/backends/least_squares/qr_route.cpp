#include "qr_route.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "householder.hpp"

namespace sigmahat::backends {
namespace {

/// Rows of the matrices that are factored are so many numbers, or a multiple, apart: whole vectors.
constexpr Index kStrideUnit = 8;

}  // namespace

QrRoute::QrRoute(Index columns, const LeastSquaresSpec& spec, const RowSteps& steps)
    : k_(columns),
      q_(columns + 1),
      stride_((q_ + kStrideUnit - 1) / kStrideUnit * kStrideUnit),
      spec_(spec),
      steps_(steps),
      scale_(static_cast<std::size_t>(q_)),
      reference_(static_cast<std::size_t>(k_)),
      dots_(static_cast<std::size_t>(stride_)),
      accepted_(static_cast<std::size_t>(k_)) {}

/// Powers of two that bring the columns to length 1 to 2; from the largest entry where the Gram matrix over- or underflowed.
void QrRoute::choose_scales(const ProblemGram& gram, ProblemRows& rows) {
  std::vector<double> largest;
  for (Index j = 0; j < q_; ++j) {
    const double diagonal = gram.gram[steps::packed(j, j)] + (j < k_ ? spec_.ridge : 0);
    if (diagonal < kLargestDiagonal && diagonal > 1 / kLargestDiagonal) {
      scale_[j] = steps::balancing_scale(diagonal);
      continue;
    }
    if (largest.empty()) {
      largest.assign(static_cast<std::size_t>(q_), 0.0);
      for (Index number = 0; number < rows.blocks(); ++number) {
        const StagedBlock block = rows.block(number);
        for (Index i = 0; i < block.count; ++i) {
          if (block.weight(i) == 0) continue;
          for (Index c = 0; c < q_; ++c) {
            const double deviation =
                spec_.intercept ? (block.z[i * q_ + c] - gram.mean[c]) - gram.residual[c] : block.z[i * q_ + c];
            largest[c] = std::max(largest[c], std::fabs(deviation));
          }
        }
      }
    }
    const double length = j < k_ ? std::max(largest[j], std::sqrt(spec_.ridge)) : largest[j];
    constexpr int kLargestExponent = 1022;  // of columns that are denormal
    const bool usable = length > 0 && std::isfinite(length);
    scale_[j] = usable ? std::exp2(std::min(-std::ilogb(length), kLargestExponent)) : 1.0;
  }
}

void QrRoute::merge(const std::vector<double>& earlier, std::vector<double>& later) {
  work_.assign(earlier.begin(), earlier.end());
  work_.insert(work_.end(), later.begin(), later.end());
  steps_.householder(2 * q_, q_, stride_, work_.data(), dots_.data());
  later.assign(work_.begin(), work_.begin() + q_ * stride_);
}

void QrRoute::factor_rows(const ProblemGram& gram, ProblemRows& rows) {
  std::vector<std::vector<double>> waiting;  // the last node of each level that has no partner yet; else empty
  const auto pair_up = [&](std::vector<double> node) {
    std::size_t level = 0;
    for (; level < waiting.size() && !waiting[level].empty(); ++level) {
      merge(waiting[level], node);
      waiting[level].clear();
    }
    if (level == waiting.size()) waiting.emplace_back();
    waiting[level] = std::move(node);
  };
  for (Index number = 0; number < rows.blocks(); ++number) {
    const StagedBlock block = rows.block(number);
    const Index height = std::max(block.count, q_);
    work_.assign(static_cast<std::size_t>(height * stride_), 0.0);
    steps_.standardise(q_, stride_, block, gram.mean, gram.residual, scale_.data(), work_.data());
    steps_.householder(height, q_, stride_, work_.data(), dots_.data());
    pair_up({work_.begin(), work_.begin() + q_ * stride_});
  }
  std::vector<double> root;
  for (const std::vector<double>& node : waiting) {
    if (node.empty()) continue;
    if (root.empty()) {
      root = node;
    } else {
      merge(node, root);
    }
  }
  r_ = std::move(root);
}

/// The k rows √λ·e_j, scaled, below the triangle.
void QrRoute::add_ridge() {
  std::vector<double> rows(r_.size(), 0.0);
  const double root = std::sqrt(spec_.ridge);
  for (Index j = 0; j < k_; ++j) rows[j * stride_ + j] = root * scale_[j];
  std::swap(r_, rows);
  merge(rows, r_);
}

void QrRoute::find_rank(const ProblemGram& gram, Solution& solution) {
  std::vector<double>& lengths = work_;
  lengths.assign(static_cast<std::size_t>(k_), 0.0);
  for (Index j = 0; j < k_; ++j) {
    double& length = lengths[j];
    for (Index i = 0; i <= j; ++i) length = std::fma(r_[i * stride_ + j], r_[i * stride_ + j], length);
    const double mean = spec_.intercept ? gram.mean[j] * scale_[j] : 0;
    reference_[j] = std::sqrt(std::fma(gram.weight * mean, mean, length));
  }
  const double count = static_cast<double>(k_ + (spec_.intercept ? 1 : 0));
  const double tolerance = spec_.rank_tolerance > 0 ? spec_.rank_tolerance : 32 * count * 0x1p-52;
  solution.rank =
      steps_.drop_dependent(k_, stride_, r_.data(), reference_.data(), tolerance, accepted_.data(), dots_.data());
  inverse_.resize(static_cast<std::size_t>(solution.rank * solution.rank));
  steps_.invert_accepted(stride_, r_.data(), solution.rank, accepted_.data(), inverse_.data());
  double sum = 0, inverse_sum = 0;
  for (Index i = 0; i < solution.rank; ++i) sum += lengths[accepted_[i]];
  for (const double entry : inverse_) inverse_sum = std::fma(entry, entry, inverse_sum);
  const auto rank = static_cast<double>(std::max<Index>(solution.rank, 1));
  solution.accepted_condition = std::sqrt(sum * inverse_sum) / rank;
  solution.condition = solution.rank < k_ ? std::numeric_limits<double>::infinity() : solution.accepted_condition;
}

/// B: the inverse of the triangle of the accepted columns in the data's units, zero rows for the others.
void QrRoute::full_rank_root(Solution& solution) {
  const Index rank = solution.rank;
  for (Index i = 0; i < rank; ++i) {
    const Index j = accepted_[i];
    solution.aliased[j] = false;
    solution.scale[j] = scale_[j];
    for (Index c = i; c < rank; ++c) {
      const double entry = inverse_[i * rank + c];
      solution.root[j * rank + c] = entry * scale_[j];
      solution.inverse[j] = std::fma(entry, entry, solution.inverse[j]);
    }
  }
  // The coefficients by substitution, which is more accurate than by the inverse.
  for (Index i = rank - 1; i >= 0; --i) {
    double sum = r_[i * stride_ + k_];
    for (Index j = i + 1; j < rank; ++j) sum = std::fma(-r_[i * stride_ + accepted_[j]], dots_[j], sum);
    dots_[i] = sum / r_[i * stride_ + accepted_[i]];
    solution.b[accepted_[i]] = dots_[i] * (scale_[accepted_[i]] / scale_[k_]);
  }
}

void QrRoute::minimum_norm_root(Solution& solution) {
  const Index rank = solution.rank;
  std::vector<double> work(static_cast<std::size_t>(k_ * rank)), heads(static_cast<std::size_t>(2 * rank));
  steps_.pseudo_inverse(k_, stride_, r_.data(), scale_.data(), rank, work.data(), heads.data(), dots_.data(),
                        solution.root.data());
  for (Index j = 0; j < k_; ++j) {
    double sum = 0;
    for (Index c = 0; c < rank; ++c) {
      const double entry = solution.root[j * rank + c];
      sum = std::fma(entry, r_[c * stride_ + k_], sum);
      solution.inverse[j] = std::fma(entry, entry, solution.inverse[j]);
    }
    solution.b[j] = sum / scale_[k_];
    solution.aliased[j] = false;
  }
}

void QrRoute::solve(const ProblemGram& gram, ProblemRows& rows, Solution& solution) {
  choose_scales(gram, rows);
  factor_rows(gram, rows);
  if (spec_.ridge > 0) add_ridge();
  find_rank(gram, solution);
  const Index rank = solution.rank;
  solution.route = RouteTaken::qr;
  solution.b.assign(static_cast<std::size_t>(k_), 0.0);
  solution.aliased.assign(static_cast<std::size_t>(k_), true);
  solution.root.assign(static_cast<std::size_t>(k_ * rank), 0.0);
  solution.inverse.assign(static_cast<std::size_t>(k_), 0.0);
  solution.scale.assign(static_cast<std::size_t>(k_), 1.0);
  if (rank < k_ && spec_.rank_policy == RankPolicy::minimum_norm) {
    minimum_norm_root(solution);
  } else {
    full_rank_root(solution);
  }
  solution.mean_leverage = 0;
  solution.intercept[0] = solution.intercept[1] = 0;
  if (!spec_.intercept) return;
  for (Index c = 0; c < rank; ++c) {
    double sum = 0;
    for (Index j = 0; j < k_; ++j) sum = std::fma(gram.mean[j], solution.root[j * rank + c], sum);
    solution.mean_leverage = std::fma(sum, sum, solution.mean_leverage);
  }
  solution.intercept[0] = steps::intercept_from_means(k_, gram.mean, gram.residual, solution.b.data());
}

}  // namespace sigmahat::backends
