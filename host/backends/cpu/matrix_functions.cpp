// Functions of small matrices: every thread has a range of neighbouring items.
#include "matrix_functions.hpp"

#include <algorithm>
#include <vector>

#include "../parallel.hpp"
#include "cpu.hpp"
#include "matrix_steps.hpp"

namespace sigmahat::backends {
namespace {

/// Numbers read and written, and flops, with the same weight: enough to say whether threads are worth their while.
double work_of(const MatrixFunctionCall& call) {
  const auto m = static_cast<double>(call.m), n = static_cast<double>(call.n), k = static_cast<double>(call.k);
  const bool is_product = call.function == MatrixFunction::multiply;
  const bool is_lu = call.function >= MatrixFunction::inverse;
  const double flops = is_product ? 2 * m * n * k : is_lu ? 2 * n * n * n : 0;
  return static_cast<double>(call.items) * (8 * static_cast<double>(steps::entries_of(call)) + flops);
}

void run_parallel(const MatrixFunctionCall& call, int most_threads) {
  constexpr Index kCacheLine = 8;  // numbers: threads' scratch does not share one
  const MatrixSteps run = matrix_steps();
  const auto threads = static_cast<Index>(useful_threads(work_of(call), most_threads));
  const Index scratch = (steps::scratch_of(call) / kCacheLine + 2) * kCacheLine;
  std::vector<double> memory(static_cast<std::size_t>(threads * scratch));
#pragma omp parallel for schedule(static) num_threads(static_cast <int>(threads))
  for (Index part = 0; part < threads; ++part) {
    const Index first = call.items * part / threads, end = call.items * (part + 1) / threads;
    run(call, first, end - first, memory.data() + part * scratch);
  }
}

}  // namespace

void CpuOperations::matrix_function(const MatrixFunctionCall& call) {
  const steps::DividedCalls parts = steps::divided(call);
  for (int part = 0; part < parts.count; ++part) run_parallel(parts.calls[part], threads_);
}

}  // namespace sigmahat::backends
