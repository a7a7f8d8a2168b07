#include <algorithm>
#include <cmath>
#include <vector>

#include "gaussian.hpp"
#include "gaussian_newton.hpp"
#include "reference.hpp"

namespace sigmahat::backends {
namespace {

constexpr steps::SerialTeam kTeam;

double squared_norm(const double* v, Index count) {
  double sum = 0;
  for (Index i = 0; i < count; ++i) sum = std::fma(v[i], v[i], sum);
  return sum;
}

/// to = keep·from + step·direction over `count` numbers; adds up the squared norms of to − from and of to.
void move_array(Index count, double keep, double step, const double* from, const double* direction, double* to,
                double& change_squared, double& norm_squared) {
  for (Index i = 0; i < count; ++i) {
    const double moved = steps::combine(keep, from[i], step, direction[i]);
    const double change = moved - from[i];
    change_squared = std::fma(change, change, change_squared);
    norm_squared = std::fma(moved, moved, norm_squared);
    to[i] = moved;
  }
}

}  // namespace

void ReferenceOperations::gaussian_evaluate(Index p, std::span<const Index> active, const GaussianData& data,
                                            const GaussianPoint& point, std::span<GaussianEvaluation> evaluations) {
  std::vector<double> scratch(static_cast<std::size_t>(p));
  for (std::size_t k = 0; k < active.size(); ++k) {
    const Index vector = active[k] * p, matrix = vector * p;
    double* const l = point.factor + matrix;
    std::copy_n(point.covariance + matrix, p * p, l);
    evaluations[k] = {};
    if (!steps::cholesky(kTeam, p, l)) continue;
    steps::whiten(kTeam, p, data.mean + vector, data.residual + vector, data.covariance + matrix, point.mean + vector,
                  l, point.offset + vector, point.whitened + matrix);
    evaluations[k] = steps::evaluate(kTeam, p, l, point.offset + vector, point.whitened + matrix, scratch.data());
  }
}

void ReferenceOperations::gaussian_target(Index p, std::span<const Index> active,
                                          std::span<const std::uint8_t> mean_only, const GaussianData& data,
                                          const GaussianPoint& point, const GaussianDirection& direction) {
  std::vector<double> scratch(static_cast<std::size_t>(p));
  for (std::size_t k = 0; k < active.size(); ++k) {
    const Index vector = active[k] * p, matrix = vector * p;
    steps::target(kTeam, p, mean_only[k] != 0, data.mean + vector, data.residual + vector, data.covariance + matrix,
                  point.mean + vector, point.covariance + matrix, scratch.data(), direction.mean + vector,
                  direction.covariance + matrix);
  }
}

void ReferenceOperations::gaussian_newton(Index p, std::span<const Index> active, const GaussianData& data,
                                          const GaussianPoint& point, const GaussianDirection& direction,
                                          std::span<GaussianNewton> outcomes) {
  std::vector<double> a(static_cast<std::size_t>(p * p)), v(a.size());
  std::vector<double> vectors(static_cast<std::size_t>(steps::newton_vectors_size(p)));
  for (std::size_t k = 0; k < active.size(); ++k) {
    const Index vector = active[k] * p, matrix = vector * p;
    const steps::NewtonProblem at{data.mean + vector,   data.residual + vector,    data.covariance + matrix,
                                  point.mean + vector,  point.covariance + matrix, point.factor + matrix,
                                  point.offset + vector};
    outcomes[k] = steps::newton_target(kTeam, p, at, {a.data(), v.data(), vectors.data()}, direction.mean + vector,
                                       direction.covariance + matrix);
  }
}

void ReferenceOperations::gaussian_score(Index p, CovarianceScore convention, std::span<const Index> active,
                                         const GaussianPoint& point, const GaussianDirection& direction,
                                         std::span<double> slopes) {
  for (std::size_t k = 0; k < active.size(); ++k) {
    const Index vector = active[k] * p, matrix = vector * p;
    steps::score(kTeam, p, convention, point.factor + matrix, point.offset + vector, point.whitened + matrix,
                 direction.mean + vector, direction.covariance + matrix);
    slopes[k] = steps::slope(p, convention, direction.mean + vector, direction.covariance + matrix);
  }
}

void ReferenceOperations::gaussian_move(Index p, std::span<const Index> active, std::span<const double> keep,
                                        std::span<const double> step, const GaussianPoint& from,
                                        const GaussianDirection& direction, const GaussianPoint& to,
                                        std::span<GaussianMove> moves) {
  for (std::size_t k = 0; k < active.size(); ++k) {
    const Index vector = active[k] * p, matrix = vector * p;
    GaussianMove& m = moves[k] = {};
    move_array(p, keep[k], step[k], from.mean + vector, direction.mean + vector, to.mean + vector,
               m.mean_change_squared, m.mean_norm_squared);
    move_array(p * p, keep[k], step[k], from.covariance + matrix, direction.covariance + matrix, to.covariance + matrix,
               m.covariance_change_squared, m.covariance_norm_squared);
  }
}

ProblemStatus ReferenceOperations::cholesky(Index p, const double* a, double* l) {
  std::copy_n(a, p * p, l);
  if (steps::cholesky(kTeam, p, l)) return ProblemStatus::ok;
  std::fill_n(l, p * p, kCanonicalNaN);
  return ProblemStatus::not_positive_definite;
}

void ReferenceOperations::mahalanobis_squared(const RowsView& rows, const double* mean, const double* factor,
                                              double* result) {
  const Index p = rows.columns;
  std::vector<double> z(static_cast<std::size_t>(p));
  for (Index i = 0; i < rows.rows; ++i) {
    for (Index j = 0; j < p; ++j) z[j] = rows.at(i, j) - mean[j];
    steps::forward_substitute(p, factor, z.data(), 1);
    const double distance = squared_norm(z.data(), p);
    result[i] = std::isfinite(distance) ? distance : kCanonicalNaN;
  }
}

}  // namespace sigmahat::backends
