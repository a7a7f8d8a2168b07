#include "sigmahat/derivatives/vectors.hpp"

#include "call.hpp"

namespace sigmahat::derivatives {

template <class T>
MatrixBatch<T> linear_form::value(const Context& context, const MatrixBatch<T>& x, const MatrixBatch<T>& a) {
  const Index n = length("x", x);
  return Call<T>(context, MatrixFunction::dot, n).operand("x", x, n, 1).operand("a", a, n, 1).result(1, 1);
}

template <class T>
MatrixBatch<T> linear_form::gradient(const Context& context, const MatrixBatch<T>& x, const MatrixBatch<T>& a,
                                     DerivativeLayout layout) {
  const Index n = length("x", x);
  // x takes part as an operand that is not read: it says how many items there are.
  MatrixBatch<T> result =
      Call<T>(context, MatrixFunction::scale, n).operand("a", a, n, 1).operand("x", x, n, 1).result(n, 1);
  return arranged(context, std::move(result), kScalarByVector, layout);
}

template <class T>
MatrixBatch<T> squared_norm::value(const Context& context, const MatrixBatch<T>& x) {
  length("x", x);
  return dot(context, x, x);
}

template <class T>
MatrixBatch<T> squared_norm::gradient(const Context& context, const MatrixBatch<T>& x, DerivativeLayout layout) {
  length("x", x);
  return arranged(context, scaled(context, 2, x), kScalarByVector, layout);
}

template <class T>
MatrixBatch<T> quadratic_form::value(const Context& context, const MatrixBatch<T>& x, const MatrixBatch<T>& a) {
  const Index n = length("x", x);
  return Call<T>(context, MatrixFunction::quadratic_form, n, n)
      .operand("x", x, n, 1)
      .operand("A", a, n, n)
      .result(1, 1);
}

template <class T>
MatrixBatch<T> quadratic_form::gradient(const Context& context, const MatrixBatch<T>& x, const MatrixBatch<T>& a,
                                        DerivativeLayout layout) {
  const Index n = length("x", x);
  MatrixBatch<T> result = Call<T>(context, MatrixFunction::quadratic_form_gradient, n, n)
                              .operand("x", x, n, 1)
                              .operand("A", a, n, n)
                              .result(n, 1);
  return arranged(context, std::move(result), kScalarByVector, layout);
}

template <class T>
MatrixBatch<T> quadratic_form::hessian(const Context& context, const MatrixBatch<T>& a) {
  order("A", a);
  return combined(context, 1, a, 1, transposed(context, a));
}

template <class T>
MatrixBatch<T> product_of_forms::value(const Context& context, const MatrixBatch<T>& x, const MatrixBatch<T>& a,
                                       const MatrixBatch<T>& b) {
  const Index n = length("x", x);
  return Call<T>(context, MatrixFunction::product_of_forms, n, n)
      .operand("x", x, n, 1)
      .operand("a", a, n, 1)
      .operand("b", b, n, 1)
      .result(1, 1);
}

template <class T>
MatrixBatch<T> product_of_forms::gradient(const Context& context, const MatrixBatch<T>& x, const MatrixBatch<T>& a,
                                          const MatrixBatch<T>& b, DerivativeLayout layout) {
  const Index n = length("x", x);
  MatrixBatch<T> result = Call<T>(context, MatrixFunction::product_of_forms_gradient, n, n)
                              .operand("x", x, n, 1)
                              .operand("a", a, n, 1)
                              .operand("b", b, n, 1)
                              .result(n, 1);
  return arranged(context, std::move(result), kScalarByVector, layout);
}

template <class T>
MatrixBatch<T> linear_map::value(const Context& context, const MatrixBatch<T>& x, const MatrixBatch<T>& a) {
  require_matrix("x", x, a.columns(), 1);
  return multiplied(context, a, x);
}

template <class T>
MatrixBatch<T> linear_map::jacobian(const Context& context, const MatrixBatch<T>& x, const MatrixBatch<T>& a,
                                    DerivativeLayout layout) {
  const Index m = a.rows(), n = a.columns();
  // x takes part as an operand that is not read, as above.
  MatrixBatch<T> result =
      Call<T>(context, MatrixFunction::scale, m, n).operand("A", a, m, n).operand("x", x, n, 1).result(m, n);
  return arranged(context, std::move(result), kVectorByVector, layout);
}

template <class T>
MatrixBatch<T> element_map::value(const Context& context, ElementFunction function, const MatrixBatch<T>& x,
                                  double exponent) {
  const Index n = length("x", x);
  return Call<T>(context, MatrixFunction::map, n).operand("x", x, n, 1).element(function, exponent).result(n, 1);
}

template <class T>
MatrixBatch<T> element_map::jacobian(const Context& context, ElementFunction function, const MatrixBatch<T>& x,
                                     double exponent) {
  const Index n = length("x", x);
  const std::vector<T> ones(static_cast<std::size_t>(n), T(1));
  const MatrixBatch<T> slopes = Call<T>(context, MatrixFunction::map_differential, n)
                                    .operand("x", x, n, 1)
                                    .operand("dx", MatrixBatch<T>(context, 1, n, 1, ones), n, 1)
                                    .element(function, exponent)
                                    .result(n, 1);
  return Call<T>(context, MatrixFunction::diagonal, n, n).operand("x", slopes, n, 1).result(n, n);
}

#define SIGMAHAT_FOR(T)                                                                                            \
  template MatrixBatch<T> linear_form::value(const Context&, const MatrixBatch<T>&, const MatrixBatch<T>&);        \
  template MatrixBatch<T> linear_form::gradient(const Context&, const MatrixBatch<T>&, const MatrixBatch<T>&,      \
                                                DerivativeLayout);                                                 \
  template MatrixBatch<T> squared_norm::value(const Context&, const MatrixBatch<T>&);                              \
  template MatrixBatch<T> squared_norm::gradient(const Context&, const MatrixBatch<T>&, DerivativeLayout);         \
  template MatrixBatch<T> quadratic_form::value(const Context&, const MatrixBatch<T>&, const MatrixBatch<T>&);     \
  template MatrixBatch<T> quadratic_form::gradient(const Context&, const MatrixBatch<T>&, const MatrixBatch<T>&,   \
                                                   DerivativeLayout);                                              \
  template MatrixBatch<T> quadratic_form::hessian(const Context&, const MatrixBatch<T>&);                          \
  template MatrixBatch<T> product_of_forms::value(const Context&, const MatrixBatch<T>&, const MatrixBatch<T>&,    \
                                                  const MatrixBatch<T>&);                                          \
  template MatrixBatch<T> product_of_forms::gradient(const Context&, const MatrixBatch<T>&, const MatrixBatch<T>&, \
                                                     const MatrixBatch<T>&, DerivativeLayout);                     \
  template MatrixBatch<T> linear_map::value(const Context&, const MatrixBatch<T>&, const MatrixBatch<T>&);         \
  template MatrixBatch<T> linear_map::jacobian(const Context&, const MatrixBatch<T>&, const MatrixBatch<T>&,       \
                                               DerivativeLayout);                                                  \
  template MatrixBatch<T> element_map::value(const Context&, ElementFunction, const MatrixBatch<T>&, double);      \
  template MatrixBatch<T> element_map::jacobian(const Context&, ElementFunction, const MatrixBatch<T>&, double);
SIGMAHAT_FOR(float)
SIGMAHAT_FOR(double)
#undef SIGMAHAT_FOR

}  // namespace sigmahat::derivatives
