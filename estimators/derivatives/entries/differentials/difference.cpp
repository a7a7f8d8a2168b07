#include "derivatives/checks/pairs.hpp"
#include "sigmahat/derivatives/differentials.hpp"

namespace sigmahat::derivatives {
namespace {

struct Difference {
  static constexpr DerivativeEntry kText{
      .name = "difference",
      .group = "differentials",
      .formula = "d(X − Y) = dX − dY",
      .sizes = "X, Y, dX, dY: m × n; result m × n.",
      .layout = "none: a differential is shaped as its function.",
      .function = "`difference`",
      .bound =
          "(u_T + 2·2⁻⁵³)·(|X| + |Y|), and of the differentials: (1) with one operation and one rounding to "
          "the storage type; against the operands, as a difference may be much smaller.",
      .source = "Magnus and Neudecker, *Matrix Differential Calculus*, chapter 8.",
      .proof = "docs/math/matrix_calculus.md, section difference",
  };

  template <class T>
  static void check(Trial<T>& trial) {
    const Index m = trial.sizes.m, n = trial.sizes.n;
    const Operands<T> in = trial.operands({{m, n}, {m, n}, {m, n}, {m, n}});
    const auto bound = [](std::size_t first) {
      return [first](const Arguments<Real>& args) {
        return rounding_bound<T>(1, 2, absolute(args[first]) + absolute(args[first + 2]));
      };
    };
    check_pair(
        trial, in, [](const auto& x) { return x[0] - x[1]; },
        difference(trial.context, pair_of(trial, in, 0), pair_of(trial, in, 1)), bound(0), bound(1));
  }
};

}  // namespace

CheckedEntry difference_entry() { return entry_of<Difference>(); }

}  // namespace sigmahat::derivatives
