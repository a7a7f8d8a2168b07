#include "inference.hpp"

#include <algorithm>
#include <cmath>

namespace sigmahat::backends {
namespace {

/// Sizes that the functions here share: K coefficients, of which `first` are the intercept's, k columns, rank.
struct Sizes {
  Sizes(const LeastSquaresSpec& spec, const Solution& solution)
      : first(spec.intercept ? 1 : 0), k(std::ssize(solution.b)), rank(solution.rank), count(k + first) {}
  Index first, k, rank, count;
};

/// BᵀXᵀWX B [rank, rank], XᵀWX from the Gram matrix.
std::vector<double> hat_core(const ProblemGram& gram, const Solution& solution) {
  const Index k = std::ssize(solution.b), rank = solution.rank;
  std::vector<double> product(static_cast<std::size_t>(k * rank), 0.0),
      core(static_cast<std::size_t>(rank * rank), 0.0);
  for (Index i = 0; i < k; ++i) {
    for (Index j = 0; j < k; ++j) {
      const double entry = gram.gram[i >= j ? steps::packed(i, j) : steps::packed(j, i)];
      for (Index c = 0; c < rank; ++c) product[i * rank + c] += entry * solution.root[j * rank + c];
    }
  }
  for (Index i = 0; i < k; ++i) {
    for (Index a = 0; a < rank; ++a) {
      for (Index c = 0; c < rank; ++c) core[a * rank + c] += solution.root[i * rank + a] * product[i * rank + c];
    }
  }
  return core;
}

/// The root of all K coefficients in scaled units, [K, first + rank]: row 0 is that of α where there is one.
std::vector<double> full_root(const ProblemGram& gram, const Solution& solution, const Sizes& sizes) {
  const Index d = sizes.first + sizes.rank;
  std::vector<double> root(static_cast<std::size_t>(sizes.count * d), 0.0);
  for (Index j = 0; j < sizes.k; ++j) {
    for (Index c = 0; c < sizes.rank; ++c) {
      const double entry = solution.root[j * sizes.rank + c];
      root[(sizes.first + j) * d + sizes.first + c] = entry / solution.scale[j];
      if (sizes.first == 1) root[1 + c] = std::fma(-gram.mean[j], entry, root[1 + c]);
    }
  }
  if (sizes.first == 1) root[0] = 1 / std::sqrt(gram.weight);
  return root;
}

std::vector<double> classical_covariance(const LeastSquaresSpec& spec, const RowSteps& steps, const ProblemGram& gram,
                                         const Solution& solution, const Sizes& sizes, double sigma_squared) {
  const Index d = sizes.first + sizes.rank;
  std::vector<double> middle(static_cast<std::size_t>(d * d), 0.0), product(static_cast<std::size_t>(sizes.count * d));
  for (Index c = 0; c < d; ++c) middle[c * d + c] = sigma_squared;
  if (spec.ridge > 0) {
    const std::vector<double> core = hat_core(gram, solution);
    for (Index a = 0; a < sizes.rank; ++a) {
      for (Index c = 0; c < sizes.rank; ++c) {
        middle[(sizes.first + a) * d + sizes.first + c] = sigma_squared * core[a * sizes.rank + c];
      }
    }
  }
  const std::vector<double> root = full_root(gram, solution, sizes);
  std::vector<double> covariance(static_cast<std::size_t>(sizes.count * sizes.count));
  steps.congruence(sizes.count, d, root.data(), middle.data(), product.data(), covariance.data());
  return covariance;
}

class RobustCovariance {
 public:
  RobustCovariance(const LeastSquaresSpec& spec, const RowSteps& steps, const ProblemGram& gram,
                   const Solution& solution, const Sizes& sizes)
      : spec_(spec),
        steps_(steps),
        gram_(gram),
        solution_(solution),
        sizes_(sizes),
        scores_(static_cast<std::size_t>(kCanonicalBlock * sizes.rank)),
        v_(static_cast<std::size_t>(kCanonicalBlock * sizes.count)),
        hi_(static_cast<std::size_t>(kCanonicalBlock)),
        lo_(static_cast<std::size_t>(kCanonicalBlock)) {
    const double condition = solution.accepted_condition;
    rounding_ = 32 * static_cast<double>(sizes.count) * 0x1p-52 *
                (solution.route == RouteTaken::qr ? condition : condition * condition);
  }

