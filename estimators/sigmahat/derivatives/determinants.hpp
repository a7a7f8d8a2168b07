// ln|X| and tr(X⁻¹M) with their derivatives, for a general and for a symmetric X. Proofs: docs/math/matrix_calculus.md,
// sections 3 and 6. What all functions of the catalogue promise: sigmahat/derivatives/vectors.hpp.
#pragma once

#include "sigmahat/derivatives/layout.hpp"
#include "sigmahat/matrix_batch.hpp"

namespace sigmahat::derivatives {

/// Which elements of X are variables of their own.
enum class ArgumentStructure {
  general,  ///< all n²
  /// x_ij with i ≤ j; x_ji follows. The result is A + Aᵀ − A∘I. InvalidArgument where an item of X is not symmetric within
  /// rounding, for which X is read back from the device.
  symmetric,
};

/// f = ln|X|; X: n × n with |X| > 0. The value is −∞ where |X| = 0 and NaN where |X| < 0, where the gradient is that of
/// ln||X||.
namespace log_determinant_form {
template <class T>
MatrixBatch<T> value(const Context& context, const MatrixBatch<T>& x);
/// ∂f/∂X = X⁻ᵀ
template <class T>
MatrixBatch<T> gradient(const Context& context, const MatrixBatch<T>& x,
                        ArgumentStructure structure = ArgumentStructure::general,
                        DerivativeLayout layout = kScalarByMatrix);
}  // namespace log_determinant_form

/// f = |X|; X: n × n, regular or not.
namespace determinant_form {
template <class T>
MatrixBatch<T> value(const Context& context, const MatrixBatch<T>& x);
/// ∂f/∂X = (X*)ᵀ, the matrix of cofactors.
template <class T>
MatrixBatch<T> gradient(const Context& context, const MatrixBatch<T>& x, DerivativeLayout layout = kScalarByMatrix);
}  // namespace determinant_form

/// f = tr(X⁻¹M); X, M: n × n.
namespace inverse_trace_form {
template <class T>
MatrixBatch<T> value(const Context& context, const MatrixBatch<T>& x, const MatrixBatch<T>& m);
/// ∂f/∂X = −(X⁻¹MX⁻¹)ᵀ
template <class T>
MatrixBatch<T> gradient(const Context& context, const MatrixBatch<T>& x, const MatrixBatch<T>& m,
                        ArgumentStructure structure = ArgumentStructure::general,
                        DerivativeLayout layout = kScalarByMatrix);
}  // namespace inverse_trace_form

/// f = aᵀXb for a symmetric X: n × n, a, b: n; with X general see bilinear_form.
namespace symmetric_bilinear_form {
/// abᵀ + baᵀ − (abᵀ)∘I
template <class T>
MatrixBatch<T> gradient(const Context& context, const MatrixBatch<T>& x, const MatrixBatch<T>& a,
                        const MatrixBatch<T>& b);
}  // namespace symmetric_bilinear_form

}  // namespace sigmahat::derivatives
