// Batches of regressions beside the limits of the device and Eigen.
//
// Per problem of m rows and k columns, float64, no intercept: 8·m·(k+1) bytes are read, m(k+1)(k+2) flops form the Gram
// matrix. Time that the limits allow on two cores with 54 GB/s and 116 GFLOP/s, nanoseconds a problem:
//   m × k      memory  arithmetic
//   32 × 4         24           8
//   64 × 8         85          50
//   256 × 16      645         675
//   1,000 × 32  4,889       9,672
//   5,000 × 64 48,148     184,914
#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "bench.hpp"
#include "eigen_peer.hpp"
#include "sigmahat/least_squares.hpp"

namespace sigmahat::bench {
namespace {

struct Shape {
  Index problems, rows, columns;
};

/// Design matrices and responses, some of which can be made deficient for a while.
class Regressions {
 public:
  explicit Regressions(const Shape& shape)
      : shape_(shape),
        x_(random_rows(shape.problems * shape.rows, shape.columns)),
        y_(random_rows(shape.problems * shape.rows, 1)),
        coefficients_(static_cast<std::size_t>(shape.problems * shape.columns)),
        errors_(coefficients_.size()) {
    for (double& value : x_) value -= 2;  // about zero: well-conditioned
    rows_.x = RowsView::row_major(x_.data(), shape.problems * shape.rows, shape.columns);
    rows_.y = RowsView::row_major(y_.data(), shape.problems * shape.rows, 1);
    rows_.problems = shape.problems;
    rows_.rows_per_problem = shape.rows;
  }

  void fit(const Run& run, StandardErrors errors) {
    LeastSquaresSpec spec;
    spec.standard_errors = errors;
    LeastSquaresView view;
    view.coefficients = coefficients_.data();
    if (errors != StandardErrors::none) view.standard_errors = errors_.data();
    run.context.operations().least_squares(rows_, spec, view);
  }
  LeastSquaresBatch batch() const {
    return LeastSquaresBatch::uniform(x_.data(), y_.data(), shape_.problems, shape_.rows, shape_.columns);
  }
  bool fit_with_eigen(std::vector<double>& coefficients, int threads) const {
    coefficients.resize(coefficients_.size());
    return eigen_least_squares(shape_.problems, shape_.rows, shape_.columns, x_.data(), y_.data(), coefficients.data(),
                               threads);
  }
  const std::vector<double>& coefficients() const { return coefficients_; }

  /// In every hundredth problem the last column becomes a copy of the first, or what it was again.
  void plant(bool deficient) {
    if (deficient == planted_) return;
    planted_ = deficient;
    const Index k = shape_.columns;
    kept_.resize(static_cast<std::size_t>((shape_.problems / 100 + 1) * shape_.rows));
    Index kept = 0;
    for (Index problem = 50; problem < shape_.problems; problem += 100) {
      for (Index i = problem * shape_.rows; i < (problem + 1) * shape_.rows; ++i, ++kept) {
        double& last = x_[i * k + k - 1];
        if (deficient) kept_[kept] = last;
        last = deficient ? x_[i * k] : kept_[kept];
      }
    }
  }

 private:
  Shape shape_;
  std::vector<double> x_, y_, coefficients_, errors_, kept_;
  LeastSquaresRows rows_;
  bool planted_ = false;
};

/// Median time of `changed` over that of `plain`, run in turn.
double time_ratio(const Run& run, const std::function<void()>& plain, const std::function<void()>& changed,
                  const std::function<void(bool)>& prepare) {
  std::vector<double> before, after;
  for (int r = 0; r <= run.repetitions; ++r) {
    prepare(false);
    const double first = seconds(plain);
    prepare(true);
    const double second = seconds(changed);
    if (r == 0) continue;  // first touch
    before.push_back(first);
    after.push_back(second);
  }
  prepare(false);
  return median(after) / median(before);
}

double largest_difference(const std::vector<double>& a, const std::vector<double>& b) {
  double largest = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const double difference = std::abs(a[i] - b[i]) / (1 + std::abs(b[i]));
    if (!(difference <= largest)) largest = difference;
  }
  return largest;
}

void bench_shape(const Run& run, const Shape& shape) {
  Regressions data(shape);
  const double m = static_cast<double>(shape.rows), k = static_cast<double>(shape.columns);
  const double problems = static_cast<double>(shape.problems);
  const double flops = problems * m * (k + 1) * (k + 2), bytes = 8 * problems * m * (k + 1);
  const auto plain = [&] { data.fit(run, StandardErrors::none); };
  const Sample sample = measure(run, plain);
  const double bandwidth = std::min(sample.rates.bandwidth, sample.rates.transfer);
  const auto nothing = [](bool) {};
  const double errors = time_ratio(
      run, plain, [&] { data.fit(run, StandardErrors::classical); }, nothing);
  const double deficient = time_ratio(run, plain, plain, [&](bool planted) { data.plant(planted); });
  const LeastSquaresBatch batch = data.batch();
  const double fit = measure(run, [&] { fit_least_squares(run.context, batch); }).seconds;
  fmt::print("{:>9} {:>5} {:>3} {:>11.0f} {:>7.1f} {:>7.1f}% {:>8.1f} {:>7.1f}% {:>7.2f} {:>7.2f} {:>11.0f}",
             shape.problems, shape.rows, shape.columns, problems / sample.seconds, bytes / sample.seconds * 1e-9,
             100 * bytes / bandwidth / sample.seconds, flops / sample.seconds * 1e-9,
             100 * flops / sample.rates.flops / sample.seconds, errors, deficient, problems / fit);
  std::vector<double> theirs;
  const int threads = run.context.operations().info().threads;
  if (!data.fit_with_eigen(theirs, threads)) {
    fmt::print("\n");
    return;
  }
  const double eigen = measure(run, [&] { data.fit_with_eigen(theirs, threads); }).seconds;
  plain();
  fmt::print(" {:>11.0f} {:>7.2f} {:>10.1e}\n", problems / eigen, eigen / sample.seconds,
             largest_difference(data.coefficients(), theirs));
}

}  // namespace

void bench_least_squares(const Run& run) {
  const std::string eigen = eigen_version();
  fmt::print(
      "\nRegressions, float64, no intercept; flops counted as m(k+1)(k+2). Ratios of times: with classical standard\n"
      "errors, and with 1 % of rank-deficient problems. fit: through fit_least_squares.\n");
  if (eigen.empty()) {
    fmt::print("Eigen: not installed when the benchmarks were built, so it is not measured\n");
  } else {
    fmt::print("Eigen: {}; the difference is the largest of any coefficient\n", eigen);
  }
  fmt::print("{:>9} {:>5} {:>3} {:>11} {:>7} {:>8} {:>8} {:>8} {:>7} {:>7} {:>11}", "problems", "m", "k", "problems/s",
             "GB/s", run.on_gpu() ? "of bus" : "of probe", "GFLOP/s", "of peak", "errors", "1 %", "fit, /s");
  if (!eigen.empty()) fmt::print(" {:>11} {:>7} {:>10}", "Eigen, /s", "ratio", "difference");
  fmt::print("\n");
  for (const Shape& shape : {Shape{1'000'000, 32, 4}, Shape{100'000, 64, 8}, Shape{20'000, 256, 16},
                             Shape{2'000, 1'000, 32}, Shape{200, 5'000, 64}}) {
    bench_shape(run, shape);
  }
}

}  // namespace sigmahat::bench
