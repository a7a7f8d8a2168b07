#include "derivatives/checks/pairs.hpp"
#include "sigmahat/derivatives/differentials.hpp"

namespace sigmahat::derivatives {
namespace {

struct Trace {
  static constexpr DerivativeEntry kText{
      .name = "trace",
      .group = "differentials",
      .formula = "d tr X = tr dX",
      .sizes = "X, dX: n × n; result 1 × 1.",
      .layout = "none: a differential is shaped as its function.",
      .function = "`trace`",
      .bound =
          "(u_T + n·2⁻⁵³)·Σ|terms|: (1) with a chain over the n elements of the diagonal and one rounding to "
          "the storage type.",
      .source = "Magnus and Neudecker, *Matrix Differential Calculus*, chapter 8.",
      .proof = "docs/math/matrix_calculus.md, section trace",
  };

  template <class T>
  static void check(Trial<T>& trial) {
    const Index n = trial.sizes.n;
    const Operands<T> in = trial.operands({{n, n}, {n, n}});
    check_products(
        trial, in, 1, n, [](const auto& x) { return scalar(trace_of(x[0])); },
        trace(trial.context, pair_of(trial, in, 0)));
  }
};

}  // namespace

CheckedEntry trace_entry() { return entry_of<Trace>(); }

}  // namespace sigmahat::derivatives
