#include "sigmahat/gaussian_fit.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "checks.hpp"
#include "gaussian_buffers.hpp"

namespace sigmahat {
namespace {

/// Sums of weights below this are no number of rows that an unbiased covariance could be formed with.
constexpr double kLeastUnbiasedWeight = 1.5;

/// What the Cholesky factor of S tells about each candidate.
struct Factored {
  GaussianEvaluation at;
  double least_pivot =
      0;  ///< min_j l_jj²/s_jj: the share of a column's variance that the earlier ones leave unexplained
};

/// Evaluates the likelihood of the listed data sets at (x̄, S), all in one call; result[k] belongs to candidates[k].
/// `fits` hold S.
std::vector<Factored> factor_covariances(Operations& operations, const MomentsBatch& moments,
                                         std::span<const Index> candidates, std::span<const GaussianFit> fits) {
  std::vector<Factored> result(candidates.size());
  if (candidates.empty()) return result;
  const Index p = moments.columns();
  const detail::DataBuffers data(operations, moments);
  const Buffer factor(operations, data.covariance.size()), offset(operations, data.mean.size()),
      whitened(operations, data.covariance.size());
  // The evaluation only reads mean and covariance of its point: here they are those of the data.
  const GaussianPoint point{data.mean.get(), data.covariance.get(), factor.get(), offset.get(), whitened.get()};
  std::vector<GaussianEvaluation> evaluations(candidates.size());
  operations.gaussian_evaluate(p, candidates, data.view(), point, evaluations);
  for (std::size_t k = 0; k < candidates.size(); ++k) result[k].at = evaluations[k];
  const auto has_factor = [](const GaussianEvaluation& at) { return at.status == ProblemStatus::ok; };
  if (std::none_of(evaluations.begin(), evaluations.end(), has_factor)) return result;
  std::vector<double> factors(factor.size());
  factor.download(factors);
  for (std::size_t k = 0; k < candidates.size(); ++k) {
    if (!has_factor(evaluations[k])) continue;
    result[k].least_pivot = std::numeric_limits<double>::infinity();
    for (Index j = 0; j < p; ++j) {
      const double pivot = factors[candidates[k] * p * p + j * p + j];
      result[k].least_pivot = std::min(result[k].least_pivot, pivot * pivot / fits[candidates[k]].covariance(j, j));
    }
  }
  return result;
}

class BatchFit {
 public:
  BatchFit(const Context& context, const MomentsBatch& moments, const GaussianFitOptions& options)
      : context_(context), moments_(moments), options_(options), p_(moments.columns()), fits_(moments.weight.size()) {
    const double p = static_cast<double>(p_);
    tolerance_ = options.rank_tolerance > 0 ? options.rank_tolerance : 32 * p * std::numeric_limits<double>::epsilon();
  }

  std::vector<GaussianFit> run() {
    const bool ascend = options_.method == FitMethod::ascent || options_.compare;
    if (ascend) check_start();
    std::vector<Index> candidates;
    for (Index b = 0; b < moments_.problems(); ++b) {
      if (describe(b)) candidates.push_back(b);
    }
    const std::vector<Index> regular = classify(candidates);
    if (ascend && !regular.empty()) ascend_from_start(regular);
    if (options_.unbiased) {
      for (Index b = 0; b < moments_.problems(); ++b) {
        const Moments moments = moments_[b];
        fits_[b].covariance = lacks_weight(moments) ? Matrix(p_, p_, kCanonicalNaN) : moments.unbiased_covariance();
      }
    }
    return std::move(fits_);
  }

 private:
  void check_start() const {
    const AscentStart& start = options_.start;
    if (start.kind != AscentStart::Kind::given) return;
    detail::require_size("start mean", start.mean.size(), p_);
    detail::require_finite("start mean", start.mean);
    detail::require_symmetric("start covariance", start.covariance, p_);
    Matrix factor(p_, p_);
    if (context_.operations().cholesky(p_, start.covariance.data(), factor.data()) != ProblemStatus::ok) {
      throw NumericalError("start covariance: it is not positive definite; the ascent needs a start that is");
    }
  }

  /// n − 1 divides the unbiased covariance, and near 1 or below it says nothing.
  bool lacks_weight(const Moments& moments) const { return options_.unbiased && moments.weight < kLeastUnbiasedWeight; }

  Index rank_of(const GaussianFit& fit) const {
    const Index rank = context_.operations().rank(p_, fit.covariance.data(), tolerance_);
    return std::min(rank, std::max<Index>(fit.rows - 1, 0));
  }

  /// Fills in what the moments alone tell; true if a regular covariance is possible.
  bool describe(Index b) {
    const Moments moments = moments_[b];
    GaussianFit& fit = fits_[b];
    fit.columns = p_;
    fit.rows = moments.rows;
    fit.dropped = moments.dropped;
    fit.weight = moments.weight;
    fit.mean = moments.mean;
    fit.covariance = moments.covariance();
    if (moments.weight == 0) {
      fit.status = ProblemStatus::too_few_rows;
    } else if (!moments.finite()) {
      fit.status = ProblemStatus::not_finite;
    } else if (moments.rows <= p_ || lacks_weight(moments)) {
      fit.status = ProblemStatus::too_few_rows;
      fit.rank = rank_of(fit);
    } else {
      return true;
    }
    return false;
  }

