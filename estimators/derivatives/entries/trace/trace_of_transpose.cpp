#include "derivatives/checks/sides.hpp"
#include "sigmahat/derivatives/trace_form.hpp"

namespace sigmahat::derivatives {
namespace {

struct TraceOfTranspose {
  static constexpr DerivativeEntry kText{
      .name = "trace-of-transpose",
      .group = "trace",
      .formula = "tr(Aᵀ) = tr(A)",
      .sizes = "A: n × n; both sides 1 × 1.",
      .layout = "none: nothing is differentiated.",
      .function = "`trace_of_transpose`",
      .bound =
          "(3u_T + (n + 2)·2⁻⁵³)·Σ|terms| on each side: (1) with a chain over the n elements of the diagonal; what "
          "is stored on the way counts with u_T.",
      .source =
          "Magnus and Neudecker, *Matrix Differential Calculus*, chapter 1; Petersen and Pedersen, *The Matrix "
          "Cookbook*, section 1.",
      .proof = "docs/math/matrix_calculus.md, section trace-of-transpose",
  };

  template <class T>
  static void check(Trial<T>& trial) {
    const Index n = trial.sizes.n;
    const Operands<T> in = trial.operands({{n, n}});
    check_sides(
        trial, in, n + 2, [](const auto& x) { return trace_of(x[0]); }, trace_of_transpose(trial.context, in.batch[0]));
  }
};

}  // namespace

CheckedEntry trace_of_transpose_entry() { return entry_of<TraceOfTranspose>(); }

}  // namespace sigmahat::derivatives
