#include "inference.hpp"

#include <cmath>

namespace sigmahat::backends {
namespace {

/// (1 or none) + rank coordinates, the intercept's first.
struct Whitened {
  Index first, rank;
  Index size() const { return first + rank; }
};

std::vector<double> classical_meat(const LeastSquaresSpec& spec, const Solution& solution, const Whitened& space,
                                   double sigma_squared) {
  const Index d = space.size();
  std::vector<double> meat(static_cast<std::size_t>(d * d), 0.0);
  for (Index c = 0; c < d; ++c) meat[c * d + c] = sigma_squared;
  if (!(spec.ridge > 0)) return meat;
  const Index k = static_cast<Index>(solution.b.size());
  for (Index a = 0; a < space.rank; ++a) {
    for (Index c = 0; c < space.rank; ++c) {
      double sum = 0;
      for (Index j = 0; j < k; ++j) {
        sum = std::fma(solution.root[j * space.rank + a], solution.root[j * space.rank + c], sum);
      }
      meat[(space.first + a) * d + space.first + c] -= sigma_squared * (spec.ridge * sum);
    }
  }
  return meat;
}

/// The weight of one row's outer product.
double row_weight(StandardErrors kind, double weight, double residual, double leverage) {
  const double score = weight * residual;
  switch (kind) {
    case StandardErrors::hc2: return score * score / (1 - leverage);
    case StandardErrors::hc3: return score * score / ((1 - leverage) * (1 - leverage));
    default: return score * score;
  }
}

std::vector<double> robust_meat(const LeastSquaresSpec& spec, const RowSteps& steps, const ProblemGram& gram,
                                const Solution& solution, const Whitened& space, double residual_dof,
                                ProblemRows& rows) {
  const Index k = static_cast<Index>(solution.b.size()), d = space.size(), rank = space.rank;
  std::vector<double> meat(static_cast<std::size_t>(d * d), 0.0),
      scores(static_cast<std::size_t>(kCanonicalBlock * rank));
  std::vector<double> u(static_cast<std::size_t>(kCanonicalBlock * d)), factors(kCanonicalBlock), hi(kCanonicalBlock),
      lo(kCanonicalBlock);
  for (Index number = 0; number < rows.blocks(); ++number) {
    const StagedBlock block = rows.block(number);
    steps.residuals(k, block, solution.intercept, solution.b.data(), {hi.data(), lo.data()});
    steps.scores(k, block, gram.mean, gram.residual, rank, solution.root.data(), scores.data());
    for (Index i = 0; i < block.count; ++i) {
      const double weight = block.weights == nullptr ? 1.0 : block.weights[i];
      double* const row = u.data() + i * d;
      if (space.first == 1) row[0] = 1 / std::sqrt(gram.weight);
      for (Index c = 0; c < rank; ++c) row[space.first + c] = scores[i * rank + c];
      double length = 0;
      for (Index c = 0; c < d; ++c) length += row[c] * row[c];
      factors[i] = weight == 0 ? 0 : row_weight(spec.standard_errors, weight, hi[i], weight * length);
    }
    steps.add_outer_products(d, block.count, u.data(), factors.data(), meat.data());
  }
  const double scale =
      spec.standard_errors == StandardErrors::hc1 ? static_cast<double>(gram.rows) / residual_dof : 1.0;
  for (Index a = 0; a < d; ++a) {
    for (Index c = 0; c <= a; ++c) meat[c * d + a] = meat[a * d + c] = scale * meat[a * d + c];
  }
  return meat;
}

/// The root of all K coefficients: row 0 is that of α where there is one, α = α' − x̄ᵀβ.
std::vector<double> full_root(const ProblemGram& gram, const Solution& solution, const Whitened& space) {
  const Index k = static_cast<Index>(solution.b.size()), d = space.size();
  std::vector<double> root(static_cast<std::size_t>((space.first + k) * d), 0.0);
  for (Index j = 0; j < k; ++j) {
    for (Index c = 0; c < space.rank; ++c) {
      const double entry = solution.root[j * space.rank + c];
      root[(space.first + j) * d + space.first + c] = entry;
      if (space.first == 1) root[1 + c] = std::fma(-gram.mean[j], entry, root[1 + c]);
    }
  }
  if (space.first == 1) root[0] = 1 / std::sqrt(gram.weight);
  return root;
}

}  // namespace

std::vector<double> coefficient_covariance(const LeastSquaresSpec& spec, const RowSteps& steps, const ProblemGram& gram,
                                           const Solution& solution, double sigma_squared, double residual_dof,
                                           ProblemRows& rows) {
  const Whitened space{spec.intercept ? 1 : 0, solution.rank};
  const Index d = space.size(), count = space.first + static_cast<Index>(solution.b.size());
  const std::vector<double> meat = spec.standard_errors == StandardErrors::classical
                                       ? classical_meat(spec, solution, space, sigma_squared)
                                       : robust_meat(spec, steps, gram, solution, space, residual_dof, rows);
  const std::vector<double> root = full_root(gram, solution, space);
  std::vector<double> product(static_cast<std::size_t>(count * d)), covariance(static_cast<std::size_t>(count * count));
  steps.congruence(count, d, root.data(), meat.data(), product.data(), covariance.data());
  for (Index i = 0; i < count; ++i) {
    for (Index j = 0; j < count; ++j) {
      double& entry = covariance[i * count + j];
      const bool missing = (i >= space.first && solution.aliased[i - space.first]) ||
                           (j >= space.first && solution.aliased[j - space.first]) || std::isnan(entry);
      if (missing) entry = kCanonicalNaN;
    }
  }
  return covariance;
}

}  // namespace sigmahat::backends
