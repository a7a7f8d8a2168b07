// Gaussian fits, the likelihood with its score, and fits of many groups.
#include <fmt/core.h>

#include <algorithm>
#include <numeric>
#include <utility>

#include "backends/lapack.hpp"
#include "bench.hpp"
#include "sigmahat/gaussian_fit.hpp"
#include "sigmahat/gaussian_likelihood.hpp"
#include "sigmahat/moments.hpp"

namespace sigmahat::bench {
namespace {

constexpr const char* kPageable = "pageable";
constexpr const char* kPinned = "pinned";

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

/// Fits rows in ordinary memory or, for the GPU alone, in pinned memory, and prints one line.
void fit_line(const Run& run, const RowsView& view, const char* memory) {
  const Index n = view.rows, p = view.columns;
  compute_moments(run.context, view);  // what the libraries allocate once
  const double before = reset_peak_memory();
  compute_moments(run.context, view);
  const double extra = peak_memory() - before;
  const Sample sample = measure(run, [&] { compute_moments(run.context, view); });
  const double flops = static_cast<double>(n) * static_cast<double>(p) * static_cast<double>(p + 1);
  const double bytes = 8.0 * static_cast<double>(n) * static_cast<double>(p);
  const double transfer = memory == kPinned ? sample.rates.pinned_transfer : sample.rates.transfer;
  const std::pair<double, const char*> limits[] = {{flops / sample.rates.flops, run.on_gpu() ? "FP64" : "FMA"},
                                                   {bytes / sample.rates.bandwidth, "memory"},
                                                   {bytes / transfer, memory}};
  const auto percent = [&](double limit) { return 100 * limit / sample.seconds; };
  const auto [limit, name] = *std::max_element(std::begin(limits), std::end(limits));
  fmt::print("{:>9} {:>5} {:>10.5f} {:>9.1f} {:>7.1f}% {:>7.1f} {:>7.1f}%", n, p, sample.seconds,
             flops / sample.seconds * 1e-9, percent(limits[0].first), bytes / sample.seconds * 1e-9,
             percent(limits[1].first));
  if (run.on_gpu()) fmt::print(" {:>8} {:>7.1f}%", memory, percent(limits[2].first));
  fmt::print(" {:>8} {:>8.1f}% {:>12.1f}\n", name, percent(limit), extra / 1048576);
}

}  // namespace

void bench_fit(const Run& run) {
  fmt::print("\nMean and covariance, float64, row-major; flops counted as n·p·(p+1)\n");
  fmt::print("{:>9} {:>5} {:>10} {:>9} {:>8} {:>7} {:>8}", "n", "p", "seconds", "GFLOP/s", "of peak", "GB/s",
             "of probe");
  if (run.on_gpu()) fmt::print(" {:>8} {:>8}", "rows in", "of bus");
  fmt::print(" {:>8} {:>9} {:>12}\n", "limit", "of limit", "extra MiB");
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
    fit_line(run, view, kPageable);
    if (run.on_gpu()) {
      const auto pinned = pin(rows.data(), rows.size() * sizeof(double));
      fit_line(run, view, kPinned);
    }
  }
}

void bench_score(const Run& run) {
  const Context& context = run.context;
  fmt::print(
      "\nLog-likelihood and scores from moments, against the LAPACK calls they need{} (potrf, sygst, trtri, sygst)\n",
      run.on_gpu() ? ", those on the CPU" : "");
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
      rates.push_back(run.limits.measure().flops);
    }
    const double flops = 8.0 / 3 * static_cast<double>(p) * static_cast<double>(p) * static_cast<double>(p);
    const double time = median(ours);
    fmt::print("{:>5} {:>10.5f} {:>10.5f} {:>7.2f} {:>8.1f}%\n", p, time, median(lapack), time / median(lapack),
               100 * flops / time / median(rates));
  }
}

void bench_groups(const Run& run) {
  const Context& context = run.context;
  fmt::print("\nMany groups of 64 rows: moments, then closed form with two-step Fisher ascent and comparison\n");
  fmt::print("{:>7} {:>4} {:>12} {:>14} {:>8} {:>12}\n", "groups", "p", "moments, s", "groups/second",
             run.on_gpu() ? "of bus" : "of probe", "fit, s");
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
    const double bandwidth = std::min(sample.rates.bandwidth, sample.rates.transfer);
    fmt::print("{:>7} {:>4} {:>12.5f} {:>14.0f} {:>7.1f}% {:>12.5f}\n", groups, p, sample.seconds,
               static_cast<double>(groups) / sample.seconds,
               100 * 8.0 * static_cast<double>(n * p) / bandwidth / sample.seconds, fit);
  }
}

}  // namespace sigmahat::bench
