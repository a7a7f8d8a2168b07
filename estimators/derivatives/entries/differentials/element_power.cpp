#include "derivatives/checks/elements.hpp"

namespace sigmahat::derivatives {
namespace {

struct ElementPower {
  static constexpr DerivativeEntry kText{
      .name = "element-power",
      .group = "differentials",
      .formula = "d X^α = αX^(α−1)∘dX, entry by entry",
      .sizes = "X, dX: m × n; result m × n. xᵢⱼ > 0, or any xᵢⱼ where α is a whole number, with xᵢⱼ ≠ 0 for α < 0.",
      .layout = "none: a differential is shaped as its function.",
      .function = "`element_function` with `ElementFunction::power` and the exponent α",
      .bound =
          "(u_T + 12·2⁻⁵³)·|entry|: the mathematical library's pow is good to a few units of 2⁻⁵³, two "
          "products follow, and the result is stored.",
      .source = "Magnus and Neudecker, *Matrix Differential Calculus*, chapters 5 and 8.",
      .proof = "docs/math/matrix_calculus.md, section element-power",
  };

  template <class T>
  static void check(Trial<T>& trial) {
    check_element<ElementFunction::power>(trial);
  }
};

}  // namespace

CheckedEntry element_power_entry() { return entry_of<ElementPower>(); }

}  // namespace sigmahat::derivatives
