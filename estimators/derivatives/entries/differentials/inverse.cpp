#include "derivatives/checks/lu_bounds.hpp"
#include "sigmahat/derivatives/differentials.hpp"

namespace sigmahat::derivatives {
namespace {

struct Inverse {
  static constexpr DerivativeEntry kText{
      .name = "inverse",
      .group = "differentials",
      .formula = "dX⁻¹ = −X⁻¹ dX X⁻¹",
      .sizes = "X: n × n, regular; dX: n × n; result n × n.",
      .layout = "none: a differential is shaped as its function.",
      .function = "`inverse`",
      .bound =
          "4u_T·|X⁻¹||dX||X⁻¹| + (16n + 16)·2⁻⁵³·κ(X)‖X⁻¹‖²‖dX‖. First part: both inverses, one product and the result "
          "are rounded to the storage type. Second part: LU with pivoting solves a system whose matrix is off "
          "by some (8n + 8)·2⁻⁵³·‖X‖ (backward error), which moves X⁻¹ by κ(X)‖X⁻¹‖ times that, and both inverses "
          "carry it. A matrix whose elimination meets a zero pivot gives NaN in its item.",
      .source =
          "Magnus and Neudecker, *Matrix Differential Calculus*, chapter 8; Petersen and Pedersen, *The Matrix "
          "Cookbook*, section 2.2; for the bound Higham, *Accuracy and Stability of Numerical Algorithms*, "
          "chapters 9 and 14.",
      .proof = "docs/math/matrix_calculus.md, section inverse",
  };

  template <class T>
  static void check(Trial<T>& trial) {
    const Index n = trial.sizes.n;
    const Operands<T> in = regular_pair(trial);
    const Differential<T> computed = inverse(trial.context, pair_of(trial, in, 0));
    trial.compare(in, computed.value, kInverse, [&](const auto& args) {
      const Sizing x(args[0]);
      return rounding_bound<T>(1, 0, absolute(x.inverse)) +
             rounding_bound<T>(0, lu_chain(n), constant(n, n, x.condition * x.inverse_norm));
    });
    trial.compare(in, computed.d, along(kInverse), inverse_bound<T>);
  }
};

}  // namespace

CheckedEntry inverse_entry() { return entry_of<Inverse>(); }

}  // namespace sigmahat::derivatives
