#include <cmath>

#include "derivatives/checks/lu_bounds.hpp"
#include "sigmahat/derivatives/differentials.hpp"

namespace sigmahat::derivatives {
namespace {

struct LogDeterminant {
  static constexpr DerivativeEntry kText{
      .name = "log-determinant",
      .group = "differentials",
      .formula = "d ln|X| = tr(X⁻¹ dX)",
      .sizes = "X: n × n, |X| > 0; dX: n × n; result 1 × 1.",
      .layout = "none: a differential is shaped as its function.",
      .function = "`log_determinant`",
      .bound =
          "2u_T·Σ|X⁻¹||dX| + (16n + 16)·2⁻⁵³·n·κ(X)‖X⁻¹‖‖dX‖: the inverse and the result are rounded to the storage "
          "type, and the inverse carries the backward error of LU, as in the entry inverse. The value is −∞ where |X| "
          "= 0, NaN where |X| < 0.",
      .source =
          "Magnus and Neudecker, *Matrix Differential Calculus*, chapter 8; Petersen and Pedersen, *The Matrix "
          "Cookbook*, section 2.1; for the bound Higham, *Accuracy and Stability of Numerical Algorithms*, "
          "chapters 9 and 14.",
      .proof = "docs/math/matrix_calculus.md, section log-determinant",
  };

  template <class T>
  static void check(Trial<T>& trial) {
    const Index n = trial.sizes.n;
    const Operands<T> in = regular_pair(trial);
    const Differential<T> computed = log_determinant(trial.context, pair_of(trial, in, 0));
    trial.compare(
        in, computed.value, [](const auto& args) { return scalar<Real>(kLogDeterminant(args)); },
        [&](const auto& args) {
          const Real value = std::fabs(kLogDeterminant(args));
          return rounding_bound<T>(1, 0, scalar<Real>(value)) +
                 rounding_bound<T>(0, lu_chain(n),
                                   scalar<Real>(value + static_cast<Real>(n) * Sizing(args[0]).condition));
        });
    trial.compare(in, computed.d, scalar_along(kLogDeterminant), [&](const auto& args) {
      const Sizing x(args[0]);
      return rounding_bound<T>(2, 0, scalar<Real>(inner(absolute(transposed_dense(x.inverse)), absolute(args[1])))) +
             rounding_bound<T>(
                 0, 2 * lu_chain(n),
                 scalar<Real>(static_cast<Real>(n) * x.condition * x.inverse_norm * infinity_norm(args[1])));
    });
  }
};

}  // namespace

CheckedEntry log_determinant_entry() { return entry_of<LogDeterminant>(); }

}  // namespace sigmahat::derivatives
