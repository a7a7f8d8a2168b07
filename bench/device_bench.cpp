// Kernels alone, on rows that are in device memory already; compiled where CUDA is. A fit from host memory shows little
// of them: the transfer binds it.
#include <fmt/core.h>

#include <algorithm>
#include <cmath>

#include "bench.hpp"
#include "device_timer.hpp"
#include "sigmahat/kernels/block_list_launch.hpp"
#include "sigmahat/kernels/least_squares_launch.hpp"
#include "sigmahat/kernels/moments_launch.hpp"

namespace sigmahat::bench {
namespace {

namespace cuda = backends::cuda;
using cuda::check;

/// One data set of n rows and the memory that its moments need on the device.
class ResidentMoments {
 public:
  ResidentMoments(cuda::Gpu& gpu, Index n, Index p)
      : gpu_(gpu),
        p_(p),
        blocks_((n + kCanonicalBlock - 1) / kCanonicalBlock),
        rows_(gpu.array<double>(n * p)),
        weight_(gpu.array<double>(blocks_)),
        mean_(gpu.array<double>(blocks_ * p)),
        residual_(gpu.array<double>(blocks_ * p)),
        scatter_(gpu.array<double>(blocks_ * p * p)),
        counts_(gpu.array<MomentCounts>(blocks_)),
        segment_rows_(gpu.array<Index>(2)),
        segment_blocks_(gpu.array<Index>(2)),
        block_segment_(gpu.array<Index>(blocks_)) {
    const std::vector<double> host = random_rows(n, p);
    gpu.upload(host.data(), rows_.get(), host.size() * sizeof(double));
    const Index offsets[] = {0, n};
    gpu.upload(offsets, segment_rows_.get(), sizeof(offsets));
    check(launch_block_list(gpu.stream(), 1, blocks_, segment_rows_.get(), segment_blocks_.get(), block_segment_.get()),
          "block list (Thrust)");
  }

  /// Queues all of it: blocks, tree, and the closed root.
  void queue() {
    const DeviceRows rows{rows_.get(), false, p_, 1, nullptr};
    const BlockList list{1, blocks_, blocks_, segment_rows_.get(), segment_blocks_.get(), block_segment_.get()};
    const MomentNodes nodes{weight_.get(), mean_.get(), residual_.get(), scatter_.get(), counts_.get()};
    check(launch_moments_blocks(gpu_.stream(), rows, list, p_, false, nodes), "moments_block kernel");
    check(launch_moments_tree(gpu_.stream(), list, p_, nodes), "moments_tree kernel");
    check(launch_moments_close(gpu_.stream(), 1, p_, nodes), "moments_close kernel");
  }

