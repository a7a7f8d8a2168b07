// Least squares on the CPU: threads divide the problems, and the blocks of problems that are too tall for that.
//
// Per problem of m rows and k columns: m(k+1)(k+2) flops for the Gram matrix, about k³ for the rest; 8·m·(k+1) bytes. On a
// core with 16 flops a cycle and 7.5 bytes a cycle memory is the limit up to k ≈ 16.
#include <algorithm>
#include <cmath>
#include <mutex>
#include <utility>

#include "../least_squares/large.hpp"
#include "../least_squares/row_steps.hpp"
#include "../parallel.hpp"
#include "cpu.hpp"
#include "least_squares_groups.hpp"
#include "least_squares_shares.hpp"

namespace sigmahat::backends {
namespace {

constexpr Index kPiecesPerThread = 32;

/// The batch cut into pieces of about the same number of rows.
class Pieces {
 public:
  Pieces(const LeastSquaresRows& rows, int threads)
      : rows_(rows), count_(std::clamp<Index>(rows.problems, 1, kPiecesPerThread * threads)) {}

  Index count() const { return count_; }
  /// First problem of a piece; of count(), the number of problems.
  Index first(Index piece) const {
    if (piece == count_) return rows_.problems;
    const double share = static_cast<double>(piece) / static_cast<double>(count_);
    Index problem = static_cast<Index>(share * static_cast<double>(rows_.problems));
    if (!rows_.offsets.empty()) {
      const auto all = static_cast<double>(rows_.offsets.back() - rows_.offsets.front());
      const Index row = rows_.offsets.front() + static_cast<Index>(share * all);
      problem = std::lower_bound(rows_.offsets.begin(), rows_.offsets.end() - 1, row) - rows_.offsets.begin();
    }
    const bool many = rows_.problems >= 4 * kMostLanes * count_;
    return many ? problem / kMostLanes * kMostLanes : problem;
  }

 private:
  const LeastSquaresRows& rows_;
  Index count_;
};

/// The node of one tall problem: threads divide aligned runs of 2^level blocks, whose nodes then merge in order.
class TallProblem {
 public:
  TallProblem(const LeastSquaresRows& rows, const LeastSquaresSpec& spec, int threads)
      : rows_(rows), spec_(spec), threads_(threads), builder_(rows, spec) {}

  /// Valid until the next call.
  GramNode& form(Index problem) {
    const Index blocks = (rows_.rows_of(problem) + kCanonicalBlock - 1) / kCanonicalBlock;
    Index run = 1;
    while (run * kPiecesPerThread * threads_ < blocks) run *= 2;
    const Index runs = (blocks + run - 1) / run;
    while (std::ssize(nodes_) < runs) nodes_.push_back(builder_.make_node());
    Shares shares(runs, threads_);
    FirstException failure;
#pragma omp parallel num_threads(threads_)
    failure.run([&] {
      NodeBuilder builder(rows_, spec_);
      for (Index piece = 0; (piece = shares.take(omp_get_thread_num())) >= 0;) {
        builder.form(problem, piece * run, std::min((piece + 1) * run, blocks),
                     nodes_[static_cast<std::size_t>(piece)]);
      }
    });
    failure.rethrow();
    merge(0, runs);
    return nodes_[0];
  }

 private:
  /// Node `first` ← the tree over `count` nodes; the left child covers the largest power of two below count.
  void merge(Index first, Index count) {
    if (count <= 1) return;
    Index left = 1;
    while (2 * left < count) left *= 2;
    merge(first, left);
    merge(first + left, count - left);
    builder_.merge(nodes_[static_cast<std::size_t>(first)], nodes_[static_cast<std::size_t>(first + left)]);
  }

  const LeastSquaresRows& rows_;
  const LeastSquaresSpec& spec_;
  int threads_;
  NodeBuilder builder_;
  std::vector<GramNode> nodes_;
};

/// Problems with more rows than this are read by all threads together: those that hold a large part of all rows.
Index most_rows_alone(const LeastSquaresRows& rows, int threads) {
  constexpr Index kTall = 64 * kCanonicalBlock;
  const Index all = rows.first_row(rows.problems) - rows.first_row(0);
  return threads == 1 ? all : std::max(kTall, all / (4 * threads));
}

void solve_tall(const LeastSquaresRows& rows, const LeastSquaresSpec& spec, const LeastSquaresView& result, Index above,
                int threads) {
  std::unique_ptr<TallProblem> tall;
  std::unique_ptr<GroupSolver> solver;
  for (Index problem = 0; problem < rows.problems; ++problem) {
    if (rows.rows_of(problem) <= above) continue;
    if (tall == nullptr) {
      tall = std::make_unique<TallProblem>(rows, spec, threads);
      solver = std::make_unique<GroupSolver>(rows, spec, result);
    }
    solver->add(problem, tall->form(problem));
  }
  if (solver != nullptr) solver->finish();
}

/// A thread for each problem. BLAS gets the threads only of a single problem that is large: where cores are busy with other
/// things, its threads wait for each other at every step of a factorisation.
void solve_large(const LeastSquaresRows& rows, const LeastSquaresSpec& spec, const LeastSquaresView& result,
                 int threads) {
  constexpr Index kWorthThreads = 512;
  const Index q = rows.columns() + 1;
  const int teams = static_cast<int>(std::min<Index>(threads, rows.problems));
  const ThreadLimit limit(teams == 1 && q < kWorthThreads ? 1 : threads);
  large_least_squares(rows, spec, result, row_steps(), {teams, 1}, [q] { return host_gram_algebra(q); });
}

}  // namespace

void CpuOperations::least_squares(const LeastSquaresRows& rows, const LeastSquaresSpec& spec,
                                  const LeastSquaresView& result) {
  if (rows.problems == 0) return;
  const ThreadLimit limit(threads_);
  if (rows.columns() + 1 > kLargestGram) {
    solve_large(rows, spec, result, threads_);
    return;
  }
  const double q = static_cast<double>(rows.columns() + 1), all = static_cast<double>(rows.first_row(rows.problems));
  const double each = static_cast<double>(rows.problems) * (q * q * q + 100);
  const int threads = useful_threads(all * q * (q + 1) + each, threads_);
  const Index most_rows = most_rows_alone(rows, threads);
  if (threads > 1) solve_tall(rows, spec, result, most_rows, threads);
  const Pieces pieces(rows, threads);
  Shares shares(pieces.count(), threads);
  FirstException failure;
#pragma omp parallel num_threads(threads)
  failure.run([&] {
    GroupSolver solver(rows, spec, result);
    for (Index piece = 0; (piece = shares.take(omp_get_thread_num())) >= 0;) {
      solver.run(pieces.first(piece), pieces.first(piece + 1), most_rows);
    }
    solver.finish();
  });
  failure.rethrow();
}

}  // namespace sigmahat::backends
