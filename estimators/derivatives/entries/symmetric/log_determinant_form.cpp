#include "derivatives/checks/free_elements.hpp"
#include "sigmahat/derivatives/determinants.hpp"

namespace sigmahat::derivatives {
namespace {

struct LogDeterminantGradient {
  static constexpr DerivativeEntry kText{
      .name = "log-determinant-form",
      .group = "symmetric",
      .formula = "∂ln|X|/∂X = X⁻ᵀ; for a symmetric X with free x_ij, i ≤ j: 2X⁻¹ − X⁻¹∘I",
      .sizes = "X: n × n, |X| > 0; result n × n.",
      .layout = "scalar by matrix: denominator; numerator on request. The symmetric result has one layout.",
      .function = "`log_determinant_form::value`, `log_determinant_form::gradient` with `ArgumentStructure`",
      .bound =
          "c·(u_T + n·2⁻⁵³·κ(X))·(sizes of the factors): 2‖X⁻¹‖ times 2u_T for storing the inverse and the "
          "result, and κ(X) times some n·2⁻⁵³ for the backward error of LU.",
      .source =
          "Petersen and Pedersen, *The Matrix Cookbook*, sections 2.1 and 2.8; Magnus and Neudecker, *Matrix "
          "Differential Calculus*, chapter 9.",
      .proof = "docs/math/matrix_calculus.md, section log-determinant-form",
  };

  template <class T>
  static void check(Trial<T>& trial) {
    const Index n = trial.sizes.n;
    for (const auto structure : {ArgumentStructure::general, ArgumentStructure::symmetric}) {
      const bool symmetric = structure == ArgumentStructure::symmetric;
      Operands<T> in;
      trial.put(in, trial.regulars(n, symmetric));
      check_entries(trial, in, log_determinant_form::gradient(trial.context, in.batch[0], structure), kLogDeterminant,
                    symmetric ? Free::symmetric : Free::all, [&](const auto& args) {
                      const Sizing x(args[0]);
                      return 2 * x.inverse_norm * (2 * kStorageUnit<T> + Real(lu_chain(n)) * kUnit * x.condition);
                    });
    }
  }
};

}  // namespace

CheckedEntry log_determinant_form_entry() { return entry_of<LogDeterminantGradient>(); }

}  // namespace sigmahat::derivatives
