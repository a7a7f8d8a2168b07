#include "large.hpp"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <limits>
#include <utility>
#include <vector>

#include "../lapack.hpp"
#include "../parallel.hpp"
#include "problem_rows.hpp"

namespace sigmahat::backends {
namespace {

/// Rows of a row-major matrix are columns for LAPACK: the L of its LQ is the R of our QR.
void householder(Index rows, Index columns, Index stride, double* a, double*) {
  const Index work_size = 64 * columns, steps = std::min(rows, columns);
  std::vector<double> tau(static_cast<std::size_t>(steps)), work(static_cast<std::size_t>(work_size));
  lapack::gelqf(columns, rows, stride, a, tau.data(), work.data(), work_size);
  for (Index i = 1; i < steps; ++i) std::fill_n(a + i * stride, i, 0.0);
}

void invert_accepted(Index q, const double* r, Index rank, const Index* accepted, double* inverse) {
  for (Index i = 0; i < rank; ++i) {  // row-major upper is column-major lower
    for (Index c = 0; c < rank; ++c) inverse[i * rank + c] = c < i ? 0 : r[i * q + accepted[c]];
  }
  if (rank > 0) lapack::trtri('L', 'N', rank, inverse);
}

/// `base`, with LAPACK for the factorisations and inverses of the QR route.
RowSteps large_row_steps(const RowSteps& base) {
  RowSteps steps = base;
  steps.householder = &householder;
  steps.invert_accepted = &invert_accepted;
  return steps;
}

class HostGramAlgebra final : public GramAlgebra {
 public:
  explicit HostGramAlgebra(Index q) : q_(q), square_(static_cast<std::size_t>(q * q)) {}

  Index capacity() const override { return 1; }
  void clear(Index) override { std::fill(square_.begin(), square_.end(), 0.0); }
  void add(Index, const double* rows, Index count) override { lapack::syrk(q_, count, rows, square_.data()); }
  void read(Index, double* squares) override { std::copy(square_.begin(), square_.end(), squares); }
  void factorise(const GramSystems& systems) override {
    const Index k = systems.k;
    double *const l = systems.matrix, *const v = systems.inverse;
    if (systems.positive[0] == 0 || !lapack::potrf(k, l)) {
      systems.positive[0] = 0;
      return;
    }
    lapack::trsv('N', k, l, systems.whitened);
    std::copy_n(systems.whitened, k, systems.beta);
    lapack::trsv('T', k, l, systems.beta);
    for (Index j = 0; j < k; ++j) {
      for (Index i = j; i < k; ++i) v[i + j * k] = l[i + j * k] / l[j + j * k];
    }
    lapack::trtri('L', 'U', k, v);
  }

 private:
  Index q_;
  std::vector<double> square_;
};

/// Whether Routes may want the factor of this system.
bool tries_cholesky(const LeastSquaresSpec& spec, Index k, const ProblemGram& gram) {
  return gram.rows > 0 && (spec.ridge > 0 || gram.rows >= k + (spec.intercept ? 1 : 0));
}

bool has_weight(const StagedBlock& block) {
  for (Index i = 0; i < block.count; ++i) {
    if (block.weight(i) != 0) return true;
  }
  return false;
}

/// What one thread needs.
struct Worker {
  Worker(const LeastSquaresRows& rows, const LeastSquaresSpec& spec, const LeastSquaresView& result,
         const RowSteps& steps)
      : reader(rows, spec.drop_missing),
        solver(rows, spec, result, steps),
        staged(static_cast<std::size_t>(kMostRowsAtOnce * (rows.columns() + 1))),
        scaled(static_cast<std::size_t>(steps::packed(rows.columns() + 1, 0))),
        scale(static_cast<std::size_t>(rows.columns() + 1)) {}

