#include "derivatives/checks/elements.hpp"

namespace sigmahat::derivatives {
namespace {

struct ElementExp {
  static constexpr DerivativeEntry kText{
      .name = "element-exp",
      .group = "differentials",
      .formula = "d exp(X) = exp(X)∘dX",
      .sizes = "X, dX: m × n; result m × n. exp acts on each element; it is not the exponential of a matrix.",
      .layout = "none: a differential is shaped as its function.",
      .function = "`element_function` with `ElementFunction::exp`; as a vector function `element_map`",
      .bound =
          "(u_T + 12·2⁻⁵³)·|entry|: the mathematical library's exp is good to a few units of 2⁻⁵³, one product "
          "follows, and the result is stored.",
      .source = "Magnus and Neudecker, *Matrix Differential Calculus*, chapters 5 and 8.",
      .proof = "docs/math/matrix_calculus.md, section element-exp",
  };

  template <class T>
  static void check(Trial<T>& trial) {
    check_element<ElementFunction::exp>(trial);
  }
};

}  // namespace

CheckedEntry element_exp_entry() { return entry_of<ElementExp>(); }

}  // namespace sigmahat::derivatives