 private:
  cuda::Gpu& gpu_;
  Index p_, blocks_;
  cuda::DeviceArray<double> rows_, weight_, mean_, residual_, scatter_;
  cuda::DeviceArray<MomentCounts> counts_;
  cuda::DeviceArray<Index> segment_rows_, segment_blocks_, block_segment_;
};

void bench_moments(const Run& run, cuda::Gpu& gpu) {
  DeviceTimer timer(gpu);
  fmt::print("\nMoments of rows in device memory, kernels alone, float64, row-major; flops counted as n·p·(p+1)\n");
  fmt::print("{:>9} {:>5} {:>10} {:>9} {:>8} {:>7} {:>8} {:>8} {:>9}\n", "n", "p", "seconds", "GFLOP/s", "of peak",
             "GB/s", "of copy", "limit", "of limit");
  struct Shape {
    Index n, p;
  };
  for (const auto [n, p] : {Shape{4'000'000, 4}, {4'000'000, 8}, {1'000'000, 32}, {1'000'000, 64}}) {
    ResidentMoments moments(gpu, n, p);
    timer.seconds([&] { moments.queue(); });  // first use
    std::vector<double> times, flop_rates, bandwidths;
    for (int r = 0; r < run.repetitions; ++r) {
      const Rates rates = run.limits.measure();
      flop_rates.push_back(rates.flops);
      bandwidths.push_back(rates.bandwidth);
      times.push_back(timer.seconds([&] { moments.queue(); }));
    }
    const double flops = static_cast<double>(n) * static_cast<double>(p) * static_cast<double>(p + 1);
    const double bytes = 8.0 * static_cast<double>(n) * static_cast<double>(p);
    const double time = median(times);
    const double flop_limit = flops / median(flop_rates), byte_limit = bytes / median(bandwidths);
    fmt::print("{:>9} {:>5} {:>10.6f} {:>9.1f} {:>7.1f}% {:>7.1f} {:>7.1f}% {:>8} {:>8.1f}%\n", n, p, time,
               flops / time * 1e-9, 100 * flop_limit / time, bytes / time * 1e-9, 100 * byte_limit / time,
               flop_limit > byte_limit ? "FP64" : "memory", 100 * std::max(flop_limit, byte_limit) / time);
  }
}

/// B problems of m rows and k columns, row-major and without an intercept, and the memory that they need on the device.
struct RegressionShape {
  Index problems, rows, columns;
};
class ResidentRegressions {
 public:
  ResidentRegressions(cuda::Gpu& gpu, const RegressionShape& shape)
      : gpu_(gpu),
        shape_(shape),
        q_(shape.columns + 1),
        large_(shape.rows > kCanonicalBlock),
        blocks_(large_ ? shape.problems * ((shape.rows + kCanonicalBlock - 1) / kCanonicalBlock) : 0),
        host_x_(random_rows(shape.problems * shape.rows, shape.columns)),
        host_y_(random_rows(shape.problems * shape.rows, 1)),
        x_(gpu.array<double>(shape.problems * shape.rows * shape.columns)),
        y_(gpu.array<double>(shape.problems * shape.rows)),
        coefficients_(gpu.array<double>(shape.problems * shape.columns)),
        errors_(gpu.array<double>(shape.problems * shape.columns)),
        accepted_(gpu.array<int>(shape.problems)),
        weight_(gpu.array<double>(blocks_)),
        scatter_(gpu.array<double>(blocks_ * q_ * q_)),
        root_weight_(gpu.array<double>(large_ ? shape.problems : 0)),
        root_scatter_(gpu.array<double>(large_ ? shape.problems * q_ * q_ : 0)),
        counts_(gpu.array<MomentCounts>(blocks_)),
        root_counts_(gpu.array<MomentCounts>(large_ ? shape.problems : 0)) {
    for (double& value : host_x_) value -= 2;  // about zero: well-conditioned
    gpu.upload(host_x_.data(), x_.get(), host_x_.size() * sizeof(double));
    gpu.upload(host_y_.data(), y_.get(), host_y_.size() * sizeof(double));
    if (large_) list_blocks();
  }

  /// Queues all of it, from the rows to the coefficients.
  void queue(bool with_errors) {
    const Index k = shape_.columns;
    const RegressionRows rows{{x_.get(), false, k, 1, nullptr}, {y_.get(), false, 1, 1, nullptr}};
    LeastSquaresTask task;
    task.columns = k;
    task.largest_condition = kRefineCondition;
    task.needs_rss = with_errors;
    LeastSquaresArrays results;
    results.coefficients = coefficients_.get();
    results.standard_errors = with_errors ? errors_.get() : nullptr;
    results.accepted = accepted_.get();
    if (!large_) {
      const ProblemList problems{shape_.problems, shape_.rows, nullptr, nullptr};
      check(launch_least_squares(gpu_.stream(), rows, problems, task, results, {}), "least_squares kernel");
      return;
    }
    const Index per_problem = blocks_ / shape_.problems;
    const BlockList list{shape_.problems,     blocks_, per_problem, segment_rows_.get(), segment_blocks_.get(),
                         block_segment_.get()};
    const MomentNodes nodes{weight_.get(), nullptr, nullptr, scatter_.get(), counts_.get()};
    const MomentNodes roots{root_weight_.get(), nullptr, nullptr, root_scatter_.get(), root_counts_.get()};
    check(launch_least_squares_blocks(gpu_.stream(), rows, list, segment_rows_.get(), task, nodes),
          "least_squares_block kernel");
    check(launch_moments_tree(gpu_.stream(), list, q_, nodes), "moments_tree kernel");
    check(launch_moments_roots(gpu_.stream(), list, q_, nodes, roots, 0), "moments_roots kernel");
    check(launch_least_squares_roots(gpu_.stream(), shape_.problems, nullptr, numbers_.get(), roots, task, results, {}),
          "least_squares_roots kernel");
  }

