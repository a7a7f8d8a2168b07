// What `sigmahat bench derivatives` measures: an operation of the catalogue on a batch in device memory, beside what
// the memory itself can do.
#pragma once

#include <string>
#include <vector>

#include "sigmahat/host/context.hpp"
#include "sigmahat/kernels/matrix_functions.hpp"

namespace sigmahat::cli {

struct BenchBatch {
  Index items = 0, size = 0;
  int repetitions = 0;
};

/// One function of an entry: the call that the catalogue's own function makes.
struct BenchCase {
  const char* entry;
  const char* function;  ///< "value", "gradient"
  MatrixFunction operation;
  int operands;      ///< distinct ones; the last stands for those that the call takes beyond them
  bool is_column;    ///< extents n × 1, else n × n
  double alpha = 1;  ///< factor of the call
};
const std::vector<BenchCase>& bench_cases();

/// Bytes of one item: each operand read once, the result written once.
double item_bytes(const BenchCase& the, Index size, ScalarType precision);

struct BenchResult {
  std::string entry, function;
  ScalarType precision = ScalarType::float64;
  double seconds = 0;  ///< median time of a call
  double bytes = 0;    ///< of a call
  double limit = 0;    ///< bytes per second, median
  double rate() const { return bytes / seconds; }
  double fraction() const { return rate() / limit; }
};

/// Times the case, each repetition after one of the limit: on a CPU a probe that reads the operands and overwrites the
/// result; on a GPU a copy on the device, by the operation `scale`. Memory is touched before.
BenchResult run_case(const Context& context, const BenchCase& the, const BenchBatch& batch, ScalarType precision);

}  // namespace sigmahat::cli
