// Functions of small matrices for tests: batches with planted faults, and every function as kernels/matrix_functions.hpp
// defines it, in plain loops and in the stated order, whose bits the backends must have.
#pragma once

#include <cmath>
#include <cstring>
#include <iterator>
#include <random>
#include <utility>
#include <vector>

#include "sigmahat/host/context.hpp"
#include "sigmahat/host/operations.hpp"
#include "sigmahat/kernels/matrix_functions.hpp"

namespace sigmahat::test {

using Numbers = std::vector<double>;

/// A call whose operands are in host memory, as numbers: their storage is made by stored().
struct MatrixCase {
  MatrixFunctionCall call;          // without pointers; strides are set
  Numbers operands[kMostOperands];  // empty: there is none

  Index out_entries() const { return shapes_of(call).out.entries(); }
  /// Operand `which` of one item.
  Numbers operand(int which, Index item) const {
    const Numbers& all = operands[which];
    if (all.empty()) return {};
    const auto first = all.begin() + item * call.in[which].stride;
    return Numbers(first, first + shapes_of(call).in[which].entries());
  }
};

inline const char* name_of(MatrixFunction function) {
  static constexpr const char* kNames[] = {"scale",
                                           "combine",
                                           "hadamard",
                                           "map",
                                           "map_differential",
                                           "transpose",
                                           "symmetric",
                                           "diagonal",
                                           "dot",
                                           "trace",
                                           "multiply",
                                           "outer_product",
                                           "kronecker_rows",
                                           "kronecker_pairs",
                                           "quadratic_form",
                                           "quadratic_form_gradient",
                                           "product_of_forms",
                                           "product_of_forms_gradient",
                                           "bilinear_form",
                                           "row_gram_form",
                                           "row_gram_gradient",
                                           "column_gram_form",
                                           "column_gram_gradient",
                                           "exponential_form",
                                           "exponential_gradient",
                                           "residual_form",
                                           "residual_gradient",
                                           "inverse",
                                           "determinant",
                                           "log_determinant",
                                           "adjugate"};
  static_assert(std::size(kNames) == kMatrixFunctions);
  return kNames[static_cast<int>(function)];
}

inline std::vector<MatrixFunction> all_matrix_functions() {
  std::vector<MatrixFunction> all;
  for (int f = 0; f < kMatrixFunctions; ++f) all.push_back(static_cast<MatrixFunction>(f));
  return all;
}
inline bool comes_from_lu(MatrixFunction function) { return function >= MatrixFunction::inverse; }
/// Whether the bits are promised everywhere: neither exp, log, tanh nor pow.
inline bool is_d3(MatrixFunction function) {
  using enum MatrixFunction;
  return function != map && function != map_differential && function != exponential_form &&
         function != exponential_gradient && function != log_determinant;
}

/// Random operands; operand `shared` (if any) is one for all items, the others have gaps of `padding` between them. Item
/// 1 has a NaN in its first operand; item 3 of a function by LU is singular, of rank n − 1.
inline MatrixCase matrix_case(MatrixFunction function, Index items, Index m, Index n, Index k, bool is_float,
                              int shared = -1, Index padding = 0) {
  MatrixCase c;
  c.call.function = function;
  c.call.is_float = is_float;
  c.call.items = items;
  c.call.m = m;
  c.call.n = n;
  c.call.k = k;
  c.call.alpha = 1.75;
  c.call.beta = -0.625;
  c.call.element = ElementFunction::tanh;
  c.call.exponent = 1.5;
  const MatrixFunctionShapes shapes = shapes_of(c.call);
  std::mt19937_64 random(static_cast<std::uint64_t>(static_cast<int>(function) * 1000 + m * 100 + n * 10 + k));
  std::normal_distribution<double> normal;
  for (int which = 0; which < kMostOperands; ++which) {
    const Index entries = shapes.in[which].entries();
    if (entries == 0) continue;
    const Index stride = which == shared ? 0 : entries + padding;
    c.call.in[which].stride = stride;
    Numbers& all = c.operands[which];
    all.resize(static_cast<std::size_t>(which == shared ? entries : items * stride));
    for (double& value : all) {
      value = normal(random) / 2;
      if (is_float) value = static_cast<double>(static_cast<float>(value));
    }
    if (which == 0 && shared != 0 && items > 1) all[static_cast<std::size_t>(stride + entries / 2)] = kCanonicalNaN;
    if (which == 0 && shared != 0 && items > 3 && comes_from_lu(function)) {
      for (Index i = 0; i < n; ++i) all[static_cast<std::size_t>(3 * stride + i * n + n / 2)] = 0;
    }
  }
  return c;
}

/// `values` as the bytes of float32 or float64 numbers, in doubles: what Operations::upload takes.
inline Numbers stored(const Numbers& values, bool is_float) {
  if (!is_float) return values;
  std::vector<float> narrow;
  for (const double value : values) narrow.push_back(static_cast<float>(value));
  Numbers result((narrow.size() + 1) / 2);
  std::memcpy(result.data(), narrow.data(), narrow.size() * sizeof(float));
  return result;
}
inline Numbers widened(const Numbers& bytes, Index count, bool is_float) {
  if (!is_float) return bytes;
  std::vector<float> narrow(static_cast<std::size_t>(count));
  std::memcpy(narrow.data(), bytes.data(), narrow.size() * sizeof(float));
  return Numbers(narrow.begin(), narrow.end());
}

/// What a backend makes of the case.
inline Numbers computed(Operations& operations, const MatrixCase& c) {
  MatrixFunctionCall call = c.call;
  const auto numbers = [&](Index count) { return static_cast<std::size_t>(call.is_float ? (count + 1) / 2 : count); };
  std::vector<Buffer> operands;
  for (int which = 0; which < kMostOperands; ++which) {
    if (c.operands[which].empty()) continue;
    const Numbers bytes = stored(c.operands[which], call.is_float);
    operands.emplace_back(operations, bytes.size());
    operands.back().upload(bytes);
    call.in[which].data = operands.back().get();
  }
  const Index count = call.items * c.out_entries();
  Numbers result(numbers(count));
  Buffer out(operations, result.size());
  out.upload(result);
  call.out = out.get();
  operations.matrix_function(call);
  out.download(result);
  return widened(result, count, call.is_float);
}

// Definitions ---------------------------------------------------------------------------------------------------------

inline double defined_dot(const double* a, const double* b, Index n) {
  double s[8] = {};
  for (Index i = 0; i < n; ++i) s[i % 8] = std::fma(a[i], b[i], s[i % 8]);
  return ((s[0] + s[4]) + (s[2] + s[6])) + ((s[1] + s[5]) + (s[3] + s[7]));
}
/// Xv and Xᵀv.
inline Numbers defined_product(const Numbers& x, const Numbers& v, Index m, Index n) {
  Numbers y(static_cast<std::size_t>(m));
  for (Index i = 0; i < m; ++i) {
    for (Index j = 0; j < n; ++j) y[i] = std::fma(x[i + j * m], v[j], y[i]);
  }
  return y;
}
inline Numbers defined_transposed_product(const Numbers& x, const Numbers& v, Index m, Index n) {
  Numbers y;
  for (Index j = 0; j < n; ++j) y.push_back(defined_dot(x.data() + j * m, v.data(), m));
  return y;
}

struct DefinedLu {
  Numbers a;
  std::vector<Index> rows, columns;
  Index rank = 0;
  bool is_nan = false;
  double sign = 1;
};
inline DefinedLu defined_lu(Numbers a, Index n) {
  DefinedLu lu{std::move(a), {}, {}, 0, false, 1};
  for (Index i = 0; i < n; ++i) {
    lu.rows.push_back(i);
    lu.columns.push_back(i);
  }
  const auto at = [&](Index i, Index j) -> double& { return lu.a[static_cast<std::size_t>(i + j * n)]; };
  for (Index step = 0; step < n; ++step) {
    Index row = step, column = step;
    for (Index j = step; j < n; ++j) {
      for (Index i = step; i < n; ++i) {
        lu.is_nan = lu.is_nan || std::isnan(at(i, j));
        if (std::abs(at(i, j)) > std::abs(at(row, column))) {
          row = i;
          column = j;
        }
      }
    }
    if (lu.is_nan || at(row, column) == 0) return lu;
    for (Index j = 0; j < n; ++j) std::swap(at(step, j), at(row, j));
    for (Index i = 0; i < n; ++i) std::swap(at(i, step), at(i, column));
    std::swap(lu.rows[step], lu.rows[row]);
    std::swap(lu.columns[step], lu.columns[column]);
    if ((row != step) != (column != step)) lu.sign = -lu.sign;
    for (Index i = step + 1; i < n; ++i) {
      at(i, step) /= at(step, step);
      for (Index j = step + 1; j < n; ++j) at(i, j) = std::fma(-at(i, step), at(step, j), at(i, j));
    }
    ++lu.rank;
  }
  return lu;
}
inline double defined_pivots(const DefinedLu& lu, Index n, Index count) {
  double product = 1;
  for (Index i = 0; i < count; ++i) product *= lu.a[i + i * n];
  return lu.sign * product;
}

/// A⁻¹, or A* where `adjugate` is set.
inline Numbers defined_inverse(const Numbers& a, Index n, bool adjugate) {
  const DefinedLu lu = defined_lu(a, n);
  const Index last = n - 1, solved = adjugate ? last : n;
  if (lu.is_nan || lu.rank < solved) return Numbers(a.size(), lu.is_nan || !adjugate ? kCanonicalNaN : 0.0);
  const auto at = [&](Index i, Index j) { return lu.a[static_cast<std::size_t>(i + j * n)]; };
  const double factor = adjugate ? defined_pivots(lu, n, last) : 1;
  Numbers out(a.size());
  for (Index j = 0; j < n; ++j) {
    Numbers y(static_cast<std::size_t>(n));
    for (Index i = 0; i < n; ++i) {
      y[i] = lu.rows[i] == j ? 1 : 0;
      for (Index k = 0; k < i; ++k) y[i] = std::fma(-at(i, k), y[k], y[i]);
    }
    for (Index i = 0; adjugate && i < last; ++i) y[i] = std::fma(-at(i, last), y[last], at(last, last) * y[i]);
    for (Index i = solved - 1; i >= 0; --i) {
      for (Index k = solved - 1; k > i; --k) y[i] = std::fma(-at(i, k), y[k], y[i]);
      y[i] /= at(i, i);
    }
    for (Index i = 0; i < n; ++i) out[lu.columns[i] + j * n] = factor * y[i];
  }
  return out;
}

inline double defined_element(const MatrixFunctionCall& call, double x) {
  switch (call.element) {
    case ElementFunction::exp: return std::exp(x);
    case ElementFunction::log: return std::log(x);
    case ElementFunction::tanh: return std::tanh(x);
    case ElementFunction::logistic: return (x < 0 ? std::exp(x) : 1) / (1 + std::exp(-std::abs(x)));
    case ElementFunction::power: return std::pow(x, call.exponent);
  }
  return kCanonicalNaN;
}
inline double defined_derivative(const MatrixFunctionCall& call, double x) {
  const double q = std::exp(call.element == ElementFunction::tanh ? -2 * std::abs(x) : -std::abs(x));
  switch (call.element) {
    case ElementFunction::exp: return std::exp(x);
    case ElementFunction::log: return x < 0 ? kCanonicalNaN : 1 / x;
    case ElementFunction::tanh: return 4 * q / ((1 + q) * (1 + q));
    case ElementFunction::logistic: return q / ((1 + q) * (1 + q));
    case ElementFunction::power: return call.exponent == 0 ? 0 : call.exponent * std::pow(x, call.exponent - 1);
  }
  return kCanonicalNaN;
}

/// Entries (r, c), r ≥ c, of a symmetric n × n matrix in the order of its vech.
struct FreeEntry {
  Index row, column;
};
inline std::vector<FreeEntry> free_entries(Index n) {
  std::vector<FreeEntry> entries;
  for (Index c = 0; c < n; ++c) {
    for (Index r = c; r < n; ++r) entries.push_back({r, c});
  }
  return entries;
}

inline Numbers defined_kronecker(const MatrixFunctionCall& call, const Numbers& u, const Numbers& v) {
  const Index m = call.m, n = call.n;
  Numbers out;
  if (call.function == MatrixFunction::kronecker_rows) {
    for (const auto [r, c] : free_entries(n)) {
      for (Index i = 0; i < m; ++i) {
        const double first = call.alpha * u[c] * v[i + r * m];
        out.push_back(r == c ? first : first + call.alpha * u[r] * v[i + c * m]);
      }
    }
    return out;
  }
  for (const auto [p, q] : free_entries(n)) {
    const auto row = [&, p = p, q = q](Index a, Index b) {
      const double first = u[b + q * n] * v[a + p * n];
      return p == q ? first : first + u[b + p * n] * v[a + q * n];
    };
    for (const auto [r, s] : free_entries(n)) out.push_back(call.alpha * (r == s ? row(r, s) : row(r, s) + row(s, r)));
  }
  return out;
}

/// Functions entry by entry, sums, products.
inline Numbers defined_entries(const MatrixFunctionCall& call, const Numbers& a, const Numbers& b, const Numbers& c) {
  const Index m = call.m, n = call.n, k = call.k;
  const MatrixShape shape = shapes_of(call).out;
  const double alpha = call.alpha, beta = call.beta;
  Numbers out;
  for (Index j = 0; j < shape.columns; ++j) {
    for (Index i = 0; i < shape.rows; ++i) {
      const Index e = i + j * shape.rows;
      double sum = 0;
      switch (call.function) {
        case MatrixFunction::scale: sum = alpha * a[e]; break;
        case MatrixFunction::combine: sum = std::fma(alpha, a[e], beta * b[e]); break;
        case MatrixFunction::hadamard: sum = a[e] * b[e]; break;
        case MatrixFunction::map: sum = defined_element(call, a[e]); break;
        case MatrixFunction::map_differential: sum = defined_derivative(call, a[e]) * b[e]; break;
        case MatrixFunction::transpose: sum = a[j + i * m]; break;
        case MatrixFunction::symmetric: sum = i == j ? a[e] : a[e] + a[j + i * n]; break;
        case MatrixFunction::diagonal: sum = i == j ? a[i] : 0; break;
        case MatrixFunction::outer_product: sum = alpha * a[i] * b[j]; break;
        case MatrixFunction::dot: sum = defined_dot(a.data(), b.data(), m * n); break;
        case MatrixFunction::trace:
          for (Index l = 0; l < n; ++l) sum += a[l + l * n];
          break;
        default:  // multiply
          for (Index l = 0; l < k; ++l) sum = std::fma(a[i + l * m], b[l + j * k], sum);
          sum = c.empty() ? alpha * sum : std::fma(alpha, sum, beta * c[e]);
      }
      out.push_back(sum);
    }
  }
  return out;
}

/// f(i, j) for all entries of an m × n matrix.
template <class F>
Numbers defined_matrix(Index m, Index n, F&& f) {
  Numbers out;
  for (Index j = 0; j < n; ++j) {
    for (Index i = 0; i < m; ++i) out.push_back(f(i, j));
  }
  return out;
}

/// Forms and their gradients.
inline Numbers defined_forms(const MatrixFunctionCall& call, const Numbers& a, const Numbers& b, const Numbers& c) {
  using enum MatrixFunction;
  const Index m = call.m, n = call.n;
  const auto dot_of = [](const Numbers& x, const Numbers& y) { return defined_dot(x.data(), y.data(), std::ssize(x)); };
  const auto times = [=](const Numbers& x, const Numbers& v) { return defined_product(x, v, m, n); };
  const auto transposed_times = [=](const Numbers& x, const Numbers& v) {
    return defined_transposed_product(x, v, m, n);
  };
  Numbers out;
  switch (call.function) {
    case quadratic_form: return {dot_of(a, defined_product(b, a, n, n))};
    case quadratic_form_gradient: {
      const Numbers first = defined_product(b, a, n, n), second = defined_transposed_product(b, a, n, n);
      return defined_matrix(n, 1, [&](Index i, Index) { return first[i] + second[i]; });
    }
    case product_of_forms: return {dot_of(b, a) * dot_of(a, c)};
    case product_of_forms_gradient: {
      const double cx = dot_of(c, a), bx = dot_of(b, a);
      return defined_matrix(n, 1, [&](Index i, Index) { return std::fma(b[i], cx, c[i] * bx); });
    }
    case bilinear_form: return {dot_of(a, times(b, c))};
    case row_gram_form: return {dot_of(transposed_times(c, a), transposed_times(c, b))};
    case row_gram_gradient: {
      const Numbers xa = transposed_times(c, a), xb = transposed_times(c, b);
      return defined_matrix(m, n, [&](Index i, Index j) { return a[i] * xb[j] + b[i] * xa[j]; });
    }
    case column_gram_form: return {dot_of(times(c, a), times(c, b))};
    case column_gram_gradient: {
      const Numbers xa = times(c, a), xb = times(c, b);
      return defined_matrix(m, n, [&](Index i, Index j) { return xa[i] * b[j] + xb[i] * a[j]; });
    }
    case exponential_form:
      out = times(b, c);
      for (double& value : out) value = std::exp(value);
      return {dot_of(a, out)};
    case exponential_gradient:
      out = times(b, c);
      return defined_matrix(m, n, [&](Index i, Index j) { return a[i] * std::exp(out[i]) * c[j]; });
    default:
      out = times(a, b);
      for (Index i = 0; i < m; ++i) out[i] -= c[i];
      if (call.function == residual_form) return {dot_of(out, out)};
      out = transposed_times(a, out);
      for (double& value : out) value *= 2;
      return out;
  }
}

/// One item's result before it is rounded to its storage.
inline Numbers defined_item(const MatrixFunctionCall& call, const Numbers& a, const Numbers& b, const Numbers& c) {
  using enum MatrixFunction;
  if (call.function == kronecker_rows || call.function == kronecker_pairs) return defined_kronecker(call, a, b);
  if (call.function <= outer_product) return defined_entries(call, a, b, c);
  if (call.function < inverse) return defined_forms(call, a, b, c);
  if (call.function == inverse || call.function == adjugate) {
    return defined_inverse(a, call.n, call.function == adjugate);
  }
  const DefinedLu lu = defined_lu(a, call.n);
  const double value = lu.is_nan ? kCanonicalNaN : lu.rank < call.n ? 0 : defined_pivots(lu, call.n, call.n);
  return {call.function == determinant ? value : std::log(value)};
}

/// What every backend must give for the case: rounded to the storage, NaNs canonical.
inline Numbers defined(const MatrixCase& c) {
  Numbers all;
  for (Index item = 0; item < c.call.items; ++item) {
    for (double value : defined_item(c.call, c.operand(0, item), c.operand(1, item), c.operand(2, item))) {
      if (c.call.is_float) value = static_cast<double>(static_cast<float>(value));
      all.push_back(std::isnan(value) ? kCanonicalNaN : value);
    }
  }
  return all;
}

}  // namespace sigmahat::test
