#include <cstdio>
#include <vector>

#include "sigmahat/gaussian_fit.hpp"

int main() {
  // Four observations of two variables, row by row.
  const std::vector<double> data = {1, 2, 3, 4, 5, 9, 7, 5};
  const sigmahat::RowsView rows = sigmahat::RowsView::row_major(data.data(), 4, 2);

  const sigmahat::Context context;  // a GPU if there is one, else the CPU
  const sigmahat::Moments moments = sigmahat::compute_moments(context, rows);
  const sigmahat::GaussianFit fit = sigmahat::fit_gaussian(context, moments);

  std::printf("status          %s\n", sigmahat::to_string(fit.status));
  std::printf("mean            %.6f %.6f\n", fit.mean[0], fit.mean[1]);
  std::printf("covariance      %.6f %.6f\n", fit.covariance(0, 0), fit.covariance(0, 1));
  std::printf("                %.6f %.6f\n", fit.covariance(1, 0), fit.covariance(1, 1));
  std::printf("log-likelihood  %.6f\n", fit.log_likelihood);
}
