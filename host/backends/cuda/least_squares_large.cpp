// Least squares with more than kLargestGram columns: centred rows come from the host; Gram matrices and the factors of their
// systems are formed here, a group of problems at a time.
//
// Products: cublasDsyrk for each piece of a problem's rows, m·q² flops, where cublasDgemmStridedBatched would take 2·m·q².
// Rows are 8·m·q bytes over the bus: at 25 GB/s they take longer than the products at 34 TFLOP/s up to q ≈ 10⁴, so that
// products of several problems at a time would gain nothing.
// Systems: cusolverDnDpotrfBatched k³/3 flops, cublasDtrsmBatched 2·k² for β and k³ for L⁻¹. Scaling and all else that
// costs k² stays on the host, so 32·k² bytes go over the bus for each problem (Gram matrix to the host, scaled system
// back, L and L⁻¹ to the host), as many as for 4·k rows. At 10 GB/s from and to pageable memory that is 32 µs for k = 100
// and 0.8 ms for k = 500, where one core (Zen 4) has LAPACK's 2/3·k³ flops done in 80 µs and 4 ms.
#include <algorithm>
#include <mutex>

#include "operations.hpp"

namespace sigmahat::backends::cuda {
namespace {

/// Enough to fill any GPU.
constexpr Index kLargestGroup = 1024;
/// Above, one matrix alone fills the GPU, and the batched calls, which are made for small ones, have no more to gain.
constexpr Index kLargestBatched = 512;

/// Rows that come at a time, at most.
Index most_rows(const LeastSquaresRows& rows) {
  Index longest = 0;
  for (Index b = 0; b < rows.problems && longest < kMostRowsAtOnce; ++b) longest = std::max(longest, rows.rows_of(b));
  return std::min(longest, kMostRowsAtOnce);
}

std::size_t bytes(Index numbers) { return static_cast<std::size_t>(numbers) * sizeof(double); }

class DeviceGramAlgebra final : public GramAlgebra {
 public:
  DeviceGramAlgebra(Gpu& gpu, const LeastSquaresRows& rows)
      : gpu_(gpu),
        k_(rows.columns()),
        q_(k_ + 1),
        capacity_(capacity_for(gpu, rows)),
        matrices_(gpu.array<double>(capacity_ * q_ * q_)),
        inverses_(gpu.array<double>(capacity_ * k_ * k_)),
        whitened_(gpu.array<double>(capacity_ * k_)),
        beta_(gpu.array<double>(capacity_ * k_)),
        rows_(gpu.array<double>(most_rows(rows) * q_)),
        info_(gpu.array<int>(capacity_)),
        matrix_places_(places(matrices_.get(), k_ * k_)),
        inverse_places_(places(inverses_.get(), k_ * k_)),
        whitened_places_(places(whitened_.get(), k_)),
        beta_places_(places(beta_.get(), k_)) {}

  Index capacity() const override { return capacity_; }
  void clear(Index count) override { gpu_.zero(matrices_.get(), bytes(count * q_ * q_)); }
  void add(Index item, const double* rows, Index count) override;
  void read(Index count, double* squares) override { gpu_.download(matrices_.get(), squares, bytes(count * q_ * q_)); }
  void factorise(const GramSystems& systems) override;

 private:
  static Index capacity_for(const Gpu& gpu, const LeastSquaresRows& rows);
  DeviceArray<double*> places(double* first, Index step);
  void set_identities(Index count);
  void factorise_together(Index count);
  void factorise_each(Index count);
  void solve(cublasOperation_t operation, Index columns, const DeviceArray<double*>& right, Index count);

