// Scalars of a vector x, and their derivatives. Proofs: docs/math/matrix_calculus.md, section 1.
//
// All functions of the catalogue: operands are batches of one shape each, a batch of one item serves all items of the
// others; T is float or double, storage alone, the arithmetic is float64. One launch an operation, whatever the number of
// items. Throws InvalidArgument that names operand, shape and requirement. A NaN or an overflow stays in its item.
// Results do not depend on threads, batch size or place in the batch, and, but for exp, log, tanh and pow, not on the backend.
#pragma once

#include "sigmahat/derivatives/layout.hpp"
#include "sigmahat/kernels/matrix_functions.hpp"
#include "sigmahat/matrix_batch.hpp"

namespace sigmahat::derivatives {

/// f = xᵀa = aᵀx; x: n, a: n.
namespace linear_form {
template <class T>
MatrixBatch<T> value(const Context& context, const MatrixBatch<T>& x, const MatrixBatch<T>& a);
/// ∂f/∂x = a
template <class T>
MatrixBatch<T> gradient(const Context& context, const MatrixBatch<T>& x, const MatrixBatch<T>& a,
                        DerivativeLayout layout = kScalarByVector);
}  // namespace linear_form

/// f = xᵀx; x: n.
namespace squared_norm {
template <class T>
MatrixBatch<T> value(const Context& context, const MatrixBatch<T>& x);
/// ∂f/∂x = 2x
template <class T>
MatrixBatch<T> gradient(const Context& context, const MatrixBatch<T>& x, DerivativeLayout layout = kScalarByVector);
}  // namespace squared_norm

/// f = xᵀAx; x: n, A: n × n, not necessarily symmetric.
namespace quadratic_form {
template <class T>
MatrixBatch<T> value(const Context& context, const MatrixBatch<T>& x, const MatrixBatch<T>& a);
/// ∂f/∂x = Ax + Aᵀx
template <class T>
MatrixBatch<T> gradient(const Context& context, const MatrixBatch<T>& x, const MatrixBatch<T>& a,
                        DerivativeLayout layout = kScalarByVector);
/// ∂²f/∂x∂xᵀ = A + Aᵀ, whatever x is: n × n.
template <class T>
MatrixBatch<T> hessian(const Context& context, const MatrixBatch<T>& a);
}  // namespace quadratic_form

/// f = aᵀx xᵀb; x, a, b: n.
namespace product_of_forms {
template <class T>
MatrixBatch<T> value(const Context& context, const MatrixBatch<T>& x, const MatrixBatch<T>& a, const MatrixBatch<T>& b);
/// ∂f/∂x = a bᵀx + b aᵀx
template <class T>
MatrixBatch<T> gradient(const Context& context, const MatrixBatch<T>& x, const MatrixBatch<T>& a,
                        const MatrixBatch<T>& b, DerivativeLayout layout = kScalarByVector);
}  // namespace product_of_forms

/// y = Ax; x: n, A: m × n.
namespace linear_map {
template <class T>
MatrixBatch<T> value(const Context& context, const MatrixBatch<T>& x, const MatrixBatch<T>& a);
/// ∂y/∂x = A in the numerator layout (the Jacobian), Aᵀ in the other (the gradient matrix).
template <class T>
MatrixBatch<T> jacobian(const Context& context, const MatrixBatch<T>& x, const MatrixBatch<T>& a,
                        DerivativeLayout layout = kVectorByVector);
}  // namespace linear_map

/// y = σ(x) entry by entry; x: n. `exponent` is that of ElementFunction::power.
namespace element_map {
template <class T>
MatrixBatch<T> value(const Context& context, ElementFunction function, const MatrixBatch<T>& x, double exponent = 1);
/// ∂y/∂x = diag(σ′(x)) in both layouts.
template <class T>
MatrixBatch<T> jacobian(const Context& context, ElementFunction function, const MatrixBatch<T>& x, double exponent = 1);
}  // namespace element_map

}  // namespace sigmahat::derivatives
