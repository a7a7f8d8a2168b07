#include "derivatives/checks/sides.hpp"
#include "sigmahat/derivatives/trace_form.hpp"

namespace sigmahat::derivatives {
namespace {

struct TraceOfHadamard {
  static constexpr DerivativeEntry kText{
      .name = "trace-of-hadamard",
      .group = "trace",
      .formula = "tr(Aᵀ(B∘C)) = tr((A∘B)ᵀC)",
      .sizes = "A, B, C: m × n; both sides 1 × 1.",
      .layout = "none: nothing is differentiated.",
      .function = "`trace_of_hadamard`",
      .bound =
          "(3u_T + (m + n + 4)·2⁻⁵³)·Σ|terms| on each side: (1) with chains over m and n; the Hadamard product and the "
          "matrix product are stored on the way.",
      .source =
          "Horn and Johnson, *Topics in Matrix Analysis*, chapter 5; Magnus and Neudecker, *Matrix "
          "Differential Calculus*, chapter 3.",
      .proof = "docs/math/matrix_calculus.md, section trace-of-hadamard",
  };

  template <class T>
  static void check(Trial<T>& trial) {
    const Index m = trial.sizes.m, n = trial.sizes.n;
    const Operands<T> in = trial.operands({{m, n}, {m, n}, {m, n}});
    check_sides(
        trial, in, m + n + 4,
        [](const auto& x) {
          return inner(x[0], entrywise(x[1], x[2], [](const Real& b, const Real& c) { return b * c; }));
        },
        trace_of_hadamard(trial.context, in.batch[0], in.batch[1], in.batch[2]));
  }
};

}  // namespace

CheckedEntry trace_of_hadamard_entry() { return entry_of<TraceOfHadamard>(); }

}  // namespace sigmahat::derivatives
