#include "derivatives/checks/elements.hpp"

namespace sigmahat::derivatives {
namespace {

struct ElementLog {
  static constexpr DerivativeEntry kText{
      .name = "element-log",
      .group = "differentials",
      .formula = "d ln(X) = (1/X)∘dX",
      .sizes = "X, dX: m × n, all xᵢⱼ > 0; result m × n. ln acts on each element, and so does 1/X.",
      .layout = "none: a differential is shaped as its function.",
      .function = "`element_function` with `ElementFunction::log`",
      .bound =
          "(u_T + 12·2⁻⁵³)·|entry|: the mathematical library's logarithm is good to a few units of 2⁻⁵³, also "
          "near 1; 1/x and the product are two operations, and the result is stored. NaN where x < 0.",
      .source = "Magnus and Neudecker, *Matrix Differential Calculus*, chapters 5 and 8.",
      .proof = "docs/math/matrix_calculus.md, section element-log",
  };

  template <class T>
  static void check(Trial<T>& trial) {
    check_element<ElementFunction::log>(trial);
  }
};

}  // namespace

CheckedEntry element_log_entry() { return entry_of<ElementLog>(); }

}  // namespace sigmahat::derivatives
