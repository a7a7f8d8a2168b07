#include "sigmahat/derivatives/differentials.hpp"

#include "call.hpp"

namespace sigmahat::derivatives {
namespace {

/// Throws unless X and dX have one shape, and one number of items or one of them a single one.
template <class T>
void require_pair(const Differential<T>& x, const char* name, const char* d_name) {
  require_matrix(d_name, x.d, x.value.rows(), x.value.columns());
  if (x.value.items() == x.d.items() || x.value.items() == 1 || x.d.items() == 1) return;
  throw InvalidArgument(std::string(d_name) + ": " + std::to_string(x.d.items()) + " items, where " + name + " has " +
                        std::to_string(x.value.items()) + "; operands have one item or the same number");
}
template <class T>
void require_pairs(const Differential<T>& x, const Differential<T>& y) {
  require_pair(x, "X", "dX");
  require_pair(y, "Y", "dY");
}

template <class T>
MatrixBatch<T> mapped(const Context& context, ElementFunction function, const MatrixBatch<T>& x, double exponent) {
  return Call<T>(context, MatrixFunction::map, x.rows(), x.columns())
      .operand("X", x, x.rows(), x.columns())
      .element(function, exponent)
      .result(x.rows(), x.columns());
}

template <class T>
MatrixBatch<T> mapped_differential(const Context& context, ElementFunction function, const Differential<T>& x,
                                   double exponent) {
  const Index m = x.value.rows(), n = x.value.columns();
  return Call<T>(context, MatrixFunction::map_differential, m, n)
      .operand("X", x.value, m, n)
      .operand("dX", x.d, m, n)
      .element(function, exponent)
      .result(m, n);
}

}  // namespace

template <class T>
Differential<T> sum(const Context& context, const Differential<T>& x, const Differential<T>& y) {
  require_pairs(x, y);
  require_matrix("Y", y.value, x.value.rows(), x.value.columns());
  return {combined(context, 1, x.value, 1, y.value), combined(context, 1, x.d, 1, y.d)};
}

template <class T>
Differential<T> difference(const Context& context, const Differential<T>& x, const Differential<T>& y) {
  require_pairs(x, y);
  require_matrix("Y", y.value, x.value.rows(), x.value.columns());
  return {combined(context, 1, x.value, -1, y.value), combined(context, 1, x.d, -1, y.d)};
}

template <class T>
Differential<T> product(const Context& context, const Differential<T>& x, const Differential<T>& y) {
  require_pairs(x, y);
  require_matrix("Y", y.value, x.value.columns(), y.value.columns());
  const MatrixBatch<T> second = multiplied(context, x.value, y.d);
  return {multiplied(context, x.value, y.value), multiplied(context, x.d, y.value, 1, &second)};
}

template <class T>
Differential<T> transpose(const Context& context, const Differential<T>& x) {
  require_pair(x, "X", "dX");
  return {transposed(context, x.value), transposed(context, x.d)};
}

template <class T>
Differential<T> trace(const Context& context, const Differential<T>& x) {
  require_pair(x, "X", "dX");
  return {of_square(context, MatrixFunction::trace, x.value, 1, 1),
          of_square(context, MatrixFunction::trace, x.d, 1, 1)};
}

template <class T>
Differential<T> hadamard(const Context& context, const Differential<T>& x, const Differential<T>& y) {
  require_pairs(x, y);
  require_matrix("Y", y.value, x.value.rows(), x.value.columns());
  return {hadamard_product(context, x.value, y.value),
          combined(context, 1, hadamard_product(context, x.d, y.value), 1, hadamard_product(context, x.value, y.d))};
}

template <class T>
Differential<T> element_function(const Context& context, ElementFunction function, const Differential<T>& x,
                                 double exponent) {
  require_pair(x, "X", "dX");
  return {mapped(context, function, x.value, exponent), mapped_differential(context, function, x, exponent)};
}

template <class T>
Differential<T> inverse(const Context& context, const Differential<T>& x) {
  require_pair(x, "X", "dX");
  MatrixBatch<T> value = inverted(context, x.value);
  MatrixBatch<T> d = multiplied(context, value, multiplied(context, x.d, value), -1);
  return {std::move(value), std::move(d)};
}

template <class T>
Differential<T> determinant(const Context& context, const Differential<T>& x) {
  require_pair(x, "X", "dX");
  const Index n = order("X", x.value);
  const MatrixBatch<T> adjugate = of_square(context, MatrixFunction::adjugate, x.value, n, n);
  return {of_square(context, MatrixFunction::determinant, x.value, 1, 1),
          dot(context, transposed(context, adjugate), x.d)};
}

template <class T>
Differential<T> log_determinant(const Context& context, const Differential<T>& x) {
  require_pair(x, "X", "dX");
  return {of_square(context, MatrixFunction::log_determinant, x.value, 1, 1),
          dot(context, transposed(context, inverted(context, x.value)), x.d)};
}

template <class T>
Differential<T> scaled_matrix(const Context& context, ElementFunction function, const MatrixBatch<T>& a,
                              const Differential<T>& t, double exponent) {
  require_pair(t, "t", "dt");
  require_matrix("t", t.value, 1, 1);
  return {times_scalar(context, a, mapped(context, function, t.value, exponent)),
          times_scalar(context, a, mapped_differential(context, function, t, exponent))};
}

#define SIGMAHAT_FOR(T)                                                                                       \
  template Differential<T> sum(const Context&, const Differential<T>&, const Differential<T>&);               \
  template Differential<T> difference(const Context&, const Differential<T>&, const Differential<T>&);        \
  template Differential<T> product(const Context&, const Differential<T>&, const Differential<T>&);           \
  template Differential<T> transpose(const Context&, const Differential<T>&);                                 \
  template Differential<T> trace(const Context&, const Differential<T>&);                                     \
  template Differential<T> hadamard(const Context&, const Differential<T>&, const Differential<T>&);          \
  template Differential<T> element_function(const Context&, ElementFunction, const Differential<T>&, double); \
  template Differential<T> inverse(const Context&, const Differential<T>&);                                   \
  template Differential<T> determinant(const Context&, const Differential<T>&);                               \
  template Differential<T> log_determinant(const Context&, const Differential<T>&);                           \
  template Differential<T> scaled_matrix(const Context&, ElementFunction, const MatrixBatch<T>&,              \
                                         const Differential<T>&, double);
SIGMAHAT_FOR(float)
SIGMAHAT_FOR(double)
#undef SIGMAHAT_FOR

}  // namespace sigmahat::derivatives
