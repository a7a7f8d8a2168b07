// Scalars of a matrix X, and their derivatives. Proofs: docs/math/matrix_calculus.md, section 2. What all functions of the
// catalogue promise: sigmahat/derivatives/vectors.hpp.
#pragma once

#include "sigmahat/derivatives/layout.hpp"
#include "sigmahat/matrix_batch.hpp"

namespace sigmahat::derivatives {

/// f = aᵀXb; X: m × n, a: m, b: n.
namespace bilinear_form {
template <class T>
MatrixBatch<T> value(const Context& context, const MatrixBatch<T>& x, const MatrixBatch<T>& a, const MatrixBatch<T>& b);
/// ∂f/∂X = abᵀ
template <class T>
MatrixBatch<T> gradient(const Context& context, const MatrixBatch<T>& x, const MatrixBatch<T>& a,
                        const MatrixBatch<T>& b, DerivativeLayout layout = kScalarByMatrix);
}  // namespace bilinear_form

/// f = aᵀXᵀb; X: m × n, a: n, b: m.
namespace transposed_bilinear_form {
template <class T>
MatrixBatch<T> value(const Context& context, const MatrixBatch<T>& x, const MatrixBatch<T>& a, const MatrixBatch<T>& b);
/// ∂f/∂X = baᵀ
template <class T>
MatrixBatch<T> gradient(const Context& context, const MatrixBatch<T>& x, const MatrixBatch<T>& a,
                        const MatrixBatch<T>& b, DerivativeLayout layout = kScalarByMatrix);
}  // namespace transposed_bilinear_form

/// f = aᵀXXᵀb; X: m × n, a, b: m. X need not be square.
namespace row_gram_form {
template <class T>
MatrixBatch<T> value(const Context& context, const MatrixBatch<T>& x, const MatrixBatch<T>& a, const MatrixBatch<T>& b);
/// ∂f/∂X = abᵀX + baᵀX
template <class T>
MatrixBatch<T> gradient(const Context& context, const MatrixBatch<T>& x, const MatrixBatch<T>& a,
                        const MatrixBatch<T>& b, DerivativeLayout layout = kScalarByMatrix);
}  // namespace row_gram_form

/// f = aᵀXᵀXb; X: m × n, a, b: n.
namespace column_gram_form {
template <class T>
MatrixBatch<T> value(const Context& context, const MatrixBatch<T>& x, const MatrixBatch<T>& a, const MatrixBatch<T>& b);
/// ∂f/∂X = Xabᵀ + Xbaᵀ
template <class T>
MatrixBatch<T> gradient(const Context& context, const MatrixBatch<T>& x, const MatrixBatch<T>& a,
                        const MatrixBatch<T>& b, DerivativeLayout layout = kScalarByMatrix);
}  // namespace column_gram_form

/// f = aᵀexp(Xb), exp entry by entry; X: m × n, a: m, b: n.
namespace exponential_form {
template <class T>
MatrixBatch<T> value(const Context& context, const MatrixBatch<T>& x, const MatrixBatch<T>& a, const MatrixBatch<T>& b);
/// ∂f/∂X = (a ∘ exp(Xb)) bᵀ
template <class T>
MatrixBatch<T> gradient(const Context& context, const MatrixBatch<T>& x, const MatrixBatch<T>& a,
                        const MatrixBatch<T>& b, DerivativeLayout layout = kScalarByMatrix);
}  // namespace exponential_form

/// f = ‖y − Xβ‖²; β: n, X: m × n, y: m. Differentiated with respect to β.
namespace residual_form {
template <class T>
MatrixBatch<T> value(const Context& context, const MatrixBatch<T>& beta, const MatrixBatch<T>& x,
                     const MatrixBatch<T>& y);
/// ∂f/∂β = 2Xᵀ(Xβ − y)
template <class T>
MatrixBatch<T> gradient(const Context& context, const MatrixBatch<T>& beta, const MatrixBatch<T>& x,
                        const MatrixBatch<T>& y, DerivativeLayout layout = kScalarByVector);
/// ∂²f/∂β∂βᵀ = 2XᵀX, whatever β and y are: n × n.
template <class T>
MatrixBatch<T> hessian(const Context& context, const MatrixBatch<T>& x);
/// The zero of the gradient: the least-squares coefficients, by fit_least_squares without intercept. NaN where that
/// reports a problem without a unique solution.
template <class T>
MatrixBatch<T> minimiser(const Context& context, const MatrixBatch<T>& x, const MatrixBatch<T>& y);
}  // namespace residual_form

}  // namespace sigmahat::derivatives
