#include "derivatives/checks/elements.hpp"

namespace sigmahat::derivatives {
namespace {

struct ElementLogistic {
  static constexpr DerivativeEntry kText{
      .name = "element-logistic",
      .group = "differentials",
      .formula = "d s(X) = s(X)∘(1 − s(X))∘dX, s(x) = 1/(1 + e⁻ˣ)",
      .sizes = "X, dX: m × n; result m × n. s acts on each element.",
      .layout = "none: a differential is shaped as its function.",
      .function = "`element_function` with `ElementFunction::logistic`",
      .bound =
          "(u_T + 12·2⁻⁵³)·|entry|: the derivative is formed as q/(1 + q)², q = e^(−|x|), which subtracts "
          "nothing, so that it keeps its digits where s is near 1; the mathematical library's exp and a few "
          "operations, and the result is stored.",
      .source = "Magnus and Neudecker, *Matrix Differential Calculus*, chapters 5 and 8.",
      .proof = "docs/math/matrix_calculus.md, section element-logistic",
  };

  template <class T>
  static void check(Trial<T>& trial) {
    check_element<ElementFunction::logistic>(trial);
  }
};

}  // namespace

CheckedEntry element_logistic_entry() { return entry_of<ElementLogistic>(); }

}  // namespace sigmahat::derivatives
