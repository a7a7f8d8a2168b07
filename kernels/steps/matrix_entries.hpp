// Functions of small matrices entry by entry, and their sums, products and Kronecker products. Formulas:
// sigmahat/kernels/matrix_functions.hpp.
#pragma once

#include "matrix_products.hpp"

namespace sigmahat::steps {

/// MatrixStep<function>: apply(team, call, item) is one item of the function, scratch(m, n, k) how many numbers it needs
/// beside it.
template <MatrixFunction>
struct MatrixStep;

struct WithoutScratch {
  static constexpr Index scratch(Index, Index, Index) { return 0; }
};

// Entry by entry ------------------------------------------------------------------------------------------------------

SIGMAHAT_STEP double element_value(ElementFunction element, double exponent, double x) {
  switch (element) {
    case ElementFunction::exp: return exp(x);
    case ElementFunction::log: return log(x);
    case ElementFunction::tanh: return tanh(x);
    case ElementFunction::logistic: {
      const double q = exp(-fabs(x));
      return (x < 0 ? q : 1) / (1 + q);
    }
    case ElementFunction::power: return pow(x, exponent);
  }
  return kCanonicalNaN;
}

SIGMAHAT_STEP double element_derivative(ElementFunction element, double exponent, double x) {
  if (element == ElementFunction::exp) return exp(x);
  if (element == ElementFunction::log) return x < 0 ? kCanonicalNaN : 1 / x;
  if (element == ElementFunction::power) return exponent == 0 ? 0 : exponent * pow(x, exponent - 1);
  const bool is_tanh = element == ElementFunction::tanh;
  const double q = exp(is_tanh ? -2 * fabs(x) : -fabs(x));
  return (is_tanh ? 4 * q : q) / ((1 + q) * (1 + q));
}

template <>
struct MatrixStep<MatrixFunction::scale> : WithoutScratch {
  template <class Team, class T>
  SIGMAHAT_STEP static void apply(const Team& team, const MatrixFunctionCall& call, const MatrixItem<T>& item) {
    const T* const x = item.in[0];
    T* const out = item.out;
    const double alpha = call.alpha;
    team.for_each(call.m * call.n, [=](Index e) { store(out + e, alpha * wide(x[e])); });
  }
};

template <>
struct MatrixStep<MatrixFunction::combine> : WithoutScratch {
  template <class Team, class T>
  SIGMAHAT_STEP static void apply(const Team& team, const MatrixFunctionCall& call, const MatrixItem<T>& item) {
    const T *const x = item.in[0], *const y = item.in[1];
    T* const out = item.out;
    const double alpha = call.alpha, beta = call.beta;
    team.for_each(call.m * call.n, [=](Index e) { store(out + e, fma(alpha, wide(x[e]), beta * wide(y[e]))); });
  }
};

template <>
struct MatrixStep<MatrixFunction::hadamard> : WithoutScratch {
  template <class Team, class T>
  SIGMAHAT_STEP static void apply(const Team& team, const MatrixFunctionCall& call, const MatrixItem<T>& item) {
    const T *const x = item.in[0], *const y = item.in[1];
    T* const out = item.out;
    team.for_each(call.m * call.n, [=](Index e) { store(out + e, wide(x[e]) * wide(y[e])); });
  }
};

template <>
struct MatrixStep<MatrixFunction::map> : WithoutScratch {
  template <class Team, class T>
  SIGMAHAT_STEP static void apply(const Team& team, const MatrixFunctionCall& call, const MatrixItem<T>& item) {
    const T* const x = item.in[0];
    T* const out = item.out;
    const ElementFunction element = call.element;
    const double exponent = call.exponent;
    team.for_each(call.m * call.n, [=](Index e) { store(out + e, element_value(element, exponent, wide(x[e]))); });
  }
};

template <>
struct MatrixStep<MatrixFunction::map_differential> : WithoutScratch {
  template <class Team, class T>
  SIGMAHAT_STEP static void apply(const Team& team, const MatrixFunctionCall& call, const MatrixItem<T>& item) {
    const T *const x = item.in[0], *const dx = item.in[1];
    T* const out = item.out;
    const ElementFunction element = call.element;
    const double exponent = call.exponent;
    team.for_each(call.m * call.n,
                  [=](Index e) { store(out + e, element_derivative(element, exponent, wide(x[e])) * wide(dx[e])); });
  }
};

template <>
struct MatrixStep<MatrixFunction::transpose> : WithoutScratch {
  template <class Team, class T>
  SIGMAHAT_STEP static void apply(const Team& team, const MatrixFunctionCall& call, const MatrixItem<T>& item) {
    const T* const x = item.in[0];
    T* const out = item.out;
    const Index m = call.m, n = call.n;
    for_each_place(team, m, n, [=](Index i, Index j) { store(out + j + i * n, wide(x[i + j * m])); });
  }
};

template <>
struct MatrixStep<MatrixFunction::symmetric> : WithoutScratch {
  template <class Team, class T>
  SIGMAHAT_STEP static void apply(const Team& team, const MatrixFunctionCall& call, const MatrixItem<T>& item) {
    const T* const a = item.in[0];
    T* const out = item.out;
    const Index n = call.n;
    for_each_place(team, n, n, [=](Index i, Index j) {
      const double entry = wide(a[i + j * n]);
      store(out + i + j * n, i == j ? entry : entry + wide(a[j + i * n]));
    });
  }
};

template <>
struct MatrixStep<MatrixFunction::diagonal> : WithoutScratch {
  template <class Team, class T>
  SIGMAHAT_STEP static void apply(const Team& team, const MatrixFunctionCall& call, const MatrixItem<T>& item) {
    const T* const x = item.in[0];
    T* const out = item.out;
    const Index n = call.n;
    for_each_place(team, n, n, [=](Index i, Index j) { store(out + i + j * n, i == j ? wide(x[i]) : 0.0); });
  }
};

// Sums and products ---------------------------------------------------------------------------------------------------

template <>
struct MatrixStep<MatrixFunction::dot> {
  static constexpr Index scratch(Index, Index, Index) { return kChains; }
  template <class Team, class T>
  SIGMAHAT_STEP static void apply(const Team& team, const MatrixFunctionCall& call, const MatrixItem<T>& item) {
    T* const out = item.out;
    const double sum = dot(team, call.m * call.n, item.in[0], item.in[1], item.scratch);
    team.for_each(1, [=](Index) { store(out, sum); });
  }
};

template <>
struct MatrixStep<MatrixFunction::trace> : WithoutScratch {
  template <class Team, class T>
  SIGMAHAT_STEP static void apply(const Team& team, const MatrixFunctionCall& call, const MatrixItem<T>& item) {
    const T* const x = item.in[0];
    T* const out = item.out;
    const Index n = call.n;
    team.for_each(1, [=](Index) {
      double sum = 0;
      for (Index i = 0; i < n; ++i) sum += wide(x[i + i * n]);
      store(out, sum);
    });
  }
};

template <>
struct MatrixStep<MatrixFunction::multiply> : WithoutScratch {
  template <class Team, class T>
  SIGMAHAT_STEP static void apply(const Team& team, const MatrixFunctionCall& call, const MatrixItem<T>& item) {
    const T* const c = call.in[2].data == nullptr ? nullptr : item.in[2];
    T* const out = item.out;
    const Index m = call.m;
    const double alpha = call.alpha, beta = call.beta;
    const auto finish = [=](Index i, Index j, double chain) {
      const Index e = i + j * m;
      store(out + e, c == nullptr ? alpha * chain : fma(alpha, chain, beta * wide(c[e])));
    };
    if constexpr (kOneThread<Team>) {
      by_tiles(m, call.n, call.k, item.in[0], item.in[1], finish);
    } else {
      const T *const a = item.in[0], *const b = item.in[1];
      const Index k = call.k;
      for_each_place(team, m, call.n, [=](Index i, Index j) {
        double chain = 0;
        for (Index l = 0; l < k; ++l) chain = fma(wide(a[i + l * m]), wide(b[l + j * k]), chain);
        finish(i, j, chain);
      });
    }
  }