  const double* x() const { return x_.get(); }
  const double* y() const { return y_.get(); }
  const std::vector<double>& host_x() const { return host_x_; }
  const std::vector<double>& host_y() const { return host_y_; }
  std::vector<double> coefficients() { return read(coefficients_); }
  std::vector<double> read(const cuda::DeviceArray<double>& array) {
    std::vector<double> host(static_cast<std::size_t>(array.count()));
    gpu_.download(array.get(), host.data(), host.size() * sizeof(double));
    return host;
  }

 private:
  void list_blocks() {
    std::vector<Index> rows(static_cast<std::size_t>(shape_.problems) + 1), numbers(rows.size());
    for (std::size_t b = 0; b < rows.size(); ++b) {
      rows[b] = static_cast<Index>(b) * shape_.rows;
      numbers[b] = static_cast<Index>(b);
    }
    segment_rows_ = gpu_.send(std::span<const Index>(rows));
    numbers_ = gpu_.send(std::span<const Index>(numbers));
    segment_blocks_ = gpu_.array<Index>(shape_.problems + 1);
    block_segment_ = gpu_.array<Index>(blocks_);
    check(launch_block_list(gpu_.stream(), shape_.problems, blocks_, segment_rows_.get(), segment_blocks_.get(),
                            block_segment_.get()),
          "block list (Thrust)");
  }

  cuda::Gpu& gpu_;
  RegressionShape shape_;
  Index q_;
  bool large_;
  Index blocks_;
  std::vector<double> host_x_, host_y_;
  cuda::DeviceArray<double> x_, y_, coefficients_, errors_;
  cuda::DeviceArray<int> accepted_;
  cuda::DeviceArray<double> weight_, scatter_, root_weight_, root_scatter_;
  cuda::DeviceArray<MomentCounts> counts_, root_counts_;
  cuda::DeviceArray<Index> segment_rows_, segment_blocks_, block_segment_, numbers_;
};

/// The same coefficients by NVIDIA's batched libraries.
class LibraryRegressions {
 public:
  LibraryRegressions(cuda::Gpu& gpu, const RegressionShape& shape, ResidentRegressions& data)
      : gpu_(gpu),
        batch_(static_cast<int>(shape.problems)),
        m_(static_cast<int>(shape.rows)),
        k_(static_cast<int>(shape.columns)),
        data_(data),
        gram_(gpu.array<double>(shape.problems * shape.columns * shape.columns)),
        beta_(gpu.array<double>(shape.problems * shape.columns)),
        columns_(gpu.array<double>(shape.problems * shape.rows * shape.columns)),
        columns_kept_(gpu.array<double>(shape.problems * shape.rows * shape.columns)),
        responses_(gpu.array<double>(shape.problems * shape.rows)),
        info_(gpu.array<int>(shape.problems)),
        gram_places_(places(gram_.get(), shape.columns * shape.columns)),
        beta_places_(places(beta_.get(), shape.columns)),
        columns_places_(places(columns_.get(), shape.rows * shape.columns)),
        responses_places_(places(responses_.get(), shape.rows)) {
    std::vector<double> columns(data.host_x().size());
    for (Index b = 0; b < shape.problems; ++b) {
      for (Index i = 0; i < shape.rows; ++i) {
        for (Index j = 0; j < shape.columns; ++j) {
          columns[(b * shape.columns + j) * shape.rows + i] = data.host_x()[(b * shape.rows + i) * shape.columns + j];
        }
      }
    }
    gpu.upload(columns.data(), columns_kept_.get(), columns.size() * sizeof(double));
  }

  /// XᵀX and Xᵀy by gemmStridedBatched, potrfBatched, potrsBatched.
  void queue_normal_equations() {
    const double one = 1, zero = 0;
    const long long rows_stride = static_cast<long long>(m_) * k_, gram_stride = static_cast<long long>(k_) * k_;
    check(cublasDgemmStridedBatched(gpu_.blas(), CUBLAS_OP_N, CUBLAS_OP_T, k_, k_, m_, &one, data_.x(), k_, rows_stride,
                                    data_.x(), k_, rows_stride, &zero, gram_.get(), k_, gram_stride, batch_),
          "cublasDgemmStridedBatched");
    check(cublasDgemmStridedBatched(gpu_.blas(), CUBLAS_OP_N, CUBLAS_OP_N, k_, 1, m_, &one, data_.x(), k_, rows_stride,
                                    data_.y(), m_, m_, &zero, beta_.get(), k_, k_, batch_),
          "cublasDgemmStridedBatched");
    check(
        cusolverDnDpotrfBatched(gpu_.solver(), CUBLAS_FILL_MODE_LOWER, k_, gram_places_.get(), k_, info_.get(), batch_),
        "cusolverDnDpotrfBatched");
    check(cusolverDnDpotrsBatched(gpu_.solver(), CUBLAS_FILL_MODE_LOWER, k_, 1, gram_places_.get(), k_,
                                  beta_places_.get(), k_, info_.get(), batch_),
          "cusolverDnDpotrsBatched");
  }

