#include "sigmahat/derivatives/gaussian.hpp"

#include <algorithm>
#include <numeric>
#include <string>
#include <vector>

#include "../checks.hpp"
#include "../gaussian_buffers.hpp"
#include "call.hpp"

namespace sigmahat::derivatives {
namespace {

/// The batch with every number NaN: what stays where a problem has no value.
MatrixBatch<double> undefined(const Context& context, Index items, Index rows, Index columns) {
  return {context, items, rows, columns,
          std::vector<double>(static_cast<std::size_t>(items * rows * columns), kCanonicalNaN)};
}

void require_points(const MatrixBatch<double>& mean, const MatrixBatch<double>& covariance,
                    const MomentsBatch& moments) {
  const Index problems = moments.problems(), p = moments.columns();
  const auto require = [&](const char* name, const MatrixBatch<double>& batch, Index columns) {
    if (batch.items() == problems && batch.rows() == p && batch.columns() == columns) return;
    throw InvalidArgument(std::string(name) + ": " + std::to_string(batch.items()) + " items of " +
                          shape_text(batch.rows(), batch.columns()) + "; must be " + std::to_string(problems) +
                          " items of " + shape_text(p, columns) + ", as the moments are");
  };
  require("mean", mean, 1);
  require("covariance", covariance, p);
  require_symmetric("covariance", covariance);
  for (Index b = 0; b < problems; ++b) {
    if (moments.weight[b] > 0) continue;
    throw InvalidArgument("moments: data set " + std::to_string(b) + " has no rows; the log-likelihood needs some");
  }
}

}  // namespace

GaussianDerivatives::GaussianDerivatives(const Context& context, const MomentsBatch& moments,
                                         const MatrixBatch<double>& mean, const MatrixBatch<double>& covariance)
    : context_(&context),
      problems_(moments.problems()),
      p_(moments.columns()),
      weight_((require_points(mean, covariance, moments), context), problems_, 1, 1, moments.weight),
      value_(context, problems_, 1, 1),
      mean_score_(undefined(context, problems_, p_, 1)),
      score_(undefined(context, problems_, p_, p_)),
      symmetric_score_(undefined(context, problems_, p_, p_)),
      precision_(undefined(context, problems_, p_, p_)) {
  Operations& operations = context.operations();
  const detail::DataBuffers data(operations, moments);
  detail::PointBuffers point(operations, problems_, p_);
  point.mean.upload(mean.values());
  point.covariance.upload(covariance.values());
  std::vector<Index> all(static_cast<std::size_t>(problems_)), regular;
  std::iota(all.begin(), all.end(), Index{0});
  std::vector<GaussianEvaluation> evaluations(all.size());
  operations.gaussian_evaluate(p_, all, data.view(), point.view(), evaluations);
  std::vector<double> values, covariances = covariance.values();
  for (const Index b : all) {
    values.push_back(detail::canonical(moments.weight[b] * detail::value_per_observation(p_, evaluations[b])));
    if (evaluations[b].status == ProblemStatus::ok) {
      regular.push_back(b);
    } else {  // the inverse may exist and means nothing
      std::fill_n(covariances.begin() + b * p_ * p_, p_ * p_, kCanonicalNaN);
    }
  }
  value_ = {context, problems_, 1, 1, values};
  std::vector<double> slopes(regular.size());
  for (const auto convention : {CovarianceScore::symmetric, CovarianceScore::unrestricted}) {
    MatrixBatch<double>& score = convention == CovarianceScore::symmetric ? symmetric_score_ : score_;
    operations.gaussian_score(p_, convention, regular, point.view(), {mean_score_.device(), score.device()}, slopes);
  }
  precision_ = symmetrised(context, inverted(context, MatrixBatch<double>(context, problems_, p_, p_, covariances)));
}

MatrixBatch<double> GaussianDerivatives::value() const { return value_.copy(*context_); }

MatrixBatch<double> GaussianDerivatives::mean_score() const { return times_scalar(*context_, mean_score_, weight_); }

MatrixBatch<double> GaussianDerivatives::covariance_score(CovarianceScore convention) const {
  const bool symmetric = convention == CovarianceScore::symmetric;
  return times_scalar(*context_, symmetric ? symmetric_score_ : score_, weight_);
}

MatrixBatch<double> GaussianDerivatives::mean_hessian() const {
  return scaled(*context_, -1, times_scalar(*context_, precision_, weight_));
}

MatrixBatch<double> GaussianDerivatives::pairs(double factor, const MatrixBatch<double>& v) const {
  const Index s = p_ * (p_ + 1) / 2;
  const MatrixBatch<double> weighted = times_scalar(*context_, v, weight_);
  return symmetrised(*context_, Call<double>(*context_, MatrixFunction::kronecker_pairs, p_, p_)
                                    .operand("V", weighted, p_, p_)
                                    .operand("W", precision_, p_, p_)
                                    .factors(factor)
                                    .result(s, s));
}

// Dᵀ(P ⊗ Σ⁻¹)D = Dᵀ(Σ⁻¹ ⊗ P)D, and P/n = 2A/n + Σ⁻¹: the three products are one, −½n Dᵀ((Σ⁻¹ + 4A/n) ⊗ Σ⁻¹)D.
MatrixBatch<double> GaussianDerivatives::covariance_hessian() const {
  return pairs(-0.5, combined(*context_, 1, precision_, 4, score_));
}

MatrixBatch<double> GaussianDerivatives::cross_hessian() const {
  const MatrixBatch<double> u = mean_score();
  return Call<double>(*context_, MatrixFunction::kronecker_rows, p_, p_)
      .operand("u", u, p_, 1)
      .operand("V", precision_, p_, p_)
      .factors(-1)
      .result(p_, p_ * (p_ + 1) / 2);
}

MatrixBatch<double> GaussianDerivatives::covariance_information() const { return pairs(0.5, precision_); }

}  // namespace sigmahat::derivatives