 private:
  /// Chains of a tile of kRows × kColumns entries at a time, held in registers.
  template <int kRows, int kColumns, class T, class F>
  SIGMAHAT_STEP static void tile(Index m, Index k, Index i, Index j, const T* a, const T* b, const F& finish) {
    double chains[kColumns][kRows] = {};
    for (Index l = 0; l < k; ++l) {
      const T* const left = a + i + l * m;
      for (int c = 0; c < kColumns; ++c) {
        const double right = wide(b[l + (j + c) * k]);
        for (int r = 0; r < kRows; ++r) chains[c][r] = fma(wide(left[r]), right, chains[c][r]);
      }
    }
    for (int c = 0; c < kColumns; ++c) {
      for (int r = 0; r < kRows; ++r) finish(i + r, j + c, chains[c][r]);
    }
  }
  template <int kColumns, class T, class F>
  SIGMAHAT_STEP static void column_of_tiles(Index m, Index k, Index j, const T* a, const T* b, const F& finish) {
    Index i = 0;
    for (; i + 16 <= m; i += 16) tile<16, kColumns>(m, k, i, j, a, b, finish);
    for (; i + 4 <= m; i += 4) tile<4, kColumns>(m, k, i, j, a, b, finish);
    for (; i < m; ++i) tile<1, kColumns>(m, k, i, j, a, b, finish);
  }
  template <class T, class F>
  SIGMAHAT_STEP static void by_tiles(Index m, Index n, Index k, const T* a, const T* b, const F& finish) {
    Index j = 0;
    for (; j + 4 <= n; j += 4) column_of_tiles<4>(m, k, j, a, b, finish);
    for (; j < n; ++j) column_of_tiles<1>(m, k, j, a, b, finish);
  }
};

template <>
struct MatrixStep<MatrixFunction::outer_product> : WithoutScratch {
  template <class Team, class T>
  SIGMAHAT_STEP static void apply(const Team& team, const MatrixFunctionCall& call, const MatrixItem<T>& item) {
    const T *const a = item.in[0], *const b = item.in[1];
    T* const out = item.out;
    const Index m = call.m;
    const double alpha = call.alpha;
    for_each_place(team, m, call.n, [=](Index i, Index j) { store(out + i + j * m, alpha * wide(a[i]) * wide(b[j])); });
  }
};

// Kronecker products with the duplication matrix ----------------------------------------------------------------------

/// Place of entry (r, c), r ≥ c, of a symmetric n × n matrix in its vech.
SIGMAHAT_STEP Index vech_place(Index n, Index r, Index c) { return c * n - c * (c + 1) / 2 + r; }

template <>
struct MatrixStep<MatrixFunction::kronecker_rows> : WithoutScratch {
  template <class Team, class T>
  SIGMAHAT_STEP static void apply(const Team& team, const MatrixFunctionCall& call, const MatrixItem<T>& item) {
    const T *const u = item.in[0], *const v = item.in[1];
    T* const out = item.out;
    const Index m = call.m, n = call.n;
    const double alpha = call.alpha;
    for (Index c = 0; c < n; ++c) {
      const double factor = alpha * wide(u[c]);
      for_each_place(team, m, n - c, [=](Index i, Index below) {
        const Index r = c + below;
        const double lower = factor * wide(v[i + r * m]);
        const double entry = r == c ? lower : lower + alpha * wide(u[r]) * wide(v[i + c * m]);
        store(out + i + vech_place(n, r, c) * m, entry);
      });
    }
  }
};

template <>
struct MatrixStep<MatrixFunction::kronecker_pairs> : WithoutScratch {
  template <class Team, class T>
  SIGMAHAT_STEP static void apply(const Team& team, const MatrixFunctionCall& call, const MatrixItem<T>& item) {
    const T *const v = item.in[0], *const w = item.in[1];
    T* const out = item.out;
    const Index n = call.n, size = n * (n + 1) / 2;
    const double alpha = call.alpha;
    for (Index q = 0; q < n; ++q) {
      for (Index p = q; p < n; ++p) {
        T* const column = out + vech_place(n, p, q) * size;
        for_each_place(team, n, n, [=](Index r, Index s) {
          if (r < s) return;
          double entry = column_sum(n, v, w, r, s, p, q);
          if (r != s) entry += column_sum(n, v, w, s, r, p, q);
          store(column + vech_place(n, r, s), alpha * entry);
        });
      }
    }
  }

 private:
  /// Row (a, b) of (V ⊗ W)D in the column of entry (p, q): V[b, q]·W[a, p], and V[b, p]·W[a, q] where p ≠ q.
  template <class T>
  SIGMAHAT_STEP static double column_sum(Index n, const T* v, const T* w, Index a, Index b, Index p, Index q) {
    const double lower = wide(v[b + q * n]) * wide(w[a + p * n]);
    return p == q ? lower : lower + wide(v[b + p * n]) * wide(w[a + q * n]);
  }
};

}  // namespace sigmahat::steps