  /// Rank, status and log-likelihood of the candidates; returns those whose likelihood has a maximum.
  std::vector<Index> classify(std::span<const Index> candidates) {
    std::vector<Index> regular;
    const std::vector<Factored> factored = factor_covariances(context_.operations(), moments_, candidates, fits_);
    for (std::size_t k = 0; k < candidates.size(); ++k) {
      GaussianFit& fit = fits_[candidates[k]];
      const GaussianEvaluation& at = factored[k].at;
      // Where every column keeps more than the root of the tolerance for itself, pivoting would find full rank, too.
      const bool comfortable = at.status == ProblemStatus::ok && factored[k].least_pivot > std::sqrt(tolerance_);
      fit.rank = comfortable ? p_ : rank_of(fit);
      if (fit.rank < p_) {
        fit.status = ProblemStatus::rank_deficient;
      } else if (at.status != ProblemStatus::ok) {
        fit.status = at.status;
      } else {
        fit.status = ProblemStatus::ok;
        fit.log_likelihood = fit.weight * detail::value_per_observation(p_, at);
        regular.push_back(candidates[k]);
      }
    }
    return regular;
  }

  void set_start(GaussianLikelihood& objective) const {
    const AscentStart& start = options_.start;
    if (start.kind == AscentStart::Kind::identity) return;  // the objective's own
    const Index vector = p_, matrix = p_ * p_;
    std::vector<double> means(moments_.mean.size(), 0.0), covariances(moments_.scatter.size(), 0.0);
    for (Index b = 0; b < moments_.problems(); ++b) {
      if (start.kind == AscentStart::Kind::given) {
        std::copy_n(start.mean.begin(), vector, means.begin() + b * vector);
        std::copy_n(start.covariance.data(), matrix, covariances.begin() + b * matrix);
      } else {
        for (Index i = 0; i < p_; ++i) covariances[b * matrix + i * p_ + i] = fits_[b].covariance(i, i);
      }
    }
    objective.set_start(means, covariances);
  }

  /// One batched ascent of the regular problems, each set against its closed form.
  void ascend_from_start(std::span<const Index> regular) {
    GaussianLikelihood objective(context_, moments_, options_.metric);
    set_start(objective);
    std::vector<AscentSummary> summaries = gradient_ascent(objective, regular, options_.ascent);
    std::vector<double> means(moments_.mean.size()), covariances(moments_.scatter.size());
    objective.current(means, covariances);
    for (std::size_t k = 0; k < regular.size(); ++k) {
      const Index b = regular[k];
      GaussianFit& fit = fits_[b];
      fit.ascent = std::move(summaries[k]);
      fit.scoring_iterations = objective.scoring_iterations(b);
      const std::span<const double> mean(means.data() + b * p_, static_cast<std::size_t>(p_));
      const std::span<const double> covariance(covariances.data() + b * p_ * p_, static_cast<std::size_t>(p_ * p_));
      const double log_likelihood = fit.weight * fit.ascent.value;
      fit.comparison = compare(fit, mean, covariance, log_likelihood);
      if (options_.method != FitMethod::ascent) continue;
      fit.mean.assign(mean.begin(), mean.end());
      fit.covariance = Matrix(p_, p_, {covariance.begin(), covariance.end()});
      fit.log_likelihood = log_likelihood;
    }
  }

  /// ‖a − b‖/‖b‖, absolute where b = 0.
  static double relative_error(std::span<const double> a, const double* b) {
    double error = 0, norm = 0;
    for (std::size_t i = 0; i < a.size(); ++i) {
      error += (a[i] - b[i]) * (a[i] - b[i]);
      norm += b[i] * b[i];
    }
    return norm == 0 ? std::sqrt(error) : std::sqrt(error) / std::sqrt(norm);
  }

  /// `closed_form` still holds x̄, S and the log-likelihood there.
  static AscentComparison compare(const GaussianFit& closed_form, std::span<const double> mean,
                                  std::span<const double> covariance, double log_likelihood) {
    return {relative_error(mean, closed_form.mean.data()), relative_error(covariance, closed_form.covariance.data()),
            closed_form.log_likelihood - log_likelihood};
  }

  const Context& context_;
  const MomentsBatch& moments_;
  const GaussianFitOptions& options_;
  Index p_;
  double tolerance_ = 0;
  std::vector<GaussianFit> fits_;
};

}  // namespace

const char* to_string(FitMethod method) {
  switch (method) {
    case FitMethod::closed_form: return "closed_form";
    case FitMethod::ascent: return "ascent";
  }
  return "unknown";
}

void GaussianFitOptions::validate() const {
  if (unbiased && method != FitMethod::closed_form) {
    throw InvalidArgument(
        "GaussianFitOptions::unbiased: true with method ascent; M0/(n - 1) does not maximise the "
        "likelihood, so it goes with method closed_form only");
  }
  if (!(rank_tolerance >= 0 && rank_tolerance < 1)) {
    throw InvalidArgument("GaussianFitOptions::rank_tolerance: " + detail::format_number(rank_tolerance) +
                          "; it must be at least 0 (0: 32 p 2^-52) and less than 1");
  }
  ascent.validate();
}

std::vector<GaussianFit> fit_gaussian(const Context& context, const MomentsBatch& moments,
                                      const GaussianFitOptions& options) {
  options.validate();
  return BatchFit(context, moments, options).run();
}

GaussianFit fit_gaussian(const Context& context, const Moments& moments, const GaussianFitOptions& options) {
  if (options.unbiased && moments.rows > 1 && moments.weight < kLeastUnbiasedWeight) {
    throw DataError("the weights sum to " + detail::format_number(moments.weight) +
                    "; the unbiased covariance divides by that sum minus 1, so weights must be frequencies (how often "
                    "each row was seen) with a sum of at least 1.5");
  }
  return std::move(fit_gaussian(context, MomentsBatch(moments), options).front());
}

}  // namespace sigmahat
