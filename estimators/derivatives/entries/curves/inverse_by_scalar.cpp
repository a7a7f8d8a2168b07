#include <cmath>
#include <type_traits>

#include "derivatives/checks/lu_bounds.hpp"
#include "sigmahat/derivatives/differentials.hpp"

namespace sigmahat::derivatives {
namespace {

struct InverseByScalar {
  static constexpr DerivativeEntry kText{
      .name = "inverse-by-scalar",
      .group = "curves",
      .formula = "dX(t)⁻¹/dt = −X⁻¹X′X⁻¹; here X = A + B sin t at t = 0 and X′ = B",
      .sizes = "X: n × n, regular; X′: n × n; result n × n.",
      .layout = "matrix by scalar: numerator, as X⁻¹.",
      .function = "`inverse`, of the pair (X, X′)",
      .bound =
          "as inverse: the stored inverses and products count with u_T, the backward error of LU with "
          "κ(X)·2⁻⁵³.",
      .source = "Petersen and Pedersen, *The Matrix Cookbook*, section 2.2.",
      .proof = "docs/math/matrix_calculus.md, section inverse-by-scalar",
  };

  template <class T>
  static void check(Trial<T>& trial) {
    const Operands<T> in = regular_pair(trial);
    const Differential<T> computed = inverse(trial.context, pair_of(trial, in, 0));
    trial.compare(
        in, computed.d,
        [](const auto& args) {
          const auto curve = [&](const auto& t) {
            using S = std::decay_t<decltype(t[0](0))>;
            using std::sin;
            const S factor = sin(t[0](0));
            return inverse_of(Dense<S>(args[0]) +
                              entrywise(Dense<S>(args[1]), [&](const S& b) -> S { return b * factor; }));
          };
          return directional_by_duals(curve, {scalar<Real>(0)}, {scalar<Real>(1)});
        },
        inverse_bound<T>);
  }
};

}  // namespace

CheckedEntry inverse_by_scalar_entry() { return entry_of<InverseByScalar>(); }

}  // namespace sigmahat::derivatives
