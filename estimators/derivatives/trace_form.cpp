#include "sigmahat/derivatives/trace_form.hpp"

#include "call.hpp"

namespace sigmahat::derivatives {
namespace {

template <class T>
MatrixBatch<T> trace_of(const Context& context, const MatrixBatch<T>& x) {
  return of_square(context, MatrixFunction::trace, x, 1, 1);
}

}  // namespace

template <class T>
Sides<T> trace_of_transpose(const Context& context, const MatrixBatch<T>& a) {
  return {trace_of(context, transposed(context, a)), trace_of(context, a)};
}

template <class T>
Sides<T> trace_of_combination(const Context& context, double alpha, const MatrixBatch<T>& a, double beta,
                              const MatrixBatch<T>& b) {
  return {trace_of(context, combined(context, alpha, a, beta, b)),
          combined(context, alpha, trace_of(context, a), beta, trace_of(context, b))};
}

template <class T>
Sides<T> trace_of_product(const Context& context, const MatrixBatch<T>& a, const MatrixBatch<T>& b) {
  require_matrix("B", b, a.columns(), a.rows());
  return {trace_of(context, multiplied(context, a, b)), trace_of(context, multiplied(context, b, a))};
}

template <class T>
Sides<T> trace_of_hadamard(const Context& context, const MatrixBatch<T>& a, const MatrixBatch<T>& b,
                           const MatrixBatch<T>& c) {
  return {trace_of(context, multiplied(context, transposed(context, a), hadamard_product(context, b, c))),
          trace_of(context, multiplied(context, transposed(context, hadamard_product(context, a, b)), c))};
}

template <class T>
MatrixBatch<T> derivative_of_trace_form(const Context& context, const MatrixBatch<T>& a, DerivativeLayout layout) {
  return layout == kScalarByMatrix ? transposed(context, a) : a.copy(context);
}

template <class T>
MatrixBatch<T> derivative_of_differential(const Context& context, Index rows, Index columns,
                                          const DifferentialMap<T>& differential, DerivativeLayout layout) {
  constexpr Index kMostEntries = Index{1} << 30;  // their directions are (rows·columns)² numbers
  if (rows < 1 || columns < 1 || rows > kMostEntries / columns) {
    throw InvalidArgument("rows, columns: " + shape_text(rows, columns) + "; must be ≥ 1, and rows·columns ≤ 2³⁰");
  }
  if (!differential) throw InvalidArgument("differential: it is empty; must be a function");
  const Index entries = rows * columns;
  const std::vector<T> ones(static_cast<std::size_t>(entries), T(1));
  // The columns of the identity of order rows·columns are the unit matrices, one after the other.
  const MatrixBatch<T> directions = Call<T>(context, MatrixFunction::diagonal, entries, entries)
                                        .operand("x", MatrixBatch<T>(context, 1, entries, 1, ones), entries, 1)
                                        .result(entries, entries)
                                        .reshaped(entries, rows, columns);
  MatrixBatch<T> values = differential(directions);
  if (values.items() != entries || values.entries() != 1) {
    throw InvalidArgument("differential: it returned " + std::to_string(values.items()) + " items of " +
                          shape_text(values.rows(), values.columns()) + "; must be one scalar for each of " +
                          std::to_string(entries) + " directions");
  }
  return arranged(context, std::move(values).reshaped(1, rows, columns), kScalarByMatrix, layout);
}

template <class T>
MatrixBatch<T> symmetric_argument(const Context& context, const MatrixBatch<T>& a) {
  const Index n = order("A", a);
  return Call<T>(context, MatrixFunction::symmetric, n, n).operand("A", a, n, n).result(n, n);
}

#define SIGMAHAT_FOR(T)                                                                                       \
  template Sides<T> trace_of_transpose(const Context&, const MatrixBatch<T>&);                                \
  template Sides<T> trace_of_combination(const Context&, double, const MatrixBatch<T>&, double,               \
                                         const MatrixBatch<T>&);                                              \
  template Sides<T> trace_of_product(const Context&, const MatrixBatch<T>&, const MatrixBatch<T>&);           \
  template Sides<T> trace_of_hadamard(const Context&, const MatrixBatch<T>&, const MatrixBatch<T>&,           \
                                      const MatrixBatch<T>&);                                                 \
  template MatrixBatch<T> derivative_of_trace_form(const Context&, const MatrixBatch<T>&, DerivativeLayout);  \
  template MatrixBatch<T> derivative_of_differential(const Context&, Index, Index, const DifferentialMap<T>&, \
                                                     DerivativeLayout);                                       \
  template MatrixBatch<T> symmetric_argument(const Context&, const MatrixBatch<T>&);
SIGMAHAT_FOR(float)
SIGMAHAT_FOR(double)
#undef SIGMAHAT_FOR

}  // namespace sigmahat::derivatives