  Gpu& gpu_;
  Index k_, q_, capacity_;
  std::mutex mutex_;              // of the GPU, for threads that add rows
  DeviceArray<double> matrices_;  // [capacity, q, q] Gram matrices; then [capacity, k, k] systems
  DeviceArray<double> inverses_, whitened_, beta_, rows_;
  DeviceArray<int> info_;
  DeviceArray<double*> matrix_places_, inverse_places_, whitened_places_, beta_places_;
};

/// All that a group needs is within gpu.room(). Bits may depend on the group's size (D1), which depends on the shape alone
/// as long as the memory that is free does not set it.
Index DeviceGramAlgebra::capacity_for(const Gpu& gpu, const LeastSquaresRows& rows) {
  const Index k = rows.columns(), q = k + 1, most = std::min(kLargestGroup, rows.problems);
  const std::size_t item = bytes(q * q + k * k + 2 * k) + 4 * sizeof(double*) + sizeof(int);
  const Index left = gpu.room() - static_cast<Index>(bytes(most_rows(rows) * q));
  return std::clamp<Index>(left / static_cast<Index>(item), 1, most);
}

DeviceArray<double*> DeviceGramAlgebra::places(double* first, Index step) {
  std::vector<double*> all(static_cast<std::size_t>(capacity_));
  for (Index item = 0; item < capacity_; ++item) all[item] = first + item * step;
  return gpu_.send(std::span<double* const>(all));
}

void DeviceGramAlgebra::add(Index item, const double* rows, Index count) {
  if (count == 0) return;
  const std::lock_guard lock(mutex_);
  const GpuOperation operation = gpu_.begin();  // the current device belongs to the thread
  gpu_.upload(rows, rows_.get(), bytes(count * q_));
  const double one = 1;
  check(cublasDsyrk_64(gpu_.blas(), CUBLAS_FILL_MODE_LOWER, CUBLAS_OP_N, q_, count, &one, rows_.get(), q_, &one,
                       matrices_.get() + item * q_ * q_, q_),
        "cublasDsyrk_64");
}

void DeviceGramAlgebra::factorise(const GramSystems& systems) {
  const Index count = systems.count, matrices = count * k_ * k_, vectors = count * k_;
  gpu_.upload(systems.matrix, matrices_.get(), bytes(matrices));
  gpu_.upload(systems.whitened, whitened_.get(), bytes(vectors));
  set_identities(count);
  k_ > kLargestBatched ? factorise_each(count) : factorise_together(count);
  gpu_.download(matrices_.get(), systems.matrix, bytes(matrices));
  gpu_.download(inverses_.get(), systems.inverse, bytes(matrices));
  gpu_.download(whitened_.get(), systems.whitened, bytes(vectors));
  gpu_.download(beta_.get(), systems.beta, bytes(vectors));
  std::vector<int> info(static_cast<std::size_t>(count));
  gpu_.fetch(info_.get(), std::span(info));
  for (Index item = 0; item < count; ++item) {
    const double* const l = systems.matrix + item * k_ * k_;
    double* const inverse = systems.inverse + item * k_ * k_;
    bool positive = info[item] == 0;  // a NaN may pass; it reaches the diagonal
    for (Index j = 0; j < k_; ++j) positive = positive && l[j + j * k_] > 0;
    if (!positive) systems.positive[item] = 0;
    for (Index j = 0; j < k_; ++j) {
      inverse[j + j * k_] = 1;
      for (Index i = j + 1; i < k_; ++i) inverse[i + j * k_] *= l[i + i * k_];
    }
  }
}

/// The right-hand sides whose solutions are L⁻¹: one comes from the host, and what is there is doubled until all are.
void DeviceGramAlgebra::set_identities(Index count) {
  const Index size = k_ * k_;
  std::vector<double> identity(static_cast<std::size_t>(size), 0.0);
  for (Index j = 0; j < k_; ++j) identity[j + j * k_] = 1;
  gpu_.upload(identity.data(), inverses_.get(), bytes(size));
  for (Index done = 1; done < count; done *= 2) {
    gpu_.copy_on_device(inverses_.get(), inverses_.get() + done * size, std::min(done, count - done) * size);
  }
}

/// Where a matrix is not positive definite, its own numbers lose their meaning.
void DeviceGramAlgebra::factorise_together(Index count) {
  const int k = static_cast<int>(k_);
  check(cusolverDnDpotrfBatched(gpu_.solver(), CUBLAS_FILL_MODE_LOWER, k, matrix_places_.get(), k, info_.get(),
                                static_cast<int>(count)),
        "cusolverDnDpotrfBatched");
  solve(CUBLAS_OP_N, 1, whitened_places_, count);
  gpu_.copy_on_device(whitened_.get(), beta_.get(), count * k_);
  solve(CUBLAS_OP_T, 1, beta_places_, count);
  solve(CUBLAS_OP_N, k_, inverse_places_, count);
}

/// Items of `right` ← op(L)⁻¹ of them.
void DeviceGramAlgebra::solve(cublasOperation_t operation, Index columns, const DeviceArray<double*>& right,
                              Index count) {
  const int k = static_cast<int>(k_);
  const double one = 1;
  check(cublasDtrsmBatched(gpu_.blas(), CUBLAS_SIDE_LEFT, CUBLAS_FILL_MODE_LOWER, operation, CUBLAS_DIAG_NON_UNIT, k,
                           static_cast<int>(columns), &one, matrix_places_.get(), k, right.get(), k,
                           static_cast<int>(count)),
        "cublasDtrsmBatched");
}

void DeviceGramAlgebra::factorise_each(Index count) {
  for (Index item = 0; item < count; ++item) {
    const Index matrix = item * k_ * k_, vector = item * k_;
    double* const l = matrices_.get() + matrix;
    large_cholesky(gpu_, k_, l, info_.get() + item);
    solve_factor(gpu_, CUBLAS_OP_N, k_, 1, l, whitened_.get() + vector);
    gpu_.copy_on_device(whitened_.get() + vector, beta_.get() + vector, k_);
    solve_factor(gpu_, CUBLAS_OP_T, k_, 1, l, beta_.get() + vector);
    solve_factor(gpu_, CUBLAS_OP_N, k_, k_, l, inverses_.get() + matrix);
  }
}

}  // namespace

std::unique_ptr<GramAlgebra> gram_algebra(Gpu& gpu, const LeastSquaresRows& rows) {
  return std::make_unique<DeviceGramAlgebra>(gpu, rows);
}

}  // namespace sigmahat::backends::cuda
