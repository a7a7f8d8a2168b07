#include "derivatives/checks/sides.hpp"
#include "sigmahat/derivatives/trace_form.hpp"

namespace sigmahat::derivatives {
namespace {

struct TraceOfCombination {
  static constexpr DerivativeEntry kText{
      .name = "trace-of-combination",
      .group = "trace",
      .formula = "tr(αA + βB) = α tr(A) + β tr(B)",
      .sizes = "A, B: n × n; α, β: scalars; both sides 1 × 1.",
      .layout = "none: nothing is differentiated.",
      .function = "`trace_of_combination`",
      .bound =
          "(3u_T + (n + 4)·2⁻⁵³)·Σ|terms| on each side: (1) with a chain over the n elements of the diagonal; on the "
          "left αA + βB is stored on the way, on the right both traces.",
      .source =
          "Magnus and Neudecker, *Matrix Differential Calculus*, chapter 1; Petersen and Pedersen, *The Matrix "
          "Cookbook*, section 1.",
      .proof = "docs/math/matrix_calculus.md, section trace-of-combination",
  };

  template <class T>
  static void check(Trial<T>& trial) {
    const Index n = trial.sizes.n;
    const Operands<T> in = trial.operands({{n, n}, {n, n}});
    check_sides(
        trial, in, n + 4, [](const auto& x) { return 1.5L * trace_of(x[0]) + 0.75L * trace_of(x[1]); },
        trace_of_combination(trial.context, 1.5, in.batch[0], 0.75, in.batch[1]));
  }
};

}  // namespace

CheckedEntry trace_of_combination_entry() { return entry_of<TraceOfCombination>(); }

}  // namespace sigmahat::derivatives
