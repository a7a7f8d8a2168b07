#include "derivatives/checks/sides.hpp"
#include "sigmahat/derivatives/trace_form.hpp"

namespace sigmahat::derivatives {
namespace {

struct TraceOfProduct {
  static constexpr DerivativeEntry kText{
      .name = "trace-of-product",
      .group = "trace",
      .formula = "tr(AB) = tr(BA)",
      .sizes = "A: m × n; B: n × m, so AB is m × m and BA n × n; both sides 1 × 1.",
      .layout = "none: nothing is differentiated.",
      .function = "`trace_of_product`",
      .bound =
          "(3u_T + (m + n + 2)·2⁻⁵³)·Σ|terms| on each side: (1) with chains over n and m; the product is stored on the "
          "way.",
      .source =
          "Magnus and Neudecker, *Matrix Differential Calculus*, chapter 1; Petersen and Pedersen, *The Matrix "
          "Cookbook*, section 1.",
      .proof = "docs/math/matrix_calculus.md, section trace-of-product",
  };

  template <class T>
  static void check(Trial<T>& trial) {
    const Index m = trial.sizes.m, n = trial.sizes.n;
    const Operands<T> in = trial.operands({{m, n}, {n, m}});
    check_sides(
        trial, in, m + n + 2, [](const auto& x) { return trace_of(x[0] * x[1]); },
        trace_of_product(trial.context, in.batch[0], in.batch[1]));
  }
};

}  // namespace

CheckedEntry trace_of_product_entry() { return entry_of<TraceOfProduct>(); }

}  // namespace sigmahat::derivatives
