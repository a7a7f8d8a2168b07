#include "derivatives/checks/pairs.hpp"
#include "sigmahat/derivatives/differentials.hpp"

namespace sigmahat::derivatives {
namespace {

struct Sum {
  static constexpr DerivativeEntry kText{
      .name = "sum",
      .group = "differentials",
      .formula = "d(X + Y) = dX + dY",
      .sizes = "X, Y, dX, dY: m × n; result m × n.",
      .layout = "none: a differential is shaped as its function.",
      .function = "`sum`",
      .bound = "(u_T + 2·2⁻⁵³)·Σ|terms|: (1) with one addition and one rounding to the storage type.",
      .source = "Magnus and Neudecker, *Matrix Differential Calculus*, chapter 8.",
      .proof = "docs/math/matrix_calculus.md, section sum",
  };

  template <class T>
  static void check(Trial<T>& trial) {
    const Index m = trial.sizes.m, n = trial.sizes.n;
    const Operands<T> in = trial.operands({{m, n}, {m, n}, {m, n}, {m, n}});
    check_products(
        trial, in, 1, 2, [](const auto& x) { return x[0] + x[1]; },
        sum(trial.context, pair_of(trial, in, 0), pair_of(trial, in, 1)));
  }
};

}  // namespace

CheckedEntry sum_entry() { return entry_of<Sum>(); }

}  // namespace sigmahat::derivatives
