// Fits of Gaussians to moments, by closed form and by ascent, for one data set or many at once.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "sigmahat/gaussian_likelihood.hpp"
#include "sigmahat/gradient_ascent.hpp"
#include "sigmahat/moments.hpp"

namespace sigmahat {

enum class FitMethod { closed_form, ascent };
const char* to_string(FitMethod method);

/// Where the ascent starts.
struct AscentStart {
  enum class Kind {
    identity,  ///< μ = 0, Σ = I
    diagonal,  ///< μ = 0, Σ = diag(S)
    given,     ///< `mean` and `covariance`, the same for every data set
  };
  Kind kind = Kind::identity;
  std::vector<double> mean;
  Matrix covariance;
};

struct GaussianFitOptions {
  FitMethod method = FitMethod::closed_form;
  bool compare = false;  ///< run the ascent as well and set it against the closed form
  /// Report M₀/(n − 1) as covariance; closed form only, likelihood and comparison stay with S. Weights must then be
  /// frequencies: with n < 1.5 a data set of a batch gets status too_few_rows and a covariance of NaN.
  bool unbiased = false;
  Metric metric = Metric::fisher;
  AscentStart start;
  AscentOptions ascent;
  /// A pivot of the scaled S counts towards the rank if it is > rank_tolerance · the largest; 0 means 32·p·2⁻⁵².
  double rank_tolerance = 0;
  void validate() const;
};

/// The ascent's result set against the closed form.
struct AscentComparison {
  double relative_error_mean = kCanonicalNaN;        ///< ‖μ − x̄‖₂ / ‖x̄‖₂ (absolute where x̄ = 0)
  double relative_error_covariance = kCanonicalNaN;  ///< ‖Σ − S‖_F / ‖S‖_F
  double log_likelihood_gap = kCanonicalNaN;         ///< ℓ(x̄, S) − ℓ(μ, Σ)
};

struct GaussianFit {
  ProblemStatus status = ProblemStatus::ok;
  Index columns = 0;
  Index rows = 0;                         ///< rows that count
  Index dropped = 0;                      ///< rows left out because of missing values
  double weight = 0;                      ///< n, or the sum of the weights
  Index rank = 0;                         ///< numerical rank of S
  std::vector<double> mean;               ///< μ̂ by the method asked for
  Matrix covariance;                      ///< Σ̂ by the method asked for; S also where it is singular
  double log_likelihood = kCanonicalNaN;  ///< ℓ at the reported fit (at μ̂ and S if `unbiased`); NaN where singular
  AscentSummary ascent;                   ///< not_run unless asked for and possible
  Index scoring_iterations = 0;           ///< of the ascent's iterations, those that were Fisher scoring
  std::optional<AscentComparison> comparison;  ///< with every ascent that ran
};

/// One fit per data set of the batch. A data set without a maximum (n ≤ p, collinear columns, too little weight) gets
/// x̄, S, rank and status, its ascent is not run, and nothing is added to its covariance; the others are not touched.
/// Throws InvalidArgument for bad options, NumericalError for a given start that is not positive definite.
std::vector<GaussianFit> fit_gaussian(const Context& context, const MomentsBatch& moments,
                                      const GaussianFitOptions& options = {});

/// One data set. Throws DataError for `unbiased` where it has more than one row and weights that sum to less than 1.5.
GaussianFit fit_gaussian(const Context& context, const Moments& moments, const GaussianFitOptions& options = {});

}  // namespace sigmahat
