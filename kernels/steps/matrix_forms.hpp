// Forms of vectors and matrices and their gradients. Formulas: sigmahat/kernels/matrix_functions.hpp.
#pragma once

#include "matrix_entries.hpp"

namespace sigmahat::steps {

// Forms of one vector -------------------------------------------------------------------------------------------------

template <>
struct MatrixStep<MatrixFunction::quadratic_form> {
  static constexpr Index scratch(Index, Index n, Index) { return n + kChains; }
  template <class Team, class T>
  SIGMAHAT_STEP static void apply(const Team& team, const MatrixFunctionCall& call, const MatrixItem<T>& item) {
    const Index n = call.n;
    double* const ax = item.scratch;
    T* const out = item.out;
    multiply_vector(team, n, n, item.in[1], item.in[0], ax);
    const double sum = dot(team, n, item.in[0], ax, ax + n);
    team.for_each(1, [=](Index) { store(out, sum); });
  }
};

template <>
struct MatrixStep<MatrixFunction::quadratic_form_gradient> {
  static constexpr Index scratch(Index, Index n, Index) { return (2 + kChains) * n; }
  template <class Team, class T>
  SIGMAHAT_STEP static void apply(const Team& team, const MatrixFunctionCall& call, const MatrixItem<T>& item) {
    const Index n = call.n;
    double *const ax = item.scratch, *const atx = ax + n;
    T* const out = item.out;
    multiply_vector(team, n, n, item.in[1], item.in[0], ax);
    multiply_transposed(team, n, n, item.in[1], item.in[0], atx, atx + n);
    team.for_each(n, [=](Index i) { store(out + i, ax[i] + atx[i]); });
  }
};

template <>
struct MatrixStep<MatrixFunction::product_of_forms> {
  static constexpr Index scratch(Index, Index, Index) { return kChains; }
  template <class Team, class T>
  SIGMAHAT_STEP static void apply(const Team& team, const MatrixFunctionCall& call, const MatrixItem<T>& item) {
    T* const out = item.out;
    const double ax = dot(team, call.n, item.in[1], item.in[0], item.scratch);
    const double xb = dot(team, call.n, item.in[0], item.in[2], item.scratch);
    team.for_each(1, [=](Index) { store(out, ax * xb); });
  }
};

template <>
struct MatrixStep<MatrixFunction::product_of_forms_gradient> {
  static constexpr Index scratch(Index, Index, Index) { return kChains; }
  template <class Team, class T>
  SIGMAHAT_STEP static void apply(const Team& team, const MatrixFunctionCall& call, const MatrixItem<T>& item) {
    const T *const a = item.in[1], *const b = item.in[2];
    T* const out = item.out;
    const double bx = dot(team, call.n, b, item.in[0], item.scratch);
    const double ax = dot(team, call.n, a, item.in[0], item.scratch);
    team.for_each(call.n, [=](Index i) { store(out + i, fma(wide(a[i]), bx, wide(b[i]) * ax)); });
  }
};

// Forms of one matrix -------------------------------------------------------------------------------------------------

template <>
struct MatrixStep<MatrixFunction::bilinear_form> {
  static constexpr Index scratch(Index m, Index, Index) { return m + kChains; }
  template <class Team, class T>
  SIGMAHAT_STEP static void apply(const Team& team, const MatrixFunctionCall& call, const MatrixItem<T>& item) {
    double* const xb = item.scratch;
    T* const out = item.out;
    multiply_vector(team, call.m, call.n, item.in[1], item.in[2], xb);
    const double sum = dot(team, call.m, item.in[0], xb, xb + call.m);
    team.for_each(1, [=](Index) { store(out, sum); });
  }
};

template <>
struct MatrixStep<MatrixFunction::row_gram_form> {
  static constexpr Index scratch(Index, Index n, Index) { return (2 + kChains) * n; }
  template <class Team, class T>
  SIGMAHAT_STEP static void apply(const Team& team, const MatrixFunctionCall& call, const MatrixItem<T>& item) {
    const Index m = call.m, n = call.n;
    double *const xta = item.scratch, *const xtb = xta + n, *const chains = xtb + n;
    T* const out = item.out;
    multiply_transposed(team, m, n, item.in[2], item.in[0], xta, chains);
    multiply_transposed(team, m, n, item.in[2], item.in[1], xtb, chains);
    const double sum = dot(team, n, xta, xtb, chains);
    team.for_each(1, [=](Index) { store(out, sum); });
  }
};

template <>
struct MatrixStep<MatrixFunction::row_gram_gradient> {
  static constexpr Index scratch(Index, Index n, Index) { return (2 + kChains) * n; }
  template <class Team, class T>
  SIGMAHAT_STEP static void apply(const Team& team, const MatrixFunctionCall& call, const MatrixItem<T>& item) {
    const Index m = call.m, n = call.n;
    const T *const a = item.in[0], *const b = item.in[1];
    double *const xta = item.scratch, *const xtb = xta + n, *const chains = xtb + n;
    T* const out = item.out;
    multiply_transposed(team, m, n, item.in[2], a, xta, chains);
    multiply_transposed(team, m, n, item.in[2], b, xtb, chains);
    for_each_place(team, m, n,
                   [=](Index i, Index j) { store(out + i + j * m, wide(a[i]) * xtb[j] + wide(b[i]) * xta[j]); });
  }
};

template <>
struct MatrixStep<MatrixFunction::column_gram_form> {
  static constexpr Index scratch(Index m, Index, Index) { return 2 * m + kChains; }
  template <class Team, class T>
  SIGMAHAT_STEP static void apply(const Team& team, const MatrixFunctionCall& call, const MatrixItem<T>& item) {
    const Index m = call.m, n = call.n;
    double *const xa = item.scratch, *const xb = xa + m;
    T* const out = item.out;
    multiply_vector(team, m, n, item.in[2], item.in[0], xa);
    multiply_vector(team, m, n, item.in[2], item.in[1], xb);
    const double sum = dot(team, m, xa, xb, xb + m);
    team.for_each(1, [=](Index) { store(out, sum); });
  }
};

template <>
struct MatrixStep<MatrixFunction::column_gram_gradient> {
  static constexpr Index scratch(Index m, Index, Index) { return 2 * m; }
  template <class Team, class T>
  SIGMAHAT_STEP static void apply(const Team& team, const MatrixFunctionCall& call, const MatrixItem<T>& item) {
    const Index m = call.m, n = call.n;
    const T *const a = item.in[0], *const b = item.in[1];
    double *const xa = item.scratch, *const xb = xa + m;
    T* const out = item.out;
    multiply_vector(team, m, n, item.in[2], a, xa);
    multiply_vector(team, m, n, item.in[2], b, xb);
    for_each_place(team, m, n,
                   [=](Index i, Index j) { store(out + i + j * m, xa[i] * wide(b[j]) + xb[i] * wide(a[j])); });
  }
};

template <>
struct MatrixStep<MatrixFunction::exponential_form> {
  static constexpr Index scratch(Index m, Index, Index) { return m + kChains; }
  template <class Team, class T>
  SIGMAHAT_STEP static void apply(const Team& team, const MatrixFunctionCall& call, const MatrixItem<T>& item) {
    double* const e = item.scratch;
    T* const out = item.out;
    multiply_vector(team, call.m, call.n, item.in[1], item.in[2], e, [](Index, double sum) { return exp(sum); });
    const double sum = dot(team, call.m, item.in[0], e, e + call.m);
    team.for_each(1, [=](Index) { store(out, sum); });
  }
};

template <>
struct MatrixStep<MatrixFunction::exponential_gradient> {
  static constexpr Index scratch(Index m, Index, Index) { return m; }
  template <class Team, class T>
  SIGMAHAT_STEP static void apply(const Team& team, const MatrixFunctionCall& call, const MatrixItem<T>& item) {
    const Index m = call.m;
    const T *const a = item.in[0], *const b = item.in[2];
    double* const e = item.scratch;
    T* const out = item.out;
    multiply_vector(team, m, call.n, item.in[1], b, e, [=](Index i, double sum) { return wide(a[i]) * exp(sum); });
    for_each_place(team, m, call.n, [=](Index i, Index j) { store(out + i + j * m, e[i] * wide(b[j])); });
  }
};

/// r ← Xβ − y.
template <class Team, class T>
SIGMAHAT_STEP void residual(const Team& team, const MatrixFunctionCall& call, const MatrixItem<T>& item, double* r) {
  const T* const y = item.in[2];
  multiply_vector(team, call.m, call.n, item.in[0], item.in[1], r,
                  [=](Index i, double sum) { return sum - wide(y[i]); });
}

template <>
struct MatrixStep<MatrixFunction::residual_form> {
  static constexpr Index scratch(Index m, Index, Index) { return m + kChains; }
  template <class Team, class T>
  SIGMAHAT_STEP static void apply(const Team& team, const MatrixFunctionCall& call, const MatrixItem<T>& item) {
    double* const r = item.scratch;
    T* const out = item.out;
    residual(team, call, item, r);
    const double sum = dot(team, call.m, r, r, r + call.m);
    team.for_each(1, [=](Index) { store(out, sum); });
  }
};

template <>
struct MatrixStep<MatrixFunction::residual_gradient> {
  static constexpr Index scratch(Index m, Index n, Index) { return m + (1 + kChains) * n; }
  template <class Team, class T>
  SIGMAHAT_STEP static void apply(const Team& team, const MatrixFunctionCall& call, const MatrixItem<T>& item) {
    const Index m = call.m, n = call.n;
    double *const r = item.scratch, *const xtr = r + m;
    T* const out = item.out;
    residual(team, call, item, r);
    multiply_transposed(team, m, n, item.in[0], r, xtr, xtr + n);
    team.for_each(n, [=](Index j) { store(out + j, 2 * xtr[j]); });
  }
};

}  // namespace sigmahat::steps