  ProblemRows reader;
  ProblemSolver solver;
  std::vector<double> staged, scaled, scale;
};

/// Solves group after group: Gram matrices from centred rows (two or three readings), their systems, and the rest.
class LargeGroups {
 public:
  LargeGroups(const LeastSquaresRows& rows, const LeastSquaresSpec& spec, const LeastSquaresView& result,
              const RowSteps& steps, std::unique_ptr<GramAlgebra> algebra, int threads);
  Index capacity() const { return capacity_; }
  void solve(Index first, Index count);

 private:
  template <class F>
  void for_each_item(Index count, F&& f);
  void form(Worker& worker, Index problem, Index item);
  void find_means(ProblemRows& rows, Index item);
  void pack(Index item);
  void scale(Worker& worker, Index item);
  GramFactor factor(Index item) const;
  double* mean(Index item) { return means_.data() + 2 * item * q_; }
  double* residual(Index item) { return mean(item) + q_; }
  double* packed(Index item) { return packed_.data() + item * steps::packed(q_, 0); }

  const LeastSquaresSpec& spec_;
  Index k_, q_;
  std::unique_ptr<GramAlgebra> algebra_;
  Index capacity_;
  bool shares_;  // threads divide a group: then LAPACK has one thread, in a group of one, too, for the sake of its bits
  std::vector<std::unique_ptr<Worker>> workers_;
  std::vector<ProblemGram> grams_;
  std::vector<double> means_, packed_, squares_, inverse_, whitened_, beta_;  // squares_: G as it comes, then Â, then L
  std::vector<std::uint8_t> positive_;
};

LargeGroups::LargeGroups(const LeastSquaresRows& rows, const LeastSquaresSpec& spec, const LeastSquaresView& result,
                         const RowSteps& steps, std::unique_ptr<GramAlgebra> algebra, int threads)
    : spec_(spec),
      k_(rows.columns()),
      q_(k_ + 1),
      algebra_(std::move(algebra)),
      capacity_(std::min(algebra_->capacity(), rows.problems)),
      shares_(threads > 1),
      grams_(static_cast<std::size_t>(capacity_)),
      means_(static_cast<std::size_t>(capacity_ * 2 * q_)),
      packed_(static_cast<std::size_t>(capacity_ * steps::packed(q_, 0))),
      squares_(static_cast<std::size_t>(capacity_ * q_ * q_)),
      inverse_(static_cast<std::size_t>(spec.route == LeastSquaresRoute::qr ? 0 : capacity_ * k_ * k_)),
      whitened_(static_cast<std::size_t>(capacity_ * k_)),
      beta_(whitened_.size()),
      positive_(static_cast<std::size_t>(capacity_)) {
  for (Index thread = 0; thread < std::min<Index>(threads, capacity_); ++thread) {
    workers_.push_back(std::make_unique<Worker>(rows, spec, result, steps));
  }
}

/// f(worker, item) for every item; no exception leaves before all threads are done.
template <class F>
void LargeGroups::for_each_item(Index count, F&& f) {
  const int threads = static_cast<int>(std::min<Index>(std::ssize(workers_), count));
  if (threads == 1) {
    const ThreadLimit limit(shares_ ? 1 : omp_get_max_threads());
    for (Index item = 0; item < count; ++item) f(*workers_[0], item);
    return;
  }
  FirstException failure;
  std::atomic<Index> next{0};
#pragma omp parallel num_threads(threads)
  failure.run([&] {
    Worker& worker = *workers_[static_cast<std::size_t>(omp_get_thread_num())];
    for (Index item = 0; (item = next.fetch_add(1)) < count;) f(worker, item);
  });
  failure.rethrow();
}

void LargeGroups::solve(Index first, Index count) {
  algebra_->clear(count);
  for_each_item(count, [&](Worker& worker, Index item) { form(worker, first + item, item); });
  algebra_->read(count, squares_.data());
  for_each_item(count, [&](Worker&, Index item) { pack(item); });
  if (spec_.route != LeastSquaresRoute::qr) {
    for_each_item(count, [&](Worker& worker, Index item) { scale(worker, item); });
    algebra_->factorise(
        {k_, count, squares_.data(), inverse_.data(), whitened_.data(), beta_.data(), positive_.data()});
  }
  for_each_item(count, [&](Worker& worker, Index item) {
    ProblemGram gram = grams_[item];
    const GramFactor solved = factor(item);
    if (spec_.route != LeastSquaresRoute::qr) gram.factor = &solved;
    worker.solver.solve(first + item, gram);
  });
}

/// N, n, the dropped rows and, with an intercept, the mean pair.
void LargeGroups::find_means(ProblemRows& rows, Index item) {
  ProblemGram& gram = grams_[item];
  std::fill_n(mean(item), 2 * q_, 0.0);
  for (const bool second : {false, true}) {
    if (second && !spec_.intercept) break;
    const double* const middle = mean(item);
    double* const sums = second ? residual(item) : mean(item);
    for (Index number = 0; number < rows.blocks(); ++number) {
      const StagedBlock block = rows.block(number);
      if (!second) gram.dropped += rows.block_rows() - block.count;
      for (Index i = 0; i < block.count; ++i) {
        const double weight = block.weight(i);
        if (weight == 0) continue;
        if (!second) {
          gram.weight += weight;
          gram.rows += weight > 0 ? 1 : 0;
        }
        if (!spec_.intercept) continue;
        for (Index j = 0; j < q_; ++j) sums[j] += weight * (block.z[i * q_ + j] - (second ? middle[j] : 0));
      }
    }
    if (gram.weight == 0) break;
    for (Index j = 0; j < q_; ++j) sums[j] /= gram.weight;
  }
}

/// Means, and the problem's centred rows for the algebra.
void LargeGroups::form(Worker& worker, Index problem, Index item) {
  ProblemRows& rows = worker.reader;
  rows.open(problem);
  grams_[item] = ProblemGram();
  find_means(rows, item);
  const double *const m = mean(item), *const c = residual(item);
  Index staged = 0;
  for (Index number = 0; number < rows.blocks(); ++number) {
    const StagedBlock block = rows.block(number);
    const bool weighs = has_weight(block);
    double* out = worker.staged.data() + staged * q_;
    for (Index i = 0; i < block.count; ++i, out += q_) {
      const double root = std::sqrt(block.weight(i));
      const double* const z = block.z + i * q_;
      for (Index j = 0; root != 0 && j < q_; ++j) out[j] = ((z[j] - m[j]) - c[j]) * root;
      for (Index j = 0; root == 0 && j < q_; ++j) out[j] = weighs ? z[j] * 0 : 0;  // 0 · NaN is to be seen
    }
    staged += block.count;
    if ((number + 1) % (kMostRowsAtOnce / kCanonicalBlock) != 0 && number + 1 < rows.blocks()) continue;
    algebra_->add(item, worker.staged.data(), staged);
    staged = 0;
  }
}

void LargeGroups::pack(Index item) {
  const double* const square = squares_.data() + item * q_ * q_;
  double* const gram = packed(item);
  for (Index i = 0; i < q_; ++i) {
    for (Index j = 0; j <= i; ++j) gram[steps::packed(i, j)] = square[i + j * q_];
  }
  grams_[item].gram = gram;
  if (!spec_.intercept) return;
  grams_[item].mean = mean(item);
  grams_[item].residual = residual(item);
}

/// The scaled system, in the place of the squares, which pack() has read.
void LargeGroups::scale(Worker& worker, Index item) {
  const ProblemGram& gram = grams_[item];
  positive_[item] = tries_cholesky(spec_, k_, gram) ? 1 : 0;
  std::copy_n(gram.gram, worker.scaled.size(), worker.scaled.begin());
  const steps::GramWork<double> work{worker.scaled.data(), nullptr, worker.scale.data(), nullptr, nullptr, nullptr};
  steps::scale_gram(steps::SerialTeam{}, k_, gram.weight, gram.mean, spec_.ridge, work);
  double* const matrix = squares_.data() + item * k_ * k_;
  for (Index j = 0; j < k_; ++j) {
    for (Index i = j; i < k_; ++i) matrix[i + j * k_] = work.gram[steps::packed(i, j)];
  }
  std::copy_n(work.gram + steps::packed(k_, 0), k_, whitened_.data() + item * k_);
}

GramFactor LargeGroups::factor(Index item) const {
  const Index matrix = item * k_ * k_, vector = item * k_;
  return {positive_[item] != 0, squares_.data() + matrix, inverse_.data() + matrix, whitened_.data() + vector,
          beta_.data() + vector};
}

}  // namespace

std::unique_ptr<GramAlgebra> host_gram_algebra(Index q) { return std::make_unique<HostGramAlgebra>(q); }

steps::GramSummary<double> solve_factored(Index k, double weight, const double* mean, double ridge,
                                          const GramFactor& factor, const steps::GramWork<double>& work) {
  const bool in_bounds = steps::scale_gram(steps::SerialTeam{}, k, weight, mean, ridge, work);
  double* const xy = work.gram + steps::packed(k, 0);
  steps::GramSummary<double> result;
  result.regular = in_bounds && factor.positive;
  result.inverse_scale_y = 1 / work.scale[k];
  result.keeps_rss = false;
  result.condition = std::numeric_limits<double>::infinity();
  result.minimum = xy[k];
  if (!result.regular) return result;
  const bool varies = std::any_of(xy, xy + k, [](double value) { return value != 0; });
  double trace = 0, inverse_trace = 0, reach = 1;
  for (Index j = 0; j < k; ++j) {
    trace += work.gram[steps::packed(j, j)];
    const double whitened = varies ? factor.whitened[j] : 0;
    result.minimum = std::fma(-whitened, whitened, result.minimum);
    work.beta[j] = varies ? factor.beta[j] : 0;
  }
  xy[k] = result.minimum;
  for (Index j = 0; j < k; ++j) {  // L with a unit diagonal, and the reciprocals of its pivots in their place
    const double root = factor.factor[j + j * k];
    work.gram[steps::packed(j, j)] = 1 / (root * root);
    for (Index i = j + 1; i < k; ++i) work.gram[steps::packed(i, j)] = factor.factor[i + j * k] / root;
  }
  for (Index j = 0; j < k; ++j) {
    work.inverse[j] = 0;
    for (Index i = j; i < k; ++i) {
      const double entry = work.inverse_factor[steps::packed(i, j)] = factor.inverse[i + j * k];
      work.inverse[j] = std::fma(entry * work.gram[steps::packed(i, i)], entry, work.inverse[j]);
    }
    inverse_trace += work.inverse[j];
    reach += std::fabs(work.beta[j]);
  }
  result.condition = std::sqrt(trace * inverse_trace) / static_cast<double>(k);
  // The bound of kernels/least_squares.hpp counts chains of 256 rows and q columns; dsyrk's chains are as long as it likes.
  result.keeps_rss = kKeptShare * result.minimum > 64 * kGramError * (reach * reach);
  return result;
}

void large_least_squares(const LeastSquaresRows& rows, const LeastSquaresSpec& spec, const LeastSquaresView& result,
                         const RowSteps& base, const LargeThreads& threads,
                         const std::function<std::unique_ptr<GramAlgebra>()>& make_algebra) {
  if (rows.problems == 0) return;
  const RowSteps steps = large_row_steps(base);
  FirstException failure;
  std::atomic<Index> next{0};
  // Within a parallel region OpenBLAS uses one thread; a region of one thread is none.
#pragma omp parallel num_threads(threads.teams) if (threads.teams > 1)
  failure.run([&] {
    LargeGroups groups(rows, spec, result, steps, make_algebra(), threads.each);
    for (Index first = 0; (first = next.fetch_add(groups.capacity())) < rows.problems;) {
      groups.solve(first, std::min(groups.capacity(), rows.problems - first));
    }
  });
  failure.rethrow();
}

}  // namespace sigmahat::backends
