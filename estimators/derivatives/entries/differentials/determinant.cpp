#include <algorithm>
#include <cmath>
#include <vector>

#include "derivatives/checks/lu_bounds.hpp"
#include "sigmahat/derivatives/determinants.hpp"
#include "sigmahat/derivatives/differentials.hpp"

namespace sigmahat::derivatives {
namespace {

Real largest_entry(const Dense<Real>& a) {
  Real largest = 0;
  for (const Real value : a.values) largest = std::fmax(largest, std::fabs(value));
  return largest;
}

/// Hadamard's bound Π‖x_j‖₂ on |X|, without the two shortest columns: what minors of order n − 2 are below.
Real minor_bound(const Dense<Real>& x) {
  std::vector<Real> lengths;
  for (Index j = 0; j < x.columns; ++j) {
    Real sum = 0;
    for (Index i = 0; i < x.rows; ++i) sum += x(i, j) * x(i, j);
    lengths.push_back(std::sqrt(sum));
  }
  std::sort(lengths.begin(), lengths.end());
  Real product = 1;
  for (std::size_t j = 2; j < lengths.size(); ++j) product *= lengths[j];
  return product;
}

struct Determinant {
  static constexpr DerivativeEntry kText{
      .name = "determinant",
      .group = "differentials",
      .formula = "d|X| = tr(X* dX), X* the adjugate; also for a singular X",
      .sizes = "X, dX: n × n; result 1 × 1. ∂|X|/∂X = (X*)ᵀ: n × n.",
      .layout = "the differential has none; the derivative is scalar by matrix: denominator, numerator on request.",
      .function = "`determinant`; `determinant_form::value`, `determinant_form::gradient`",
      .bound =
          "2u_T·Σ|X*||dX| + (8n + 8)·2⁻⁵³·n⁴·max|X|·max|dX|·Π‖xⱼ‖ without the two shortest columns. First part: "
          "adjugate and result are rounded to the storage type. Second part: elimination with complete "
          "pivoting works on a matrix whose elements are off by some (8n + 8)·2⁻⁵³·max|X|; the derivatives of a "
          "cofactor by the elements are minors of order n − 2, which by Hadamard's inequality are at most the "
          "product of the lengths of n − 2 columns; there are at most n² elements in each of n² cofactors. "
          "There is no division by the last pivot, so no condition number, and a matrix of rank n − 1 has its "
          "adjugate to full accuracy.",
      .source =
          "Magnus and Neudecker, *Matrix Differential Calculus*, chapter 8; Petersen and Pedersen, *The Matrix "
          "Cookbook*, section 2.1; Horn and Johnson, *Matrix Analysis*, chapter 0, for the adjugate and "
          "chapter 7 for Hadamard's inequality.",
      .proof = "docs/math/matrix_calculus.md, section determinant",
  };

  template <class T>
  static void check(Trial<T>& trial) {
    const Index n = trial.sizes.n;
    std::vector<Dense<Real>> items = trial.regulars(n);
    if (n > 1) {  // of rank n − 1
      for (Index i = 0; i < n; ++i) items[1](i, n - 1) = items[1](i, 0);
    }
    Operands<T> in;
    trial.put(in, items);
    trial.put(in, {trial.matrix(n, n)});
    std::vector<Dense<Real>> cofactors;  // of each item, by dual numbers
    cofactors.reserve(in.items.size());
    for (const Arguments<Real>& args : in.items) cofactors.push_back(gradient_by_duals(kDeterminant, {args[0]}));
    const auto cofactors_of = [&](const Arguments<Real>& args) -> const Dense<Real>& {
      return cofactors[static_cast<std::size_t>(&args - in.items.data())];
    };
    const Differential<T> computed = determinant(trial.context, pair_of(trial, in, 0));
    trial.compare(
        in, computed.value, [](const auto& args) { return scalar<Real>(kDeterminant(args)); },
        [&](const auto& args) {
          const Real size = largest_entry(args[0]) * inner(absolute(cofactors_of(args)), constant(n, n, 1));
          return rounding_bound<T>(1, 0, scalar<Real>(std::fabs(kDeterminant(args)))) +
                 rounding_bound<T>(0, lu_chain(n), scalar<Real>(size));
        });
    // What LU's error does to a cofactor: it is a sum of minors of order n − 2.
    const auto cofactor_error = [&](const auto& args) {
      return n == 1 ? 0 : static_cast<Real>(n * n) * largest_entry(args[0]) * minor_bound(args[0]);
    };
    trial.compare(in, computed.d, scalar_along(kDeterminant), [&](const auto& args) {
      const Real size = inner(absolute(cofactors_of(args)), absolute(args[1]));
      return rounding_bound<T>(2, n * n, scalar<Real>(size)) +
             rounding_bound<T>(0, n * n * lu_chain(n), scalar<Real>(largest_entry(args[1]) * cofactor_error(args)));
    });
    trial.compare(in, determinant_form::gradient(trial.context, in.batch[0]), cofactors_of, [&](const auto& args) {
      return rounding_bound<T>(1, 4, absolute(cofactors_of(args))) +
             rounding_bound<T>(0, lu_chain(n), constant(n, n, cofactor_error(args)));
    });
  }
};

}  // namespace

CheckedEntry determinant_entry() { return entry_of<Determinant>(); }

}  // namespace sigmahat::derivatives
