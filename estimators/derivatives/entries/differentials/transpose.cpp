#include "derivatives/checks/pairs.hpp"
#include "sigmahat/derivatives/differentials.hpp"

namespace sigmahat::derivatives {
namespace {

struct Transpose {
  static constexpr DerivativeEntry kText{
      .name = "transpose",
      .group = "differentials",
      .formula = "d(Xᵀ) = (dX)ᵀ",
      .sizes = "X, dX: m × n; result n × m.",
      .layout = "none: a differential is shaped as its function.",
      .function = "`transpose`",
      .bound = "0: the numbers are copied.",
      .source = "Magnus and Neudecker, *Matrix Differential Calculus*, chapter 8.",
      .proof = "docs/math/matrix_calculus.md, section transpose",
  };

  template <class T>
  static void check(Trial<T>& trial) {
    const Index m = trial.sizes.m, n = trial.sizes.n;
    const Operands<T> in = trial.operands({{m, n}, {m, n}});
    const auto zero = [&](const auto&) { return constant(n, m, 0); };
    check_pair(
        trial, in, [](const auto& x) { return transposed_dense(x[0]); },
        transpose(trial.context, pair_of(trial, in, 0)), zero, zero);
  }
};

}  // namespace

CheckedEntry transpose_entry() { return entry_of<Transpose>(); }

}  // namespace sigmahat::derivatives
