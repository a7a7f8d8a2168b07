#include <type_traits>

#include "derivatives/checks/elements.hpp"
#include "sigmahat/derivatives/differentials.hpp"

namespace sigmahat::derivatives {
namespace {

struct ScaledMatrix {
  static constexpr DerivativeEntry kText{
      .name = "scaled-matrix-by-scalar",
      .group = "curves",
      .formula = "d(Aσ(t))/dt = Aσ′(t); here σ = tanh",
      .sizes = "A: m × n, constant; t: 1 × 1; result m × n.",
      .layout = "matrix by scalar: numerator, as A.",
      .function = "`scaled_matrix`, of the pair (t, dt), dt = 1",
      .bound =
          "(2u_T + 14·2⁻⁵³)·|entry|: σ′ is good to a few units of 2⁻⁵³ and stored; one product follows and is "
          "stored.",
      .source = "Petersen and Pedersen, *The Matrix Cookbook*, section 2.",
      .proof = "docs/math/matrix_calculus.md, section scaled-matrix-by-scalar",
  };

  template <class T>
  static void check(Trial<T>& trial) {
    const Index m = trial.sizes.m, n = trial.sizes.n;
    Operands<T> in = element_operands(trial, ElementFunction::tanh, 1, 1);
    trial.put(in, {trial.matrix(m, n)});  // A, one for all items
    trial.put(in, {constant(m, n, 0)});   // does not move
    const auto value = [](const auto& x) {
      const auto factor = element_value(ElementFunction::tanh, 1, x[0](0));
      return entrywise(x[1], [&](const auto& a) -> std::decay_t<decltype(a)> { return a * factor; });
    };
    const auto sized = [](const Dense<Real>& exact) { return rounding_bound<T>(2, 14, absolute(exact)); };
    check_pair(
        trial, in, value, scaled_matrix(trial.context, ElementFunction::tanh, in.batch[2], pair_of(trial, in, 0)),
        [&](const auto& args) { return sized(value(part_of(args, 0))); },
        [&](const auto& args) { return sized(directional_by_duals(value, part_of(args, 0), part_of(args, 1))); });
  }
};

}  // namespace

CheckedEntry scaled_matrix_by_scalar_entry() { return entry_of<ScaledMatrix>(); }

}  // namespace sigmahat::derivatives
