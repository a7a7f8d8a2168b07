#include "sigmahat/derivatives/matrices.hpp"

#include "call.hpp"
#include "sigmahat/least_squares.hpp"

namespace sigmahat::derivatives {
namespace {

/// A function of a: m, X: m × n and b: n.
template <class T>
Call<T> of_form(const Context& context, MatrixFunction function, const MatrixBatch<T>& x, const MatrixBatch<T>& a,
                const MatrixBatch<T>& b) {
  const Index m = x.rows(), n = x.columns();
  Call<T> call(context, function, m, n);
  call.operand("a", a, m, 1).operand("X", x, m, n).operand("b", b, n, 1);
  return call;
}

/// A function of a and b, of `size` entries both, and X: m × n.
template <class T>
Call<T> of_gram_form(const Context& context, MatrixFunction function, const MatrixBatch<T>& x, const MatrixBatch<T>& a,
                     const MatrixBatch<T>& b, Index size) {
  const Index m = x.rows(), n = x.columns();
  Call<T> call(context, function, m, n);
  call.operand("a", a, size, 1).operand("b", b, size, 1).operand("X", x, m, n);
  return call;
}

/// abᵀ for every item of the three operands, in the layout asked for.
template <class T>
MatrixBatch<T> outer(const Context& context, const MatrixBatch<T>& x, const char* a_name, const MatrixBatch<T>& a,
                     const char* b_name, const MatrixBatch<T>& b, DerivativeLayout layout) {
  const Index m = x.rows(), n = x.columns();
  // X takes part as an operand that is not read: it says how many items there are.
  MatrixBatch<T> result = Call<T>(context, MatrixFunction::outer_product, m, n)
                              .operand(a_name, a, m, 1)
                              .operand(b_name, b, n, 1)
                              .operand("X", x, m, n)
                              .result(m, n);
  return arranged(context, std::move(result), kScalarByMatrix, layout);
}

/// Row-major [B, m, n] in float64, for the estimator.
template <class T>
std::vector<double> rows_of(const MatrixBatch<T>& batch, Index items) {
  const std::vector<T> values = batch.values();
  const Index m = batch.rows(), n = batch.columns();
  std::vector<double> rows(static_cast<std::size_t>(items * m * n));
  for (Index b = 0; b < items; ++b) {
    const T* const item = values.data() + (batch.items() == 1 ? 0 : b * m * n);
    for (Index i = 0; i < m; ++i) {
      for (Index j = 0; j < n; ++j) rows[(b * m + i) * n + j] = item[i + j * m];
    }
  }
  return rows;
}

}  // namespace

template <class T>
MatrixBatch<T> bilinear_form::value(const Context& context, const MatrixBatch<T>& x, const MatrixBatch<T>& a,
                                    const MatrixBatch<T>& b) {
  return of_form(context, MatrixFunction::bilinear_form, x, a, b).result(1, 1);
}

template <class T>
MatrixBatch<T> bilinear_form::gradient(const Context& context, const MatrixBatch<T>& x, const MatrixBatch<T>& a,
                                       const MatrixBatch<T>& b, DerivativeLayout layout) {
  return outer(context, x, "a", a, "b", b, layout);
}

template <class T>
MatrixBatch<T> transposed_bilinear_form::value(const Context& context, const MatrixBatch<T>& x, const MatrixBatch<T>& a,
                                               const MatrixBatch<T>& b) {
  const Index m = x.rows(), n = x.columns();
  return Call<T>(context, MatrixFunction::bilinear_form, m, n)
      .operand("b", b, m, 1)
      .operand("X", x, m, n)
      .operand("a", a, n, 1)
      .result(1, 1);
}

template <class T>
MatrixBatch<T> transposed_bilinear_form::gradient(const Context& context, const MatrixBatch<T>& x,
                                                  const MatrixBatch<T>& a, const MatrixBatch<T>& b,
                                                  DerivativeLayout layout) {
  return outer(context, x, "b", b, "a", a, layout);
}

template <class T>
MatrixBatch<T> row_gram_form::value(const Context& context, const MatrixBatch<T>& x, const MatrixBatch<T>& a,
                                    const MatrixBatch<T>& b) {
  return of_gram_form(context, MatrixFunction::row_gram_form, x, a, b, x.rows()).result(1, 1);
}

template <class T>
MatrixBatch<T> row_gram_form::gradient(const Context& context, const MatrixBatch<T>& x, const MatrixBatch<T>& a,
                                       const MatrixBatch<T>& b, DerivativeLayout layout) {
  return arranged(
      context,
      of_gram_form(context, MatrixFunction::row_gram_gradient, x, a, b, x.rows()).result(x.rows(), x.columns()),
      kScalarByMatrix, layout);
}

template <class T>
MatrixBatch<T> column_gram_form::value(const Context& context, const MatrixBatch<T>& x, const MatrixBatch<T>& a,
                                       const MatrixBatch<T>& b) {
  return of_gram_form(context, MatrixFunction::column_gram_form, x, a, b, x.columns()).result(1, 1);
}

template <class T>
MatrixBatch<T> column_gram_form::gradient(const Context& context, const MatrixBatch<T>& x, const MatrixBatch<T>& a,
                                          const MatrixBatch<T>& b, DerivativeLayout layout) {
  return arranged(
      context,
      of_gram_form(context, MatrixFunction::column_gram_gradient, x, a, b, x.columns()).result(x.rows(), x.columns()),
      kScalarByMatrix, layout);
}

template <class T>
MatrixBatch<T> exponential_form::value(const Context& context, const MatrixBatch<T>& x, const MatrixBatch<T>& a,
                                       const MatrixBatch<T>& b) {
  return of_form(context, MatrixFunction::exponential_form, x, a, b).result(1, 1);
}

template <class T>
MatrixBatch<T> exponential_form::gradient(const Context& context, const MatrixBatch<T>& x, const MatrixBatch<T>& a,
                                          const MatrixBatch<T>& b, DerivativeLayout layout) {
  return arranged(context,
                  of_form(context, MatrixFunction::exponential_gradient, x, a, b).result(x.rows(), x.columns()),
                  kScalarByMatrix, layout);
}

namespace {

template <class T>
Call<T> of_residuals(const Context& context, MatrixFunction function, const MatrixBatch<T>& beta,
                     const MatrixBatch<T>& x, const MatrixBatch<T>& y) {
  const Index m = x.rows(), n = x.columns();
  Call<T> call(context, function, m, n);
  call.operand("X", x, m, n).operand("beta", beta, n, 1).operand("y", y, m, 1);
  return call;
}

}  // namespace

template <class T>
MatrixBatch<T> residual_form::value(const Context& context, const MatrixBatch<T>& beta, const MatrixBatch<T>& x,
                                    const MatrixBatch<T>& y) {
  return of_residuals(context, MatrixFunction::residual_form, beta, x, y).result(1, 1);
}

template <class T>
MatrixBatch<T> residual_form::gradient(const Context& context, const MatrixBatch<T>& beta, const MatrixBatch<T>& x,
                                       const MatrixBatch<T>& y, DerivativeLayout layout) {
  return arranged(context, of_residuals(context, MatrixFunction::residual_gradient, beta, x, y).result(x.columns(), 1),
                  kScalarByVector, layout);
}

template <class T>
MatrixBatch<T> residual_form::hessian(const Context& context, const MatrixBatch<T>& x) {
  return multiplied(context, transposed(context, x), x, 2);
}

template <class T>
MatrixBatch<T> residual_form::minimiser(const Context& context, const MatrixBatch<T>& x, const MatrixBatch<T>& y) {
  const Index m = x.rows(), n = x.columns(), items = x.items() == 1 ? y.items() : x.items();
  if (length("y", y) != m || (y.items() != 1 && y.items() != items)) {
    throw InvalidArgument("y: " + std::to_string(y.items()) + " items of " + std::to_string(y.rows()) +
                          " rows, where X has " + std::to_string(x.items()) + " of " + std::to_string(m) +
                          "; the rows must be as many, the items too or one");
  }
  LeastSquaresOptions options;
  options.rank_policy = RankPolicy::fail;
  const std::vector<double> x_rows = rows_of(x, items), y_rows = rows_of(y, items);
  const LeastSquaresFit fit =
      fit_least_squares(context, LeastSquaresBatch::uniform(x_rows.data(), y_rows.data(), items, m, n), options);
  const std::vector<T> coefficients(fit.coefficients.begin(), fit.coefficients.end());
  return MatrixBatch<T>(context, items, n, 1, coefficients);
}

#define SIGMAHAT_FORM(T, FORM)                                                                         \
  template MatrixBatch<T> FORM::value(const Context&, const MatrixBatch<T>&, const MatrixBatch<T>&,    \
                                      const MatrixBatch<T>&);                                          \
  template MatrixBatch<T> FORM::gradient(const Context&, const MatrixBatch<T>&, const MatrixBatch<T>&, \
                                         const MatrixBatch<T>&, DerivativeLayout);
#define SIGMAHAT_FOR(T)                                                                  \
  SIGMAHAT_FORM(T, bilinear_form)                                                        \
  SIGMAHAT_FORM(T, transposed_bilinear_form)                                             \
  SIGMAHAT_FORM(T, row_gram_form)                                                        \
  SIGMAHAT_FORM(T, column_gram_form)                                                     \
  SIGMAHAT_FORM(T, exponential_form)                                                     \
  SIGMAHAT_FORM(T, residual_form)                                                        \
  template MatrixBatch<T> residual_form::hessian(const Context&, const MatrixBatch<T>&); \
  template MatrixBatch<T> residual_form::minimiser(const Context&, const MatrixBatch<T>&, const MatrixBatch<T>&);
SIGMAHAT_FOR(float)
SIGMAHAT_FOR(double)
#undef SIGMAHAT_FOR
#undef SIGMAHAT_FORM

}  // namespace sigmahat::derivatives
