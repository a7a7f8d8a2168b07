#include <type_traits>

#include "derivatives/checks/elements.hpp"
#include "sigmahat/derivatives/differentials.hpp"

namespace sigmahat::derivatives {
namespace {

struct ProductByScalar {
  static constexpr DerivativeEntry kText{
      .name = "product-by-scalar",
      .group = "curves",
      .formula = "d(X(t)Y(t))/dt = X′Y + XY′; here X = Ae^t, Y = B tanh t",
      .sizes = "X, X′: m × k; Y, Y′: k × n; result m × n.",
      .layout = "matrix by scalar: numerator, as XY.",
      .function = "`product`, of the pairs (X, X′) and (Y, Y′)",
      .bound =
          "(6u_T + (k + 32)·2⁻⁵³)·Σ|terms|: (1) with chains over k; of each term of the example two factors, two "
          "curves, one product and the result are stored on the way.",
      .source =
          "Petersen and Pedersen, *The Matrix Cookbook*, section 2; Magnus and Neudecker, *Matrix Differential "
          "Calculus*, chapter 8.",
      .proof = "docs/math/matrix_calculus.md, section product-by-scalar",
  };

  template <class T>
  static void check(Trial<T>& trial) {
    const Index m = trial.sizes.m, n = trial.sizes.n, k = trial.sizes.k;
    Operands<T> in = element_operands(trial, ElementFunction::log, 1, 1);  // t > 0
    for (const Dense<Real>& factor : {trial.matrix(m, k), trial.matrix(k, n)}) {
      trial.put(in, {factor});
      trial.put(in, {constant(factor.rows, factor.columns, 0)});
    }
    const auto value = [](const auto& x) {
      const auto scaled = [&](std::size_t operand, ElementFunction function) {
        const auto factor = element_value(function, 1, x[0](0));
        return entrywise(x[operand], [&](const auto& a) -> std::decay_t<decltype(a)> { return a * factor; });
      };
      return scaled(1, ElementFunction::exp) * scaled(2, ElementFunction::tanh);
    };
    const auto x = scaled_matrix(trial.context, ElementFunction::exp, in.batch[2], pair_of(trial, in, 0));
    const auto y = scaled_matrix(trial.context, ElementFunction::tanh, in.batch[4], pair_of(trial, in, 0));
    check_products(trial, in, 6, k + 32, value, product(trial.context, x, y));
  }
};

}  // namespace

CheckedEntry product_by_scalar_entry() { return entry_of<ProductByScalar>(); }

}  // namespace sigmahat::derivatives