  /// QR by gelsBatched, which overwrites its input: prepare() comes first and is not timed.
  void prepare_gels() {
    gpu_.copy_on_device(columns_kept_.get(), columns_.get(), columns_.count());
    gpu_.copy_on_device(data_.y(), responses_.get(), responses_.count());
  }
  void queue_gels() {
    int fault = 0;
    check(cublasDgelsBatched(gpu_.blas(), CUBLAS_OP_N, m_, k_, 1, columns_places_.get(), m_, responses_places_.get(),
                             m_, &fault, info_.get(), batch_),
          "cublasDgelsBatched");
  }

  std::vector<double> coefficients() { return data_.read(beta_); }

 private:
  cuda::DeviceArray<double*> places(double* first, Index step) {
    std::vector<double*> all(static_cast<std::size_t>(batch_));
    for (std::size_t b = 0; b < all.size(); ++b) all[b] = first + static_cast<Index>(b) * step;
    return gpu_.send(std::span<double* const>(all));
  }

  cuda::Gpu& gpu_;
  int batch_, m_, k_;
  ResidentRegressions& data_;
  cuda::DeviceArray<double> gram_, beta_, columns_, columns_kept_, responses_;
  cuda::DeviceArray<int> info_;
  cuda::DeviceArray<double*> gram_places_, beta_places_, columns_places_, responses_places_;
};

double largest_difference(const std::vector<double>& a, const std::vector<double>& b) {
  double largest = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const double difference = std::abs(a[i] - b[i]) / (1 + std::abs(b[i]));
    if (!(difference <= largest)) largest = difference;
  }
  return largest;
}

void bench_regressions(const Run& run, cuda::Gpu& gpu, const RegressionShape& shape) {
  DeviceTimer timer(gpu);
  ResidentRegressions data(gpu, shape);
  LibraryRegressions library(gpu, shape, data);
  std::vector<double> plain, errors, normal, gels, flop_rates, bandwidths;
  for (int r = 0; r <= run.repetitions; ++r) {
    const Rates rates = run.limits.measure();
    const double times[] = {timer.seconds([&] { data.queue(false); }), timer.seconds([&] { data.queue(true); }),
                            timer.seconds([&] { library.queue_normal_equations(); })};
    library.prepare_gels();
    const double gels_time = timer.seconds([&] { library.queue_gels(); });
    if (r == 0) continue;  // first use
    flop_rates.push_back(rates.flops);
    bandwidths.push_back(rates.bandwidth);
    plain.push_back(times[0]);
    errors.push_back(times[1]);
    normal.push_back(times[2]);
    gels.push_back(gels_time);
  }
  const double m = static_cast<double>(shape.rows), k = static_cast<double>(shape.columns);
  const double problems = static_cast<double>(shape.problems), time = median(plain);
  const double flops = problems * m * (k + 1) * (k + 2), bytes = 8 * problems * m * (k + 1);
  const double flop_limit = flops / median(flop_rates), byte_limit = bytes / median(bandwidths);
  fmt::print(
      "{:>9} {:>5} {:>3} {:>10.6f} {:>7.1f} {:>7.1f}% {:>9.1f} {:>7.1f}% {:>8} {:>7.2f} {:>9.2f} {:>7.2f} {:>10.1e}\n",
      shape.problems, shape.rows, shape.columns, time, bytes / time * 1e-9, 100 * byte_limit / time,
      flops / time * 1e-9, 100 * flop_limit / time, flop_limit > byte_limit ? "FP64" : "memory", median(errors) / time,
      median(normal) / time, median(gels) / time, largest_difference(data.coefficients(), library.coefficients()));
}

/// More columns than the own kernels take: the whole call, from and to host memory.
void bench_large_regressions(const Run& run, cuda::Gpu& gpu, const RegressionShape& shape) {
  DeviceTimer timer(gpu);
  ResidentRegressions data(gpu, shape);
  LibraryRegressions library(gpu, shape, data);
  LeastSquaresRows rows;
  rows.x = RowsView::row_major(data.host_x().data(), shape.problems * shape.rows, shape.columns);
  rows.y = RowsView::row_major(data.host_y().data(), shape.problems * shape.rows, 1);
  rows.problems = shape.problems;
  rows.rows_per_problem = shape.rows;
  std::vector<double> coefficients(static_cast<std::size_t>(shape.problems * shape.columns));
  LeastSquaresView view;
  view.coefficients = coefficients.data();
  std::vector<double> whole, normal, flop_rates, transfers;
  for (int r = 0; r <= run.repetitions; ++r) {
    const Rates rates = run.limits.measure();
    const double time = seconds([&] { run.context.operations().least_squares(rows, LeastSquaresSpec{}, view); });
    const double theirs = timer.seconds([&] { library.queue_normal_equations(); });
    if (r == 0) continue;  // first use
    flop_rates.push_back(rates.flops);
    transfers.push_back(rates.transfer);
    whole.push_back(time);
    normal.push_back(theirs);
  }
  const double m = static_cast<double>(shape.rows), k = static_cast<double>(shape.columns);
  const double problems = static_cast<double>(shape.problems), time = median(whole);
  const double flops = problems * (m * (k + 1) * (k + 2) + 4.0 / 3 * k * k * k);
  const double bytes = 8 * problems * (m * (k + 1) + 4 * k * k);
  fmt::print("{:>9} {:>5} {:>4} {:>10.6f} {:>7.1f} {:>7.1f}% {:>9.1f} {:>7.1f}% {:>9.3f} {:>10.1e}\n", shape.problems,
             shape.rows, shape.columns, time, bytes / time * 1e-9, 100 * bytes / median(transfers) / time,
             flops / time * 1e-9, 100 * flops / median(flop_rates) / time, median(normal) / time,
             largest_difference(coefficients, library.coefficients()));
}

}  // namespace

