#include <cmath>
#include <type_traits>

#include "derivatives/checks/rules.hpp"
#include "sigmahat/derivatives/vectors.hpp"

namespace sigmahat::derivatives {
namespace {

struct ElementMap {
  static constexpr DerivativeEntry kText{
      .name = "element-map",
      .group = "layouts",
      .formula = "∂exp(x)/∂x = diag(exp(x)), exp entry by entry",
      .sizes = "x: n × 1; value n × 1; Jacobian n × n.",
      .layout = "vector by vector: the result is diagonal, so both are the same.",
      .function = "`element_map::value`, `element_map::jacobian`, for every `ElementFunction`",
      .bound =
          "(u_T + 4·2⁻⁵³)·|entry|: the mathematical library's exp is good to a few units of 2⁻⁵³, and it is "
          "stored, in the Jacobian twice.",
      .source = "Magnus and Neudecker, *Matrix Differential Calculus*, chapter 9.",
      .proof = "docs/math/matrix_calculus.md, section element-map",
  };

  template <class T>
  static void check(Trial<T>& trial) {
    const auto value = [](const auto& in) {
      return entrywise(in[0], [](const auto& x) -> std::decay_t<decltype(x)> {
        using std::exp;
        return exp(x);
      });
    };
    const Operands<T> in = trial.operands({{trial.sizes.n, 1}});
    trial.compare(in, element_map::value(trial.context, ElementFunction::exp, in.batch[0]), value,
                  [&](const auto& args) { return rounding_bound<T>(1, 4, value(args)); });
    trial.compare(
        in, element_map::jacobian(trial.context, ElementFunction::exp, in.batch[0]),
        [&](const auto& args) { return jacobian_by_duals(value, args); },
        [&](const auto& args) { return rounding_bound<T>(2, 4, jacobian_by_duals(value, args)); });
  }
};

}  // namespace

CheckedEntry element_map_entry() { return entry_of<ElementMap>(); }

}  // namespace sigmahat::derivatives
