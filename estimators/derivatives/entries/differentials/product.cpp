#include "derivatives/checks/pairs.hpp"
#include "sigmahat/derivatives/differentials.hpp"

namespace sigmahat::derivatives {
namespace {

struct Product {
  static constexpr DerivativeEntry kText{
      .name = "product",
      .group = "differentials",
      .formula = "d(XY) = dX Y + X dY",
      .sizes = "X, dX: m × k; Y, dY: k × n; result m × n.",
      .layout = "none: a differential is shaped as its function.",
      .function = "`product`",
      .bound =
          "(2u_T + (k + 4)·2⁻⁵³)·Σ|terms|: (1) with chains over k; X dY is stored before dX Y is added, so its "
          "rounding to the storage type counts twice.",
      .source =
          "Magnus and Neudecker, *Matrix Differential Calculus*, chapter 8; Petersen and Pedersen, *The Matrix "
          "Cookbook*, section 2.",
      .proof = "docs/math/matrix_calculus.md, section product",
  };

  template <class T>
  static void check(Trial<T>& trial) {
    const Index m = trial.sizes.m, n = trial.sizes.n, k = trial.sizes.k;
    const Operands<T> in = trial.operands({{m, k}, {m, k}, {k, n}, {k, n}});
    check_products(
        trial, in, 2, k + 4, [](const auto& x) { return x[0] * x[1]; },
        product(trial.context, pair_of(trial, in, 0), pair_of(trial, in, 1)));
  }
};

}  // namespace

CheckedEntry product_entry() { return entry_of<Product>(); }

}  // namespace sigmahat::derivatives
