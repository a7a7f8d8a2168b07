#include <omp.h>

#include "../parallel.hpp"
#include "cpu.hpp"
#include "moments_pass.hpp"

namespace sigmahat::backends {
namespace {

std::unique_ptr<ReusableMomentsPass> make_pass(Index columns, MissingRows missing, int threads) {
  return columns <= kSmallDimension ? make_small_pass(columns, missing, threads)
                                    : make_large_pass(columns, missing, threads);
}

bool one_group(ReusableMomentsPass& pass, const RowsView& rows, std::span<const Index> offsets, Index group,
               const MomentsView& result) {
  pass.reset();
  const std::size_t g = static_cast<std::size_t>(group);
  const bool finite = pass.add(rows.slice(offsets[g], offsets[g + 1] - offsets[g]));
  pass.finish(result.problem(group));
  return finite;
}

}  // namespace

std::unique_ptr<MomentsPass> CpuOperations::begin_moments(Index columns, MissingRows missing) {
  return make_pass(columns, missing, threads_);
}

bool CpuOperations::grouped_moments(const RowsView& rows, std::span<const Index> offsets, MissingRows missing,
                                    const MomentsView& result) {
  const Index groups = static_cast<Index>(offsets.size()) - 1;
  bool finite = true;
  const double p = static_cast<double>(rows.columns);
  const int threads = useful_threads(static_cast<double>(rows.rows) * p * (p + 1), threads_);
  if (groups < 4 * threads) {  // few groups: all threads on each
    const auto pass = make_pass(rows.columns, missing, threads);
    for (Index g = 0; g < groups; ++g) finite = one_group(*pass, rows, offsets, g, result) && finite;
    return finite;
  }
  std::vector<std::unique_ptr<ReusableMomentsPass>> passes;
  passes.reserve(static_cast<std::size_t>(threads));
  for (int t = 0; t < threads; ++t) passes.push_back(make_pass(rows.columns, missing, 1));
  FirstException exception;
#pragma omp parallel for schedule(dynamic, 4) num_threads(threads) reduction(&& : finite)
  for (Index g = 0; g < groups; ++g) {
    exception.run([&] {
      ReusableMomentsPass& pass = *passes[static_cast<std::size_t>(omp_get_thread_num())];
      finite = one_group(pass, rows, offsets, g, result) && finite;
    });
  }
  exception.rethrow();
  return finite;
}

}  // namespace sigmahat::backends
