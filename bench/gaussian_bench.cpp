// Gaussian fits, the likelihood with its score, and fits of many groups.
#include <fmt/core.h>

#include <algorithm>
#include <numeric>
#include <random>

#include "backends/cpu/lapack.hpp"
#include "bench.hpp"
#include "sigmahat/gaussian_fit.hpp"
#include "sigmahat/gaussian_likelihood.hpp"
#include "sigmahat/moments.hpp"

namespace sigmahat::bench {
namespace {

std::vector<double> random_rows(Index n, Index p) {
  std::vector<double> rows(static_cast<std::size_t>(n * p));
  std::minstd_rand generator(1);
  for (double& value : rows) value = 1 + 1e-9 * static_cast<double>(generator());
  return rows;
}

/// The LAPACK calls that value and score need, alone: factor, whitening, inverse of the factor, congruence.
double lapack_seconds(const Matrix& sigma, const Matrix& s) {
  const int n = static_cast<int>(sigma.rows()), whiten = 1, congruence = 2;
  int info = 0;
  Matrix l = sigma, w = s;
  return seconds([&] {
    dpotrf_("L", &n, l.data(), &n, &info, 1);
    dsygst_(&whiten, "L", &n, w.data(), &n, l.data(), &n, &info, 1);
    dtrtri_("L", "N", &n, l.data(), &n, &info, 1, 1);
    dsygst_(&congruence, "L", &n, w.data(), &n, l.data(), &n, &info, 1);
  });
}

}  // namespace

void bench_fit(Run& run) {
  const Context context({"cpu", run.threads});
  fmt::print("\nMean and covariance, float64, row-major; flops counted as n·p·(p+1)\n");
  fmt::print("{:>9} {:>5} {:>10} {:>9} {:>8} {:>7} {:>8} {:>7} {:>9} {:>12}\n", "n", "p", "seconds", "GFLOP/s",
             "of peak", "GB/s", "of probe", "limit", "of limit", "extra MiB");
  struct Shape {
    Index n, p;
  };
  for (const auto [n, p] : {Shape{1'000'000, 4},
                            {1'000'000, 8},
                            {1'000'000, 32},
                            {200'000, 64},
                            {200'000, 256},
                            {20'000, 2'000},
                            {8'000, 4'000}}) {
    const std::vector<double> rows = random_rows(n, p);
    const auto view = RowsView::row_major(rows.data(), n, p);
    compute_moments(context, view);  // what the libraries allocate once
    const double before = reset_peak_memory();
    compute_moments(context, view);
    const double extra = peak_memory() - before;
    const Sample sample = measure(run, [&] { compute_moments(context, view); });
    const double flops = static_cast<double>(n) * static_cast<double>(p) * static_cast<double>(p + 1);
    const double bytes = 8.0 * static_cast<double>(n) * static_cast<double>(p);
    const double flop_limit = flops / sample.fma, byte_limit = bytes / sample.bandwidth;
    fmt::print("{:>9} {:>5} {:>10.5f} {:>9.1f} {:>7.1f}% {:>7.1f} {:>7.1f}% {:>7} {:>8.1f}% {:>12.1f}\n", n, p,
               sample.seconds, flops / sample.seconds * 1e-9, 100 * flop_limit / sample.seconds,
               bytes / sample.seconds * 1e-9, 100 * byte_limit / sample.seconds,
               flop_limit > byte_limit ? "FMA" : "memory", 100 * std::max(flop_limit, byte_limit) / sample.seconds,
               extra / 1048576);
  }
}

void bench_score(Run& run) {
  const Context context({"cpu", run.threads});
  fmt::print(
      "\nLog-likelihood and scores from moments, against the LAPACK calls they need (potrf, sygst, trtri, sygst)\n");
  fmt::print("{:>5} {:>10} {:>10} {:>7} {:>9}\n", "p", "seconds", "LAPACK", "ratio", "of peak");
  for (const Index p : {256, 2000}) {
    const Index n = 2 * p;
    const std::vector<double> rows = random_rows(n, p);
    const Moments moments = compute_moments(context, RowsView::row_major(rows.data(), n, p));
    Matrix sigma = moments.covariance();
    for (Index i = 0; i < p; ++i) sigma(i, i) *= 1.5;
    std::vector<double> ours, lapack, rates;
    lapack_seconds(sigma, moments.covariance());  // first touch, start of threads
    for (int r = 0; r < run.repetitions + 1; ++r) {
      lapack.push_back(lapack_seconds(sigma, moments.covariance()));
      ours.push_back(
          seconds([&] { gaussian_score(context, moments, moments.mean, sigma, CovarianceScore::symmetric); }));
      rates.push_back(fma_rate(run.threads));
    }
    const double flops = 8.0 / 3 * static_cast<double>(p) * static_cast<double>(p) * static_cast<double>(p);
    const double time = median(ours);
    fmt::print("{:>5} {:>10.5f} {:>10.5f} {:>7.2f} {:>8.1f}%\n", p, time, median(lapack), time / median(lapack),
               100 * flops / time / median(rates));
  }
}

void bench_groups(Run& run) {
  const Context context({"cpu", run.threads});
  fmt::print("\nMany groups of 64 rows: moments, then closed form with two-step Fisher ascent and comparison\n");
  fmt::print("{:>7} {:>4} {:>12} {:>14} {:>8} {:>12}\n", "groups", "p", "moments, s", "groups/second", "of probe",
             "fit, s");
  for (const Index p : {4, 8, 16}) {
    const Index groups = 20'000, rows_each = 64, n = groups * rows_each;
    const std::vector<double> rows = random_rows(n, p);
    const auto view = RowsView::row_major(rows.data(), n, p);
    std::vector<Index> offsets(static_cast<std::size_t>(groups + 1));
    for (Index g = 0; g <= groups; ++g) offsets[static_cast<std::size_t>(g)] = g * rows_each;
    MomentsBatch batch;
    const Sample sample = measure(run, [&] { batch = compute_grouped_moments(context, view, offsets); });
    GaussianFitOptions options;
    options.compare = true;
    const double fit = seconds([&] { fit_gaussian(context, batch, options); });
    fmt::print("{:>7} {:>4} {:>12.5f} {:>14.0f} {:>7.1f}% {:>12.5f}\n", groups, p, sample.seconds,
               static_cast<double>(groups) / sample.seconds,
               100 * 8.0 * static_cast<double>(n * p) / sample.bandwidth / sample.seconds, fit);
  }
}

}  // namespace sigmahat::bench
