// Matrices over any scalar, for the values of the catalogue's functions: written once, evaluated with numbers and with dual
// numbers. Shares no code with the closed forms. Private to the library.
#pragma once

#include <cmath>
#include <cstddef>
#include <utility>
#include <vector>

#include "sigmahat/kernels/common.hpp"

namespace sigmahat::derivatives {

/// What exact values are computed in: 64 bits of mantissa on x86, so that its rounding does not count.
using Real = long double;

/// Column-major, as the items of a batch are.
template <class S>
struct Dense {
  Dense() = default;
  Dense(Index rows_in, Index columns_in)
      : rows(rows_in), columns(columns_in), values(static_cast<std::size_t>(rows * columns), S(0)) {}
  template <class Other>
  explicit Dense(const Dense<Other>& other)
      : rows(other.rows), columns(other.columns), values(other.values.begin(), other.values.end()) {}

  S& operator()(Index i, Index j = 0) { return values[static_cast<std::size_t>(i + j * rows)]; }
  const S& operator()(Index i, Index j = 0) const { return values[static_cast<std::size_t>(i + j * rows)]; }
  Index size() const { return rows * columns; }

  Index rows = 0, columns = 0;
  std::vector<S> values;
};

/// The operands of one item.
template <class S>
using Arguments = std::vector<Dense<S>>;

template <class S>
Dense<S> operator*(const Dense<S>& a, const Dense<S>& b) {
  Dense<S> result(a.rows, b.columns);
  for (Index j = 0; j < b.columns; ++j) {
    for (Index l = 0; l < a.columns; ++l) {
      for (Index i = 0; i < a.rows; ++i) result(i, j) += a(i, l) * b(l, j);
    }
  }
  return result;
}

template <class S, class F>
Dense<S> entrywise(const Dense<S>& a, const Dense<S>& b, F&& f) {
  Dense<S> result(a.rows, a.columns);
  for (std::size_t i = 0; i < a.values.size(); ++i) result.values[i] = f(a.values[i], b.values[i]);
  return result;
}
template <class S, class F>
Dense<S> entrywise(const Dense<S>& a, F&& f) {
  return entrywise(a, a, [&](const S& x, const S&) { return f(x); });
}
template <class S>
Dense<S> operator+(const Dense<S>& a, const Dense<S>& b) {
  return entrywise(a, b, [](const S& x, const S& y) -> S { return x + y; });
}
template <class S>
Dense<S> operator-(const Dense<S>& a, const Dense<S>& b) {
  return entrywise(a, b, [](const S& x, const S& y) -> S { return x - y; });
}

template <class S>
Dense<S> transposed_dense(const Dense<S>& a) {
  Dense<S> result(a.columns, a.rows);
  for (Index i = 0; i < a.rows; ++i) {
    for (Index j = 0; j < a.columns; ++j) result(j, i) = a(i, j);
  }
  return result;
}

template <class S>
Dense<S> absolute(const Dense<S>& a) {
  return entrywise(a, [](const S& x) { return x < 0 ? -x : x; });
}

template <class S>
S inner(const Dense<S>& a, const Dense<S>& b) {
  S sum(0);
  for (std::size_t i = 0; i < a.values.size(); ++i) sum += a.values[i] * b.values[i];
  return sum;
}

template <class S>
S trace_of(const Dense<S>& a) {
  S sum(0);
  for (Index i = 0; i < a.rows; ++i) sum += a(i, i);
  return sum;
}

/// Largest row sum of |a_ij|.
inline Real infinity_norm(const Dense<Real>& a) {
  Real largest = 0;
  for (Index i = 0; i < a.rows; ++i) {
    Real sum = 0;
    for (Index j = 0; j < a.columns; ++j) sum += std::fabs(a(i, j));
    if (std::isnan(sum) || sum > largest) largest = sum;
  }
  return largest;
}

/// |X| and X⁻¹B by Gauss elimination with complete pivoting on the numbers' real parts. The last pivot is not divided by for
/// the determinant, which is therefore right, with its derivative, for a matrix of rank n − 1, too.
template <class S>
struct Elimination {
  Elimination(Dense<S> x, Dense<S> b) {
    const Index n = x.rows;
    std::vector<Index> place(static_cast<std::size_t>(n));  // of the unknowns
    for (Index i = 0; i < n; ++i) place[i] = i;
    determinant = S(1);
    for (Index k = 0; k < n; ++k) {
      const auto [row, column] = largest(x, k);
      if (row != k || column != k) exchange(x, b, place, k, row, column);
      determinant *= x(k, k);
      if (k + 1 == n && static_cast<Real>(x(k, k)) == 0) return;  // there is no inverse
      for (Index i = k + 1; i < n; ++i) {
        const S factor = x(i, k) / x(k, k);
        for (Index j = k; j < n; ++j) x(i, j) -= factor * x(k, j);
        for (Index j = 0; j < b.columns; ++j) b(i, j) -= factor * b(k, j);
      }
    }
    solution = Dense<S>(n, b.columns);
    for (Index j = 0; j < b.columns; ++j) {
      for (Index k = n - 1; k >= 0; --k) {
        S sum = b(k, j);
        for (Index i = k + 1; i < n; ++i) sum -= x(k, i) * solution(place[i], j);
        solution(place[k], j) = sum / x(k, k);
      }
    }
  }

  S determinant;
  Dense<S> solution;

 private:
  static std::pair<Index, Index> largest(const Dense<S>& x, Index k) {
    std::pair<Index, Index> at{k, k};
    Real size = -1;
    for (Index j = k; j < x.columns; ++j) {
      for (Index i = k; i < x.rows; ++i) {
        const Real magnitude = std::fabs(static_cast<Real>(x(i, j)));
        if (magnitude > size) {
          size = magnitude;
          at = {i, j};
        }
      }
    }
    return at;
  }
  void exchange(Dense<S>& x, Dense<S>& b, std::vector<Index>& place, Index k, Index row, Index column) {
    for (Index j = 0; j < x.columns; ++j) std::swap(x(k, j), x(row, j));
    for (Index j = 0; j < b.columns; ++j) std::swap(b(k, j), b(row, j));
    for (Index i = 0; i < x.rows; ++i) std::swap(x(i, k), x(i, column));
    std::swap(place[k], place[column]);
    if ((row != k) != (column != k)) determinant = -determinant;
  }
};

template <class S>
S determinant_of(const Dense<S>& x) {
  return Elimination<S>(x, Dense<S>(x.rows, 0)).determinant;
}
/// X⁻¹B
template <class S>
Dense<S> solved(const Dense<S>& x, const Dense<S>& b) {
  return Elimination<S>(x, b).solution;
}
template <class S>
Dense<S> inverse_of(const Dense<S>& x) {
  Dense<S> identity(x.rows, x.rows);
  for (Index i = 0; i < x.rows; ++i) identity(i, i) = S(1);
  return solved(x, identity);
}

}  // namespace sigmahat::derivatives
