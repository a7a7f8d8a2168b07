// A backend that passes every call on and counts those that tests ask about.
#pragma once

#include <memory>
#include <utility>

#include "sigmahat/host/operations.hpp"

namespace sigmahat::test {

struct CallCounts {
  Index transferred = 0;  // numbers that crossed between host and device by upload and download
  Index evaluations = 0, evaluated_problems = 0, targets = 0, newtons = 0, scores = 0, moves = 0, ranks = 0;
  Index matrix_functions = 0;
};

class CountingOperations : public Operations {
 public:
  CountingOperations(std::unique_ptr<Operations> inner, CallCounts& counts)
      : inner_(std::move(inner)), counts_(counts) {}

  BackendInfo info() const override { return inner_->info(); }
  double* allocate(std::size_t count) override { return inner_->allocate(count); }
  void release(double* device) noexcept override { inner_->release(device); }
  void upload(const double* host, double* device, std::size_t count) override {
    counts_.transferred += static_cast<Index>(count);
    inner_->upload(host, device, count);
  }
  void download(const double* device, double* host, std::size_t count) override {
    counts_.transferred += static_cast<Index>(count);
    inner_->download(device, host, count);
  }
  std::unique_ptr<MomentsPass> begin_moments(Index columns, MissingRows missing) override {
    return inner_->begin_moments(columns, missing);
  }
  bool grouped_moments(const RowsView& rows, std::span<const Index> offsets, MissingRows missing,
                       const MomentsView& result) override {
    return inner_->grouped_moments(rows, offsets, missing, result);
  }
  void gaussian_evaluate(Index p, std::span<const Index> active, const GaussianData& data, const GaussianPoint& point,
                         std::span<GaussianEvaluation> evaluations) override {
    ++counts_.evaluations;
    counts_.evaluated_problems += static_cast<Index>(active.size());
    inner_->gaussian_evaluate(p, active, data, point, evaluations);
  }
  void gaussian_target(Index p, std::span<const Index> active, std::span<const std::uint8_t> mean_only,
                       const GaussianData& data, const GaussianPoint& point,
                       const GaussianDirection& direction) override {
    ++counts_.targets;
    inner_->gaussian_target(p, active, mean_only, data, point, direction);
  }
  void gaussian_newton(Index p, std::span<const Index> active, const GaussianData& data, const GaussianPoint& point,
                       const GaussianDirection& direction, std::span<GaussianNewton> outcomes) override {
    ++counts_.newtons;
    inner_->gaussian_newton(p, active, data, point, direction, outcomes);
  }
  void gaussian_score(Index p, CovarianceScore convention, std::span<const Index> active, const GaussianPoint& point,
                      const GaussianDirection& direction, std::span<double> slopes) override {
    ++counts_.scores;
    inner_->gaussian_score(p, convention, active, point, direction, slopes);
  }
  void gaussian_move(Index p, std::span<const Index> active, std::span<const double> keep, std::span<const double> step,
                     const GaussianPoint& from, const GaussianDirection& direction, const GaussianPoint& to,
                     std::span<GaussianMove> moves) override {
    ++counts_.moves;
    inner_->gaussian_move(p, active, keep, step, from, direction, to, moves);
  }
  void gaussian_copy(Index p, std::span<const Index> active, const GaussianPoint& from,
                     const GaussianPoint& to) override {
    inner_->gaussian_copy(p, active, from, to);
  }
  void least_squares(const LeastSquaresRows& rows, const LeastSquaresSpec& spec,
                     const LeastSquaresView& result) override {
    inner_->least_squares(rows, spec, result);
  }
  void matrix_function(const MatrixFunctionCall& call) override {
    ++counts_.matrix_functions;
    inner_->matrix_function(call);
  }
  ProblemStatus cholesky(Index p, const double* a, double* l) override { return inner_->cholesky(p, a, l); }
  Index rank(Index p, const double* a, double tolerance) override {
    ++counts_.ranks;
    return inner_->rank(p, a, tolerance);
  }
  void mahalanobis_squared(const RowsView& rows, const double* mean, const double* factor, double* result) override {
    inner_->mahalanobis_squared(rows, mean, factor, result);
  }

 private:
  std::unique_ptr<Operations> inner_;
  CallCounts& counts_;
};

}  // namespace sigmahat::test
