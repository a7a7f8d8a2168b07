#include "large.hpp"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <utility>
#include <vector>

#include "../lapack.hpp"
#include "../parallel.hpp"
#include "problem_rows.hpp"

namespace sigmahat::backends {
namespace {

/// Rows that dsyrk gets at a time.
constexpr Index kStagedBlocks = 8;

/// Steps 2 to 5 of kernels/least_squares.hpp with dpotrf and dtrtri in the place of the chains.
steps::GramSummary<double> solve_gram(Index k, double weight, const double* mean, double ridge,
                                      const steps::GramWork<double>& work) {
  const steps::SerialTeam team;
  steps::GramSummary<double> result;
  result.regular = steps::scale_gram(team, k, weight, mean, ridge, work);
  std::vector<double> factor(static_cast<std::size_t>(k * k), 0.0);
  double trace = 0, inverse_trace = 0, reach = 1;
  for (Index i = 0; i < k; ++i) {
    trace += work.gram[steps::packed(i, i)];
    for (Index j = 0; j <= i; ++j) factor[i + j * k] = work.gram[steps::packed(i, j)];
  }
  result.regular = lapack::potrf(k, factor.data()) && result.regular;
  double* const y = work.gram + steps::packed(k, 0);
  std::copy_n(y, k, work.beta);
  lapack::trsv('N', k, factor.data(), work.beta);
  double minimum = y[k];
  for (Index j = 0; j < k; ++j) minimum = std::fma(-work.beta[j], work.beta[j], minimum);
  y[k] = minimum;
  lapack::trsv('T', k, factor.data(), work.beta);
  for (Index j = 0; j < k; ++j) {  // L with a unit diagonal, and the reciprocals of its pivots in the packed place
    const double root = factor[j + j * k];
    work.gram[steps::packed(j, j)] = 1 / (root * root);
    for (Index i = j; i < k; ++i) {
      factor[i + j * k] /= root;
      if (i > j) work.gram[steps::packed(i, j)] = factor[i + j * k];
    }
  }
  if (result.regular) lapack::trtri('L', 'U', k, factor.data());
  for (Index j = 0; j < k; ++j) {
    work.inverse[j] = 0;
    for (Index i = j; i < k; ++i) {
      const double entry = work.inverse_factor[steps::packed(i, j)] = factor[i + j * k];
      work.inverse[j] = std::fma(entry * work.gram[steps::packed(i, i)], entry, work.inverse[j]);
    }
    inverse_trace += work.inverse[j];
    reach += std::fabs(work.beta[j]);
  }
  result.condition = std::sqrt(trace * inverse_trace) / static_cast<double>(k);
  result.minimum = minimum;
  // The bound of kernels/least_squares.hpp counts chains of 256 rows and q columns; dsyrk's chains are as long as it likes.
  result.keeps_rss = kKeptShare * minimum > 64 * kGramError * (reach * reach);
  result.inverse_scale_y = 1 / work.scale[k];
  return result;
}

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

class HostOuterProducts final : public OuterProducts {
 public:
  explicit HostOuterProducts(Index q) : q_(q), square_(static_cast<std::size_t>(q * q)) {}
  void clear() override { std::fill(square_.begin(), square_.end(), 0.0); }
  void add(const double* rows, Index count) override { lapack::syrk(q_, count, rows, square_.data()); }
  void read(double* square) override { std::copy(square_.begin(), square_.end(), square); }

 private:
  Index q_;
  std::vector<double> square_;
};

}  // namespace

std::unique_ptr<OuterProducts> host_outer_products(Index q) { return std::make_unique<HostOuterProducts>(q); }

LargeGram::LargeGram(Index columns, bool intercept, std::unique_ptr<OuterProducts> products)
    : q_(columns + 1),
      intercept_(intercept),
      products_(std::move(products)),
      mean_(static_cast<std::size_t>(q_)),
      residual_(static_cast<std::size_t>(q_)),
      staged_(static_cast<std::size_t>(kStagedBlocks * kCanonicalBlock * q_)),
      square_(static_cast<std::size_t>(q_ * q_)),
      packed_(static_cast<std::size_t>(steps::packed(q_, 0))) {}

/// N, n, the dropped rows and, with an intercept, the mean pair.
void LargeGram::find_means(ProblemRows& rows, ProblemGram& gram) {
  std::fill(mean_.begin(), mean_.end(), 0.0);
  std::fill(residual_.begin(), residual_.end(), 0.0);
  for (const bool second : {false, true}) {
    if (second && !intercept_) break;
    std::vector<double>& sums = second ? residual_ : mean_;
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
        if (!intercept_) continue;
        for (Index j = 0; j < q_; ++j) sums[j] += weight * (block.z[i * q_ + j] - (second ? mean_[j] : 0));
      }
    }
    if (gram.weight == 0) break;
    for (double& sum : sums) sum /= gram.weight;
  }
}

ProblemGram LargeGram::form(ProblemRows& rows) {
  ProblemGram result;
  find_means(rows, result);
  products_->clear();
  Index staged = 0;
  for (Index number = 0; number < rows.blocks(); ++number) {
    const StagedBlock block = rows.block(number);
    double* out = staged_.data() + staged * q_;
    for (Index i = 0; i < block.count; ++i, out += q_) {
      const double root = std::sqrt(block.weight(i));
      if (root == 0) {
        std::fill_n(out, q_, 0.0);
        continue;
      }
      for (Index j = 0; j < q_; ++j) out[j] = ((block.z[i * q_ + j] - mean_[j]) - residual_[j]) * root;
    }
    staged += block.count;
    if ((number + 1) % kStagedBlocks != 0 && number + 1 < rows.blocks()) continue;
    products_->add(staged_.data(), staged);
    staged = 0;
  }
  products_->read(square_.data());
  for (Index i = 0; i < q_; ++i) {
    for (Index j = 0; j <= i; ++j) packed_[steps::packed(i, j)] = square_[i + j * q_];
  }
  if (intercept_) {
    result.mean = mean_.data();
    result.residual = residual_.data();
  }
  result.gram = packed_.data();
  return result;
}

RowSteps large_row_steps(const RowSteps& base) {
  RowSteps steps = base;
  steps.solve_gram = &solve_gram;
  steps.householder = &householder;
  steps.invert_accepted = &invert_accepted;
  return steps;
}

void large_least_squares(const LeastSquaresRows& rows, const LeastSquaresSpec& spec, const LeastSquaresView& result,
                         const RowSteps& base, int teams,
                         const std::function<std::unique_ptr<OuterProducts>()>& make_products) {
  const RowSteps steps = large_row_steps(base);
  FirstException failure;
  std::atomic<Index> next{0};
  // Within a parallel region OpenBLAS uses one thread; a region of one thread is none.
#pragma omp parallel num_threads(teams) if (teams > 1)
  failure.run([&] {
    ProblemRows reader(rows, spec.drop_missing);
    LargeGram gram(rows.columns(), spec.intercept, make_products());
    ProblemSolver solver(rows, spec, result, steps);
    for (Index problem = 0; (problem = next.fetch_add(1)) < rows.problems;) {
      reader.open(problem);
      solver.solve(problem, gram.form(reader));
    }
  });
  failure.rethrow();
}

}  // namespace sigmahat::backends