  std::vector<double> form(ProblemRows& rows, double residual_dof) {
    const Index count = sizes_.count;
    std::vector<double> sum(static_cast<std::size_t>(count * count), 0.0);
    for (Index number = 0; number < rows.blocks(); ++number) {
      const StagedBlock block = rows.block(number);
      steps_.residuals(sizes_.k, block, solution_.intercept, solution_.b.data(), {hi_.data(), lo_.data()});
      steps_.scores(sizes_.k, block, gram_.mean, gram_.residual, sizes_.rank, solution_.root.data(), scores_.data());
      for (Index i = 0; i < block.count; ++i) form_row(i, block.weight(i));
      steps_.add_outer_products(count, block.count, v_.data(), sum.data());
    }
    const bool corrected = spec_.standard_errors == StandardErrors::hc1;
    const double factor = corrected ? static_cast<double>(gram_.rows) / residual_dof : 1.0;
    for (Index a = 0; a < count; ++a) {
      for (Index c = 0; c <= a; ++c) sum[c * count + a] = sum[a * count + c] = factor * sum[a * count + c];
    }
    return sum;
  }

 private:
  /// Row i of v_ ← g, in scaled units.
  void form_row(Index i, double weight) {
    double* const g = v_.data() + i * sizes_.count;
    if (weight == 0) {
      std::fill_n(g, sizes_.count, 0.0);
      return;
    }
    const double* const u = scores_.data() + i * sizes_.rank;
    double length = sizes_.first == 1 ? 1 / gram_.weight : 0;
    for (Index c = 0; c < sizes_.rank; ++c) length = std::fma(u[c], u[c], length);
    const double factor = score(weight, hi_[i], weight * length);
    double own = sizes_.first == 1 ? 1 / gram_.weight : 0;
    for (Index j = 0; j < sizes_.k; ++j) {
      double v = 0;
      for (Index c = 0; c < sizes_.rank; ++c) v += solution_.root[j * sizes_.rank + c] * u[c];
      g[sizes_.first + j] = factor * (v / solution_.scale[j]);
      if (sizes_.first == 1) own = std::fma(-gram_.mean[j], v, own);
    }
    if (sizes_.first == 1) g[0] = factor * own;
  }

  /// we, over a power of 1 − h. A row whose leverage is 1 up to rounding is fitted exactly whatever its y is: its residual
  /// says nothing, and neither do HC2 and HC3.
  double score(double weight, double residual, double leverage) const {
    const double rest = 1 - leverage > rounding_ ? 1 - leverage : kCanonicalNaN;
    switch (spec_.standard_errors) {
      case StandardErrors::hc2: return weight * residual / std::sqrt(rest);
      case StandardErrors::hc3: return weight * residual / rest;
      default: return weight * residual;
    }
  }

  const LeastSquaresSpec& spec_;
  const RowSteps& steps_;
  const ProblemGram& gram_;
  const Solution& solution_;
  const Sizes& sizes_;
  double rounding_ = 0;
  std::vector<double> scores_, v_, hi_, lo_;
};

}  // namespace

double hat_trace(const LeastSquaresSpec& spec, const ProblemGram& gram, const Solution& solution) {
  if (!(spec.ridge > 0)) return static_cast<double>(solution.rank);
  const std::vector<double> core = hat_core(gram, solution);
  double trace = 0;
  for (Index c = 0; c < solution.rank; ++c) trace += core[c * solution.rank + c];
  return trace;
}

std::vector<double> coefficient_covariance(const LeastSquaresSpec& spec, const RowSteps& steps, const ProblemGram& gram,
                                           const Solution& solution, double sigma_squared, double residual_dof,
                                           ProblemRows& rows, std::vector<double>& scale) {
  const Sizes sizes(spec, solution);
  std::vector<double> covariance = spec.standard_errors == StandardErrors::classical
                                       ? classical_covariance(spec, steps, gram, solution, sizes, sigma_squared)
                                       : RobustCovariance(spec, steps, gram, solution, sizes).form(rows, residual_dof);
  scale.assign(static_cast<std::size_t>(sizes.count), 1.0);
  std::copy(solution.scale.begin(), solution.scale.end(), scale.begin() + sizes.first);
  for (Index i = 0; i < sizes.count; ++i) {
    for (Index j = 0; j < sizes.count; ++j) {
      const bool aliased = (i >= sizes.first && solution.aliased[i - sizes.first]) ||
                           (j >= sizes.first && solution.aliased[j - sizes.first]);
      if (aliased) covariance[i * sizes.count + j] = kCanonicalNaN;
    }
  }
  return covariance;
}

}  // namespace sigmahat::backends
