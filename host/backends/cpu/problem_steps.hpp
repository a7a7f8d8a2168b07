// The per-problem mathematics of kernels/steps/ for one CPU thread, compiled for each vector instruction set and chosen
// at run time (the true fma instruction is the point: without it every fma is a library call).
#pragma once

#include "moments.hpp"
#include "sigmahat/kernels/gaussian.hpp"

namespace sigmahat::backends {

/// Pointers to the arrays of one problem; names as in GaussianData, GaussianPoint and GaussianDirection.
struct OneGaussian {
  const double *data_mean, *data_residual, *data_covariance;
  double *mean, *covariance, *factor, *offset, *whitened;
  double *direction_mean, *direction_covariance;
};

struct ProblemSteps {
  GaussianEvaluation (*evaluate)(Index p, const OneGaussian& g, double* scratch);
  void (*target)(Index p, bool mean_only, const OneGaussian& g, double* scratch);
  /// `work` has 2p² + newton_vectors_size(p) numbers.
  GaussianNewton (*newton)(Index p, const OneGaussian& g, double* work);
  double (*score)(Index p, CovarianceScore convention, const OneGaussian& g);
  bool (*cholesky)(Index p, double* a);
  void (*merge)(Index p, const steps::MomentsNode& a, const steps::MomentsNode& b, double* delta);
  /// to = keep·from + step·direction over count numbers; returns {‖to − from‖², ‖to‖²}, chains in order.
  struct Norms {
    double change_squared, norm_squared;
  };
  Norms (*move)(Index count, double keep, double step, const double* from, const double* direction, double* to);
};

/// The version for this processor.
ProblemSteps problem_steps();

}  // namespace sigmahat::backends