void bench_resident(const Run& run) {
  cuda::Gpu gpu(run.gpu, cuda::kDefaultChunkBytes);
  bench_moments(run, gpu);
  fmt::print(
      "\nRegressions of rows in device memory, kernels alone, float64, no intercept; flops counted as m(k+1)(k+2).\n"
      "Ratios of times to ours: with classical standard errors; cuBLAS gemmStridedBatched with cuSOLVER potrfBatched\n"
      "and potrsBatched; cuBLAS gelsBatched. The difference is the largest of any coefficient to the former.\n");
  fmt::print("{:>9} {:>5} {:>3} {:>10} {:>7} {:>8} {:>9} {:>8} {:>8} {:>7} {:>9} {:>7} {:>10}\n", "problems", "m", "k",
             "seconds", "GB/s", "of copy", "GFLOP/s", "of peak", "limit", "errors", "gemm+potr", "gels", "difference");
  for (const RegressionShape& shape :
       {RegressionShape{1'000'000, 32, 4}, {100'000, 64, 8}, {20'000, 256, 16}, {2'000, 1'000, 32}, {200, 5'000, 64}}) {
    bench_regressions(run, gpu, shape);
  }
  fmt::print(
      "\nRegressions with more columns than the own kernels take: the whole call from host memory, no intercept. "
      "Bytes\n"
      "over the bus counted as 8(m(k+1) + 4k²) a problem, beside copies from pageable memory; flops as m(k+1)(k+2) + "
      "4k³/3.\n"
      "Ratio of times to ours: cuBLAS and cuSOLVER as above, on rows in device memory, without L⁻¹ and without any "
      "copy.\n");
  fmt::print("{:>9} {:>5} {:>4} {:>10} {:>7} {:>8} {:>9} {:>8} {:>9} {:>10}\n", "problems", "m", "k", "seconds", "GB/s",
             "of bus", "GFLOP/s", "of peak", "gemm+potr", "difference");
  for (const RegressionShape& shape : {RegressionShape{2'000, 400, 100}, {100, 2'000, 256}}) {
    bench_large_regressions(run, gpu, shape);
  }
}

}  // namespace sigmahat::bench
