// What the functions of small matrices are made of: an item, dots, products with a vector. Order of operations:
// sigmahat/kernels/matrix_functions.hpp. Matrices are column-major without padding.
#pragma once

#include <cmath>
#include <type_traits>

#include "sigmahat/kernels/matrix_functions.hpp"
#include "team.hpp"

namespace sigmahat::steps {

/// One item of a call. T is the storage; `scratch` has as many numbers as the function asks for.
template <class T>
struct MatrixItem {
  const T* in[kMostOperands];
  T* out;
  double* scratch;
};

template <class T>
SIGMAHAT_STEP MatrixItem<T> matrix_item(const MatrixFunctionCall& call, Index out_entries, Index item,
                                        double* scratch) {
  const auto place = [item](const MatrixFunctionCall::Operand& operand) {
    return static_cast<const T*>(operand.data) + item * operand.stride;  // null, where it is missing, with stride 0
  };
  return {{place(call.in[0]), place(call.in[1]), place(call.in[2])},
          static_cast<T*>(call.out) + item * out_entries,
          scratch};
}

/// A Team of one thread, for which loops over neighbouring entries are the inner ones.
template <class Team>
inline constexpr bool kOneThread = std::is_base_of_v<SerialTeam, Team>;

template <class T>
SIGMAHAT_STEP double wide(T value) {
  return static_cast<double>(value);
}

/// Every result is written here: rounded once, and any NaN becomes the canonical one.
template <class T>
SIGMAHAT_STEP void store(T* out, double value) {
  const T rounded = static_cast<T>(value);
  const bool is_number = rounded == rounded;  // NOLINT(misc-redundant-expression): a NaN is not
  *out = is_number ? rounded : static_cast<T>(kCanonicalNaN);
}

/// Calls f(i, j) for every entry of a rows × columns matrix, neighbours in a column by neighbouring threads.
template <class Team, class F>
SIGMAHAT_STEP void for_each_place(const Team& team, Index rows, Index columns, F&& f) {
  if constexpr (kOneThread<Team>) {
    for (Index j = 0; j < columns; ++j) {
      team.for_each(rows, [=](Index i) { f(i, j); });
    }
  } else {
    team.for_each_place(rows, columns, f);
  }
}

// Dots ----------------------------------------------------------------------------------------------------------------

inline constexpr Index kChains = 8;

/// One of a dot's eight chains.
template <class A, class B>
SIGMAHAT_STEP double dot_chain(Index n, Index chain, const A* a, const B* b) {
  double sum = 0;
  for (Index i = chain; i < n; i += kChains) sum = fma(wide(a[i]), wide(b[i]), sum);
  return sum;
}
SIGMAHAT_STEP double sum_of_chains(const double* s) {
  return ((s[0] + s[4]) + (s[2] + s[6])) + ((s[1] + s[5]) + (s[3] + s[7]));
}

/// By one thread. A Team may bring a dot of its own, of the same bits.
template <class Team, class A, class B>
SIGMAHAT_STEP double dot_alone(const Team& team, Index n, const A* a, const B* b) {
  if constexpr (requires { team.dot(n, a, b); }) {
    return team.dot(n, a, b);
  } else {
    double chains[kChains];
    for (Index chain = 0; chain < kChains; ++chain) chains[chain] = dot_chain(n, chain, a, b);
    return sum_of_chains(chains);
  }
}

/// By the whole Team; all of it gets the dot. `chains` is scratch for 8 numbers, free again at return.
template <class Team, class A, class B>
SIGMAHAT_STEP double dot(const Team& team, Index n, const A* a, const B* b, double* chains) {
  if constexpr (kOneThread<Team>) {
    return dot_alone(team, n, a, b);
  } else {
    team.for_each(kChains, [=](Index chain) { chains[chain] = dot_chain(n, chain, a, b); });
    team.barrier();
    const double sum = sum_of_chains(chains);
    team.barrier();
    return sum;
  }
}

// Products with a vector; results are visible to the whole Team at return ---------------------------------------------

/// y[i] ← finish(i, (Xv)[i]) for an m × n matrix X. 2mn flops.
template <class Team, class X, class V, class F>
SIGMAHAT_STEP void multiply_vector(const Team& team, Index m, Index n, const X* x, const V* v, double* y, F&& finish) {
  if constexpr (kOneThread<Team>) {
    if constexpr (requires { team.multiply_vector(m, n, x, v, y); }) {
      team.multiply_vector(m, n, x, v, y);
    } else {
      team.for_each(m, [=](Index i) { y[i] = 0; });
      for (Index j = 0; j < n; ++j) {
        const double factor = wide(v[j]);
        const X* const column = x + j * m;
        team.for_each(m, [=](Index i) { y[i] = fma(wide(column[i]), factor, y[i]); });
      }
    }
    team.for_each(m, [=](Index i) { y[i] = finish(i, y[i]); });
  } else {
    team.for_each(m, [=](Index i) {
      double sum = 0;
      for (Index j = 0; j < n; ++j) sum = fma(wide(x[i + j * m]), wide(v[j]), sum);
      y[i] = finish(i, sum);
    });
    team.barrier();
  }
}
template <class Team, class X, class V>
SIGMAHAT_STEP void multiply_vector(const Team& team, Index m, Index n, const X* x, const V* v, double* y) {
  multiply_vector(team, m, n, x, v, y, [](Index, double sum) { return sum; });
}

/// y[j] ← (Xᵀv)[j] for an m × n matrix X. `chains` is scratch for 8n numbers. 2mn flops.
template <class Team, class X, class V>
SIGMAHAT_STEP void multiply_transposed(const Team& team, Index m, Index n, const X* x, const V* v, double* y,
                                       double* chains) {
  if constexpr (kOneThread<Team>) {
    if constexpr (requires { team.multiply_transposed(m, n, x, v, y); }) {
      team.multiply_transposed(m, n, x, v, y);
    } else {
      for (Index j = 0; j < n; ++j) y[j] = dot_alone(team, m, x + j * m, v);
    }
  } else {
    for_each_place(team, kChains, n,
                   [=](Index chain, Index j) { chains[chain + j * kChains] = dot_chain(m, chain, x + j * m, v); });
    team.barrier();
    team.for_each(n, [=](Index j) { y[j] = sum_of_chains(chains + j * kChains); });
    team.barrier();
  }
}

}  // namespace sigmahat::steps
