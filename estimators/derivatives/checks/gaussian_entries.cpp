// Checks of the scores, Hessians and information of the Gaussian log-likelihood.
#include <algorithm>
#include <cmath>
#include <numbers>

#include "hessian.hpp"
#include "sigmahat/derivatives/gaussian.hpp"

namespace sigmahat::derivatives {
namespace {

// Operands of an item: μ, Σ, x̄, M₀ and n.
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

inline constexpr const char* kBound =
    "64p·2⁻⁵³·κ(Σ)·(norms of the factors): factor, whitening and triangular solves each have an error of κ(Σ)·p·2⁻⁵³";

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
struct Case {
  explicit Case(Trial<double>& trial, bool at_the_maximum = false) {
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

struct Score {
  static constexpr DerivativeEntry text{
      "gaussian-score", "gaussian",
      "∂ℓ/∂μ = nΣ⁻¹(x̄ − μ); ∂ℓ/∂Σ = A = ½(Σ⁻¹M(μ)Σ⁻¹ − nΣ⁻¹), for a symmetric Σ A + Aᵀ − A∘I", kBound};
  static void check(Trial<double>& trial) {
    const Case the(trial);
    const GaussianDerivatives at = the.derivatives(trial.context);
    const Index p = trial.sizes.n;
    trial.compare(
        the.in, at.value(), [](const auto& args) { return scalar<Real>(kLogLikelihood(args)); },
        [](const auto& args) {
          const Norms norms(args);
          return scalar<Real>(norms.unit() *
                              (2 * norms.p + norms.log_determinant + norms.p * norms.inverse * norms.spread));
        });
    trial.compare(
        the.in, at.mean_score(), [](const auto& args) { return gradient_by_duals(kLogLikelihood, args); },
        [&](const auto& args) {
          const Norms norms(args);
          return constant(p, 1, norms.unit() * norms.inverse * norms.distance);
        });
    for (const auto convention : {CovarianceScore::unrestricted, CovarianceScore::symmetric}) {
      const Free free = convention == CovarianceScore::symmetric ? Free::symmetric : Free::all;
      check_covariance_score(trial, the.in, at.covariance_score(convention), free);
    }
  }

 private:
  /// All entries of a small Σ, the first and last column of a large one.
  static void check_covariance_score(Trial<double>& trial, const Operands<double>& in,
                                     const MatrixBatch<double>& computed, Free free) {
    const std::vector<double> values = computed.values();
    const Index p = trial.sizes.n;
    for (Index b = 0; b < kTrialItems; ++b) {
      for (Index j = 0; j<p; j += p> 16 ? p - 1 : 1) {
        Dense<Real> exact(p, 1);
        for (Index i = 0; i < p; ++i) {
          Arguments<Dual> args(in.items[b].begin(), in.items[b].end());
          args[kCovariance](i, j) += unit();
          if (free == Free::symmetric && i != j) args[kCovariance](j, i) += unit();
          exact(i) = kLogLikelihood(args).derivative(1);
        }
        const Norms norms(in.items[b]);
        const Real bound = 2 * norms.unit() * norms.inverse * (1 + norms.inverse * norms.spread);
        trial.comparison.add(
            std::span(values).subspan(static_cast<std::size_t>((b * p + j) * p), static_cast<std::size_t>(p)), exact,
            constant(p, 1, bound));
      }
    }
    trial.comparison.finish_operation();
  }
};

Arguments<Real> zeros_like(const Arguments<Real>& like) {
  Arguments<Real> result;
  for (const Dense<Real>& operand : like) result.push_back(constant(operand.rows, operand.columns, 0));
  return result;
}

std::vector<Arguments<Real>> mean_moves(const Dense<Real>& directions, const Arguments<Real>& like) {
  std::vector<Arguments<Real>> moves;
  for (Index c = 0; c < directions.columns; ++c) {
    moves.push_back(zeros_like(like));
    for (Index i = 0; i < directions.rows; ++i) moves.back()[kMean](i) = directions(i, c);
  }
  return moves;
}

/// Directions in vech Σ: σ_ij and σ_ji move together.
std::vector<Arguments<Real>> covariance_moves(const Dense<Real>& directions, const Arguments<Real>& like) {
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
Dense<Real> covariance_bound(const Arguments<Real>& args) {
  const Norms norms(args);
  const Index s = args[kMean].rows * (args[kMean].rows + 1) / 2;
  return constant(s, s, 4 * norms.unit() * norms.inverse * norms.inverse * (1 + 2 * norms.inverse * norms.spread));
}

struct MeanHessian {
  static constexpr DerivativeEntry text{"gaussian-hessian-mean", "gaussian", "∂²ℓ/∂μ∂μᵀ = −nΣ⁻¹", kBound};
  static void check(Trial<double>& trial) {
    const Case the(trial);
    check_hessian(trial, the.in, the.derivatives(trial.context).mean_hessian(), mean_moves, mean_moves, kLogLikelihood,
                  [](const auto& args) {
                    const Norms norms(args);
                    return constant(args[kMean].rows, args[kMean].rows, norms.unit() * norms.inverse);
                  });
  }
};

struct CovarianceHessian {
  static constexpr DerivativeEntry text{"gaussian-hessian-covariance", "gaussian",
                                        "∂²ℓ/∂vech Σ∂(vech Σ)ᵀ = ½Dᵀ[nΣ⁻¹⊗Σ⁻¹ − P⊗Σ⁻¹ − Σ⁻¹⊗P]D, P = Σ⁻¹M(μ)Σ⁻¹",
                                        kBound};
  static void check(Trial<double>& trial) {
    const Case the(trial);
    check_hessian(trial, the.in, the.derivatives(trial.context).covariance_hessian(), covariance_moves,
                  covariance_moves, kLogLikelihood, covariance_bound);
  }
};

struct CrossHessian {
  static constexpr DerivativeEntry text{"gaussian-hessian-cross", "gaussian",
                                        "∂²ℓ/∂μ∂(vech Σ)ᵀ = −n((x̄ − μ)ᵀΣ⁻¹ ⊗ Σ⁻¹)D", kBound};
  static void check(Trial<double>& trial) {
    const Case the(trial);
    check_hessian(trial, the.in, the.derivatives(trial.context).cross_hessian(), mean_moves, covariance_moves,
                  kLogLikelihood, [](const auto& args) {
                    const Norms norms(args);
                    const Index p = args[kMean].rows;
                    return constant(p, p * (p + 1) / 2,
                                    4 * norms.unit() * norms.inverse * norms.inverse * norms.distance * norms.p);
                  });
  }
};

struct Information {
  static constexpr DerivativeEntry text{"gaussian-information", "gaussian",
                                        "−E ∂²ℓ/∂vech Σ∂(vech Σ)ᵀ = (n/2)Dᵀ(Σ⁻¹⊗Σ⁻¹)D, minus the Hessian at Σ = M(μ)/n",
                                        kBound};
  static void check(Trial<double>& trial) {
    const Case the(trial, true);
    const auto minus = [](const auto& args) {
      using S = std::decay_t<decltype(args[0](0))>;
      return S(-kLogLikelihood(args));
    };
    check_hessian(trial, the.in, the.derivatives(trial.context).covariance_information(), covariance_moves,
                  covariance_moves, minus, covariance_bound);
  }
};

template <class Entry>
CheckedEntry float64_entry() {
  return {Entry::text, nullptr, &Entry::check};
}

}  // namespace

std::vector<CheckedEntry> gaussian_entries() {
  return {float64_entry<Score>(), float64_entry<MeanHessian>(), float64_entry<CovarianceHessian>(),
          float64_entry<CrossHessian>(), float64_entry<Information>()};
}

}  // namespace sigmahat::derivatives
