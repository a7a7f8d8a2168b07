// Differentials as operations on pairs (X, dX): each takes the pairs of its operands to the pair of its result. Proofs:
// docs/math/matrix_calculus.md, section 3. What all functions of the catalogue promise: sigmahat/derivatives/vectors.hpp.
//
// With dX = X′(t) the same pairs are derivatives along a curve X(t), in the numerator layout (section 7).
#pragma once

#include "sigmahat/derivatives/layout.hpp"
#include "sigmahat/kernels/matrix_functions.hpp"
#include "sigmahat/matrix_batch.hpp"

namespace sigmahat::derivatives {

/// X and dX, of the same shape.
template <class T>
struct Differential {
  MatrixBatch<T> value, d;
};

/// d(X + Y) = dX + dY
template <class T>
Differential<T> sum(const Context& context, const Differential<T>& x, const Differential<T>& y);
/// d(X − Y) = dX − dY
template <class T>
Differential<T> difference(const Context& context, const Differential<T>& x, const Differential<T>& y);
/// d(XY) = dX Y + X dY; X: m × k, Y: k × n.
template <class T>
Differential<T> product(const Context& context, const Differential<T>& x, const Differential<T>& y);
/// d(Xᵀ) = (dX)ᵀ
template <class T>
Differential<T> transpose(const Context& context, const Differential<T>& x);
/// d tr X = tr dX; X: n × n.
template <class T>
Differential<T> trace(const Context& context, const Differential<T>& x);
/// d(X∘Y) = dX∘Y + X∘dY
template <class T>
Differential<T> hadamard(const Context& context, const Differential<T>& x, const Differential<T>& y);
/// dσ(X) = σ′(X)∘dX, σ entry by entry. `exponent` is that of ElementFunction::power. NaN where σ is not defined.
template <class T>
Differential<T> element_function(const Context& context, ElementFunction function, const Differential<T>& x,
                                 double exponent = 1);
/// dX⁻¹ = −X⁻¹ dX X⁻¹; X: n × n. NaN where elimination meets a zero pivot.
template <class T>
Differential<T> inverse(const Context& context, const Differential<T>& x);
/// d|X| = tr(X* dX), X* the adjugate: right for a singular X, too; X: n × n.
template <class T>
Differential<T> determinant(const Context& context, const Differential<T>& x);
/// d ln|X| = tr(X⁻¹ dX); X: n × n with |X| > 0. The value is −∞ where |X| = 0 and NaN where |X| < 0, where the
/// differential is that of ln||X||.
template <class T>
Differential<T> log_determinant(const Context& context, const Differential<T>& x);
/// d(Aσ(t)) = Aσ′(t)dt for a constant A: m × n, and a scalar t.
template <class T>
Differential<T> scaled_matrix(const Context& context, ElementFunction function, const MatrixBatch<T>& a,
                              const Differential<T>& t, double exponent = 1);

}  // namespace sigmahat::derivatives
