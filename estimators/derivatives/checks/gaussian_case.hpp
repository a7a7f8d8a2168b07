// Data sets and the log-likelihood of the Gaussian entries, with dual numbers in the place of its parameters. Private to the
// library.
#pragma once

#include <algorithm>
#include <cmath>
#include <numbers>
#include <type_traits>
#include <vector>

#include "hessian.hpp"
#include "sigmahat/derivatives/gaussian.hpp"

namespace sigmahat::derivatives {

/// Operands of an item: μ, Σ, x̄, M₀ and n.
enum : std::size_t { kMean, kCovariance, kDataMean, kScatter, kWeight };

/// ℓ(μ, Σ) = −½[n p ln 2π + n ln|Σ| + tr(Σ⁻¹M(μ))] by elimination of [Σ M].
inline constexpr auto kLogLikelihood = [](const auto& in) {
  using S = std::decay_t<decltype(in[0](0))>;
  using std::log;
  const Index p = in[kMean].rows;
  const S n = in[kWeight](0);
  const Dense<S> d = in[kDataMean] - in[kMean];
  const Dense<S> m =
      entrywise(in[kScatter], d * transposed_dense(d), [&](const S& a, const S& b) -> S { return a + n * b; });
  const Elimination<S> parts(in[kCovariance], m);
  const S constant(static_cast<Real>(p) * std::log(2 * std::numbers::pi_v<Real>));
  return S(-(n * (constant + log(parts.determinant)) + trace_of(parts.solution)) / 2);
};

/// Norms that the bounds are made of.
struct Norms {
  explicit Norms(const Arguments<Real>& in) : n(in[kWeight](0)), p(static_cast<Real>(in[kMean].rows)) {
    const Dense<Real> inverse_matrix = inverse_of(in[kCovariance]), d = in[kDataMean] - in[kMean];
    inverse = infinity_norm(inverse_matrix);
    condition = inverse * infinity_norm(in[kCovariance]);
    distance = infinity_norm(d);
    spread = infinity_norm(in[kScatter]) / n + p * distance * distance;
    log_determinant = std::fabs(std::log(determinant_of(in[kCovariance])));
  }
  Real n, p, inverse, condition, distance, spread, log_determinant;
  /// 64p·2⁻⁵³·κ·n
  Real unit() const { return 64 * p * kUnit * condition * n; }
};

/// The data sets of a trial, as the estimator and as the dual numbers see them.
struct GaussianCase {
  explicit GaussianCase(Trial<double>& trial, bool at_the_maximum = false) {
    const Index p = trial.sizes.n;
    moments = MomentsBatch(kTrialItems, p);
    std::fill(moments.mean_residual.begin(), moments.mean_residual.end(), 0.0);
    std::vector<Dense<Real>> means, covariances = trial.regulars(p, true), data_means, scatters, weights;
    for (Index b = 0; b < kTrialItems; ++b) {
      const double n = 10.0 + static_cast<double>(b);
      means.push_back(trial.matrix(p, 1));
      data_means.push_back(trial.matrix(p, 1));
      weights.push_back(scalar<Real>(n));
      Dense<Real> scatter = times(n, trial.regular(p, true));
      if (at_the_maximum) {  // M(μ) = nΣ
        data_means[b] = means[b];
        scatter = times(n, covariances[b]);
      }
      for (Real& value : scatter.values) value = static_cast<double>(value);
      scatters.push_back(scatter);
      moments.rows[b] = static_cast<Index>(n);
      moments.weight[b] = n;
      for (Index i = 0; i < p; ++i) moments.mean[b * p + i] = static_cast<double>(data_means[b](i));
      for (Index i = 0; i < p * p; ++i) moments.scatter[b * p * p + i] = static_cast<double>(scatter.values[i]);
    }
    for (const auto& operand : {means, covariances, data_means, scatters, weights}) trial.put(in, operand);
  }
  GaussianDerivatives derivatives(const Context& context) const {
    return {context, moments, in.batch[kMean], in.batch[kCovariance]};
  }

  MomentsBatch moments;
  Operands<double> in;
};

/// Directions in vech Σ: σ_ij and σ_ji move together.
inline std::vector<Arguments<Real>> covariance_moves(const Dense<Real>& directions, const Arguments<Real>& like) {
  std::vector<Arguments<Real>> moves;
  const Index p = like[kMean].rows;
  for (Index c = 0; c < directions.columns; ++c) {
    moves.push_back(zeros_like(like));
    Index place = 0;
    for (Index j = 0; j < p; ++j) {
      for (Index i = j; i < p; ++i, ++place) {
        moves.back()[kCovariance](i, j) = moves.back()[kCovariance](j, i) = directions(place, c);
      }
    }
  }
  return moves;
}

/// The largest entry of a Hessian's block may be off by this much; D doubles entries twice.
inline Dense<Real> covariance_bound(const Arguments<Real>& args) {
  const Norms norms(args);
  const Index s = args[kMean].rows * (args[kMean].rows + 1) / 2;
  return constant(s, s, 4 * norms.unit() * norms.inverse * norms.inverse * (1 + 2 * norms.inverse * norms.spread));
}

}  // namespace sigmahat::derivatives
