// Moments for p > 64: panels of rows, cublasDsyrk into one matrix, and merging as kernels/panel_launch.hpp says.
// Each add() waits once, at its end.
#include <algorithm>

#include "operations.hpp"
#include "rows_buffer.hpp"
#include "sigmahat/kernels/gaussian_large_launch.hpp"
#include "sigmahat/kernels/panel_launch.hpp"

namespace sigmahat::backends::cuda {
namespace {

constexpr Index kLargestPanel = 32768;

/// One node of p > 64; the panel's needs no scatter.
struct LargeNode {
  LargeNode(Gpu& gpu, Index p, bool with_scatter)
      : weight(gpu.array<double>(1)),
        mean(gpu.array<double>(p)),
        residual(gpu.array<double>(p)),
        scatter(gpu.array<double>(with_scatter ? p * p : 0)),
        counts(gpu.array<MomentCounts>(1)) {}
  MomentNodes view() const { return {weight.get(), mean.get(), residual.get(), scatter.get(), counts.get()}; }

  DeviceArray<double> weight, mean, residual, scatter;
  DeviceArray<MomentCounts> counts;
};

class LargeMomentsPass final : public MomentsPass {
 public:
  LargeMomentsPass(Gpu& gpu, Index columns, MissingRows missing)
      : gpu_(gpu),
        p_(columns),
        missing_(missing),
        node_(gpu, columns, false),
        total_(gpu, columns, true),
        delta_(gpu.array<double>(columns)),
        factor_(gpu.array<double>(1)) {
    const std::size_t vector = static_cast<std::size_t>(p_) * sizeof(double);
    gpu_.zero(total_.weight.get(), sizeof(double));
    gpu_.zero(total_.mean.get(), vector);
    gpu_.zero(total_.residual.get(), vector);
    gpu_.zero(total_.scatter.get(), vector * static_cast<std::size_t>(p_));
    gpu_.zero(total_.counts.get(), sizeof(MomentCounts));
  }

  bool add(const RowsView& rows) override {
    const GpuOperation operation = gpu_.begin();
    const Index bytes = row_bytes(rows) + p_ * static_cast<Index>(sizeof(double));
    const Index fitting = gpu_.chunk_bytes() / bytes / kSliceRows * kSliceRows;
    const Index panel_rows = std::min(std::clamp(fitting, kSliceRows, kLargestPanel), rows.rows);
    for (Index first = 0; first < rows.rows; first += panel_rows) {
      add_panel(rows.slice(first, std::min(panel_rows, rows.rows - first)));
    }
    MomentCounts counts;
    gpu_.fetch(total_.counts.get(), std::span(&counts, 1));
    return counts.not_finite == 0;
  }

  void finish(const MomentsView& result) override {
    const GpuOperation operation = gpu_.begin();
    check(launch_mirror_lower(gpu_.stream(), p_, total_.scatter.get()), "mirror_lower kernel");
    MomentCounts counts;
    gpu_.fetch(total_.counts.get(), std::span(&counts, 1));
    *result.rows = counts.rows;
    *result.dropped = counts.dropped;
    const std::size_t vector = static_cast<std::size_t>(p_) * sizeof(double);
    gpu_.download(total_.weight.get(), result.weight, sizeof(double));
    gpu_.download(total_.mean.get(), result.mean, vector);
    gpu_.download(total_.residual.get(), result.mean_residual, vector);
    gpu_.download(total_.scatter.get(), result.scatter, vector * static_cast<std::size_t>(p_));
    if (*result.weight == 0) {
      std::fill_n(result.mean, p_, kCanonicalNaN);
      std::fill_n(result.mean_residual, p_, kCanonicalNaN);
    }
  }

 private:
  void add_panel(const RowsView& rows) {
    const Index count = rows.rows;
    gpu_.reserve(weight_, count);
    gpu_.reserve(dropped_, count);
    gpu_.reserve(centred_, count * p_);
    gpu_.reserve(slices_, (count + kSliceRows - 1) / kSliceRows * p_);
    const MomentPanel panel{rows_.upload(gpu_, rows), count,         p_,           weight_.get(), dropped_.get(),
                            centred_.get(),           slices_.get(), delta_.get(), factor_.get()};
    check(launch_panel_centre(gpu_.stream(), panel, missing_ == MissingRows::drop, node_.view()),
          "panel_centre kernels");
    const double one = 1;
    check(cublasDsyrk_64(gpu_.blas(), CUBLAS_FILL_MODE_LOWER, CUBLAS_OP_N, p_, count, &one, centred_.get(), p_, &one,
                         total_.scatter.get(), p_),
          "cublasDsyrk_64");
    check(launch_panel_merge(gpu_.stream(), panel, node_.view(), total_.view()), "panel_merge kernels");
  }

  Gpu& gpu_;
  Index p_;
  MissingRows missing_;
  LargeNode node_, total_;
  RowsBuffer rows_;
  DeviceArray<double> weight_, dropped_, centred_, slices_, delta_, factor_;
};

}  // namespace

std::unique_ptr<MomentsPass> begin_large_moments(Gpu& gpu, Index columns, MissingRows missing) {
  return std::make_unique<LargeMomentsPass>(gpu, columns, missing);
}

}  // namespace sigmahat::backends::cuda
