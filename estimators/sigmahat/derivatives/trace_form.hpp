// Rules of the trace, and the link df = tr((∂f/∂X)ᵀ dX) between a differential and a derivative, in both directions.
// Proofs: docs/math/matrix_calculus.md, sections 4 to 6. What all functions promise: sigmahat/derivatives/vectors.hpp.
#pragma once

#include <functional>

#include "sigmahat/derivatives/layout.hpp"
#include "sigmahat/matrix_batch.hpp"

namespace sigmahat::derivatives {

/// Left and right side of a rule.
template <class T>
struct Sides {
  MatrixBatch<T> left, right;
};

/// tr(Aᵀ) = tr(A); A: n × n.
template <class T>
Sides<T> trace_of_transpose(const Context& context, const MatrixBatch<T>& a);
/// tr(αA + βB) = α tr(A) + β tr(B); A, B: n × n.
template <class T>
Sides<T> trace_of_combination(const Context& context, double alpha, const MatrixBatch<T>& a, double beta,
                              const MatrixBatch<T>& b);
/// tr(AB) = tr(BA); A: m × n, B: n × m.
template <class T>
Sides<T> trace_of_product(const Context& context, const MatrixBatch<T>& a, const MatrixBatch<T>& b);
/// tr(Aᵀ(B∘C)) = tr((A∘B)ᵀC); A, B, C: m × n.
template <class T>
Sides<T> trace_of_hadamard(const Context& context, const MatrixBatch<T>& a, const MatrixBatch<T>& b,
                           const MatrixBatch<T>& c);

/// ∂f/∂X of a function with df = tr(A dX): Aᵀ. A: n × m for X: m × n.
template <class T>
MatrixBatch<T> derivative_of_trace_form(const Context& context, const MatrixBatch<T>& a,
                                        DerivativeLayout layout = kScalarByMatrix);

/// A differential at a fixed X: from a batch of directions dX, rows × columns each, to the scalars df, one for each.
template <class T>
using DifferentialMap = std::function<MatrixBatch<T>(const MatrixBatch<T>& directions)>;

/// ∂f/∂X read off a differential: entry (i, j) is df in the direction of the unit matrix E_ij. The map is called once, with
/// rows·columns directions, which take (rows·columns)² numbers. The result has one item. InvalidArgument for an empty map,
/// or one that does not return one scalar for each direction.
template <class T>
MatrixBatch<T> derivative_of_differential(const Context& context, Index rows, Index columns,
                                          const DifferentialMap<T>& differential,
                                          DerivativeLayout layout = kScalarByMatrix);

/// The derivative with respect to the free elements x_ij, i ≤ j, of a symmetric X, from A = ∂f/∂X with all elements taken
/// as free: A + Aᵀ − A∘I, symmetric.
template <class T>
MatrixBatch<T> symmetric_argument(const Context& context, const MatrixBatch<T>& a);

}  // namespace sigmahat::derivatives
