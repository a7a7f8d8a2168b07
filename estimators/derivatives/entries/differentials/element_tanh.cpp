#include "derivatives/checks/elements.hpp"

namespace sigmahat::derivatives {
namespace {

struct ElementTanh {
  static constexpr DerivativeEntry kText{
      .name = "element-tanh",
      .group = "differentials",
      .formula = "d tanh(X) = (1 − tanh²X)∘dX",
      .sizes = "X, dX: m × n; result m × n. tanh acts on each element.",
      .layout = "none: a differential is shaped as its function.",
      .function = "`element_function` with `ElementFunction::tanh`",
      .bound =
          "(u_T + 12·2⁻⁵³)·|entry|: the derivative is formed as 4q/(1 + q)², q = e^(−2|x|), which subtracts "
          "nothing, so that it keeps its digits where tanh is near ±1; the mathematical library's functions "
          "and a few operations, and the result is stored.",
      .source = "Magnus and Neudecker, *Matrix Differential Calculus*, chapters 5 and 8.",
      .proof = "docs/math/matrix_calculus.md, section element-tanh",
  };

  template <class T>
  static void check(Trial<T>& trial) {
    check_element<ElementFunction::tanh>(trial);
  }
};

}  // namespace

CheckedEntry element_tanh_entry() { return entry_of<ElementTanh>(); }

}  // namespace sigmahat::derivatives
