#include <type_traits>

#include "derivatives/checks/pairs.hpp"
#include "sigmahat/derivatives/differentials.hpp"

namespace sigmahat::derivatives {
namespace {

struct Hadamard {
  static constexpr DerivativeEntry kText{
      .name = "hadamard",
      .group = "differentials",
      .formula = "d(X∘Y) = dX∘Y + X∘dY",
      .sizes = "X, Y, dX, dY: m × n; result m × n.",
      .layout = "none: a differential is shaped as its function.",
      .function = "`hadamard`",
      .bound =
          "(2u_T + 4·2⁻⁵³)·Σ|terms|: (1) with three operations; the two products are stored before they are "
          "added, so their rounding to the storage type counts twice.",
      .source = "Magnus and Neudecker, *Matrix Differential Calculus*, chapter 8.",
      .proof = "docs/math/matrix_calculus.md, section hadamard",
  };

  template <class T>
  static void check(Trial<T>& trial) {
    const Index m = trial.sizes.m, n = trial.sizes.n;
    const Operands<T> in = trial.operands({{m, n}, {m, n}, {m, n}, {m, n}});
    check_products(
        trial, in, 2, 4,
        [](const auto& x) {
          return entrywise(x[0], x[1], [](const auto& a, const auto& b) -> std::decay_t<decltype(a)> { return a * b; });
        },
        hadamard(trial.context, pair_of(trial, in, 0), pair_of(trial, in, 1)));
  }
};

}  // namespace

CheckedEntry hadamard_entry() { return entry_of<Hadamard>(); }

}  // namespace sigmahat::derivatives
