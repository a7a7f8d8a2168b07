#include "sigmahat/derivatives/determinants.hpp"

#include "call.hpp"
#include "sigmahat/derivatives/trace_form.hpp"

namespace sigmahat::derivatives {
namespace {

/// Throws unless X has the structure.
template <class T>
void require_structure(const MatrixBatch<T>& x, ArgumentStructure structure) {
  order("X", x);
  if (structure == ArgumentStructure::symmetric) require_symmetric("X", x);
}

/// The derivative of df = tr(A dX) for the elements that are free.
template <class T>
MatrixBatch<T> for_structure(const Context& context, const MatrixBatch<T>& a, ArgumentStructure structure,
                             DerivativeLayout layout) {
  if (structure == ArgumentStructure::symmetric) return symmetric_argument(context, a);  // symmetric: one layout
  return derivative_of_trace_form(context, a, layout);
}

}  // namespace

template <class T>
MatrixBatch<T> log_determinant_form::value(const Context& context, const MatrixBatch<T>& x) {
  return of_square(context, MatrixFunction::log_determinant, x, 1, 1);
}

template <class T>
MatrixBatch<T> log_determinant_form::gradient(const Context& context, const MatrixBatch<T>& x,
                                              ArgumentStructure structure, DerivativeLayout layout) {
  require_structure(x, structure);
  return for_structure(context, inverted(context, x), structure, layout);
}

template <class T>
MatrixBatch<T> determinant_form::value(const Context& context, const MatrixBatch<T>& x) {
  return of_square(context, MatrixFunction::determinant, x, 1, 1);
}

template <class T>
MatrixBatch<T> determinant_form::gradient(const Context& context, const MatrixBatch<T>& x, DerivativeLayout layout) {
  const Index n = order("X", x);
  return derivative_of_trace_form(context, of_square(context, MatrixFunction::adjugate, x, n, n), layout);
}

template <class T>
MatrixBatch<T> inverse_trace_form::value(const Context& context, const MatrixBatch<T>& x, const MatrixBatch<T>& m) {
  require_matrix("M", m, order("X", x), x.rows());
  return of_square(context, MatrixFunction::trace, multiplied(context, inverted(context, x), m), 1, 1);
}

template <class T>
MatrixBatch<T> inverse_trace_form::gradient(const Context& context, const MatrixBatch<T>& x, const MatrixBatch<T>& m,
                                            ArgumentStructure structure, DerivativeLayout layout) {
  require_structure(x, structure);
  require_matrix("M", m, x.rows(), x.rows());
  const MatrixBatch<T> inverse = inverted(context, x);
  return for_structure(context, multiplied(context, inverse, multiplied(context, m, inverse), -1), structure, layout);
}

template <class T>
MatrixBatch<T> symmetric_bilinear_form::gradient(const Context& context, const MatrixBatch<T>& x,
                                                 const MatrixBatch<T>& a, const MatrixBatch<T>& b) {
  require_structure(x, ArgumentStructure::symmetric);
  const Index n = x.rows();
  const MatrixBatch<T> outer = Call<T>(context, MatrixFunction::outer_product, n, n)
                                   .operand("a", a, n, 1)
                                   .operand("b", b, n, 1)
                                   .operand("X", x, n, n)
                                   .result(n, n);
  return symmetric_argument(context, outer);
}

#define SIGMAHAT_FOR(T)                                                                                              \
  template MatrixBatch<T> log_determinant_form::value(const Context&, const MatrixBatch<T>&);                        \
  template MatrixBatch<T> log_determinant_form::gradient(const Context&, const MatrixBatch<T>&, ArgumentStructure,   \
                                                         DerivativeLayout);                                          \
  template MatrixBatch<T> determinant_form::value(const Context&, const MatrixBatch<T>&);                            \
  template MatrixBatch<T> determinant_form::gradient(const Context&, const MatrixBatch<T>&, DerivativeLayout);       \
  template MatrixBatch<T> inverse_trace_form::value(const Context&, const MatrixBatch<T>&, const MatrixBatch<T>&);   \
  template MatrixBatch<T> inverse_trace_form::gradient(const Context&, const MatrixBatch<T>&, const MatrixBatch<T>&, \
                                                       ArgumentStructure, DerivativeLayout);                         \
  template MatrixBatch<T> symmetric_bilinear_form::gradient(const Context&, const MatrixBatch<T>&,                   \
                                                            const MatrixBatch<T>&, const MatrixBatch<T>&);
SIGMAHAT_FOR(float)
SIGMAHAT_FOR(double)
#undef SIGMAHAT_FOR

}  // namespace sigmahat::derivatives
