#include <span>
#include <vector>

#include "derivatives/checks/gaussian_case.hpp"

namespace sigmahat::derivatives {
namespace {

struct Score {
  static constexpr DerivativeEntry kText{
      .name = "gaussian-score",
      .group = "gaussian",
      .formula = "∂ℓ/∂μ = nΣ⁻¹(x̄ − μ); ∂ℓ/∂Σ = A = ½(Σ⁻¹M(μ)Σ⁻¹ − nΣ⁻¹), for a symmetric Σ A + Aᵀ − A∘I",
      .sizes = "μ, x̄: p × 1; Σ, M(μ): p × p; results p × 1 and p × p. Σ symmetric and positive definite.",
      .layout = "scalar by vector and scalar by matrix: denominator. The second result is symmetric.",
      .function =
          "`GaussianDerivatives::value`, `GaussianDerivatives::mean_score`, "
          "`GaussianDerivatives::covariance_score`",
      .bound =
          "64p·2⁻⁵³·κ(Σ)·(norms of the factors): factor, whitening and triangular solves each have an error of "
          "κ(Σ)·p·2⁻⁵³. The factors are n‖Σ⁻¹‖‖x̄ − μ‖, and n‖Σ⁻¹‖(1 + ‖Σ⁻¹‖‖M(μ)/n‖).",
      .source =
          "Magnus and Neudecker, *Matrix Differential Calculus*, chapter 15; [gaussian.md](gaussian.md), "
          "section 2.",
      .proof = "docs/math/matrix_calculus.md, section gaussian-score",
  };

  static void check(Trial<double>& trial) {
    const GaussianCase the(trial);
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

}  // namespace

CheckedEntry gaussian_score_entry() { return float64_entry<Score>(); }

}  // namespace sigmahat::derivatives
