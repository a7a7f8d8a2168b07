// LU factors of one small matrix with complete pivoting, and what comes from them: inverse, determinant, adjugate. Order
// of operations: sigmahat/kernels/matrix_functions.hpp. Level D3 but for the logarithm.
#pragma once

#include "matrix_entries.hpp"

namespace sigmahat::steps {

/// Where the factors of an n × n matrix lie in scratch: PAQ = LU.
struct LuPlaces {
  double* a;        // [n, n] A; then L below the diagonal (ones on it) and U
  double* rows;     // [n] row i of PA is row rows[i] of A
  double* columns;  // [n] column i of AQ is column columns[i] of A
  double* best;     // [n] largest |entry| in each row of the remainder, NaN where there is one,
  double* where;    // [n] and the first column that has it
  double* rest;     // what comes behind
};
SIGMAHAT_STEP LuPlaces lu_places(Index n, double* scratch) {
  double* const vectors = scratch + n * n;
  return {scratch, vectors, vectors + n, vectors + 2 * n, vectors + 3 * n, vectors + 4 * n};
}
constexpr Index lu_scratch(Index n) { return n * n + 4 * n; }

/// What the factorisation found; the same in all threads.
struct LuOutcome {
  Index rank;        // steps done: below it the remainder is zero, if it is not NaN
  bool is_nan;       // the remainder has a NaN
  bool is_negative;  // the signs of P and Q differ
};

/// |entry| (i, j) of the remainder takes its part in the search; columns come in order. A NaN replaces a number and stays.
/// No branches, so that it vectorises.
SIGMAHAT_STEP void consider(const LuPlaces& lu, Index i, Index j, double entry) {
  const double size = fabs(entry), best = lu.best[i], where = lu.where[i];
  const bool stays = (size <= best) | (best != best);
  lu.best[i] = stays ? best : size;
  lu.where[i] = stays ? where : static_cast<double>(j);
}

/// The remainder's pivot from the rows' candidates: largest, then first in storage order. Size NaN where there is one.
struct LuPivot {
  double size;
  Index row, column;
};
SIGMAHAT_STEP LuPivot choose_pivot(Index n, Index step, const LuPlaces& lu) {
  double size = lu.best[step], column = lu.where[step];
  Index row = step;
  for (Index i = step + 1; i < n && size == size; ++i) {
    const double other = lu.best[i];
    if (!(other < size || (other == size && lu.where[i] >= column))) {
      size = other;
      column = lu.where[i];
      row = i;
    }
  }
  return {size, row, static_cast<Index>(column)};
}

template <class Team>
SIGMAHAT_STEP void swap_lines(const Team& team, Index n, Index step, const LuPivot& pivot, const LuPlaces& lu) {
  double* const a = lu.a;
  const auto exchange = [](double* x, double* y) {
    const double kept = *x;
    *x = *y;
    *y = kept;
  };
  const Index row = pivot.row, column = pivot.column;
  if (row != step) {
    team.for_each(n, [=](Index j) { exchange(a + step + j * n, a + row + j * n); });
    team.for_each(1, [=](Index) { exchange(lu.rows + step, lu.rows + row); });
    team.barrier();
  }
  if (column != step) {
    team.for_each(n, [=](Index i) { exchange(a + i + step * n, a + i + column * n); });
    team.for_each(1, [=](Index) { exchange(lu.columns + step, lu.columns + column); });
    team.barrier();
  }
}

/// Factors `input`. 2n³/3 flops and as many comparisons by half.
template <class Team, class T>
SIGMAHAT_STEP LuOutcome lu_factor(const Team& team, Index n, const T* input, const LuPlaces& lu) {
  double* const a = lu.a;
  team.for_each(n, [=](Index i) {
    lu.rows[i] = lu.columns[i] = static_cast<double>(i);
    lu.best[i] = -1;
    lu.where[i] = 0;
  });
  for (Index j = 0; j < n; ++j) {
    team.for_each(n, [=](Index i) {  // row i is one thread's, whatever j is
      a[i + j * n] = wide(input[i + j * n]);
      consider(lu, i, j, a[i + j * n]);
    });
  }
  team.barrier();
  bool is_negative = false;
  for (Index step = 0; step < n; ++step) {
    const LuPivot pivot = choose_pivot(n, step, lu);
    const bool is_nan = pivot.size != pivot.size;  // NOLINT(misc-redundant-expression): a NaN is not itself
    if (!(pivot.size > 0)) return {step, is_nan, is_negative};
    is_negative = is_negative != ((pivot.row != step) != (pivot.column != step));
    team.barrier();
    swap_lines(team, n, step, pivot, lu);
    const double divisor = a[step + step * n];
    const Index first = step + 1;
    team.for_each(n - first, [=](Index below) {
      const Index i = first + below;
      a[i + step * n] /= divisor;
      lu.best[i] = -1;
    });
    for (Index j = first; j < n; ++j) {
      const double u = a[step + j * n];
      team.for_each(n - first, [=](Index below) {
        const Index i = first + below;
        a[i + j * n] = fma(-a[i + step * n], u, a[i + j * n]);
      });
      team.for_each(n - first, [=](Index below) { consider(lu, first + below, j, a[first + below + j * n]); });
    }
    team.barrier();
  }
  return {n, false, is_negative};
}

/// mantissa · 2^exponent, so that a product of pivots neither overflows nor underflows on its way.
struct ScaledNumber {
  double mantissa;
  int exponent;
};

/// ± the product of the first `count` pivots. Scaled only where it must be: frexp is slow, and the bits are the same.
SIGMAHAT_STEP ScaledNumber product_of_pivots(Index n, Index count, bool is_negative, const LuPlaces& lu) {
  double product = is_negative ? -1 : 1;
  bool ordinary = true;
  for (Index i = 0; i < count; ++i) {
    product *= lu.a[i + i * n];
    ordinary = ordinary && fabs(product) > 0x1p-1000 && fabs(product) < 0x1p1000;
  }
  ScaledNumber scaled{product, 0};
  if (ordinary) return scaled;
  scaled = {is_negative ? -0.5 : 0.5, 1};
  for (Index i = 0; i < count; ++i) {
    int own = 0, of_both = 0;
    const double pivot = frexp(lu.a[i + i * n], &own);
    scaled.mantissa = frexp(scaled.mantissa * pivot, &of_both);
    scaled.exponent += own + of_both;
  }
  return scaled;
}
SIGMAHAT_STEP double determinant_of(Index n, const LuOutcome& outcome, const LuPlaces& lu) {
  if (outcome.is_nan) return kCanonicalNaN;
  if (outcome.rank < n) return 0;
  const ScaledNumber product = product_of_pivots(n, n, outcome.is_negative, lu);
  return ldexp(product.mantissa, product.exponent);
}
SIGMAHAT_STEP double log_determinant_of(Index n, const LuOutcome& outcome, const LuPlaces& lu) {
  if (outcome.is_nan) return kCanonicalNaN;
  if (outcome.rank < n) return log(0.0);
  constexpr double kLogarithmOfTwo = 0x1.62e42fefa39efp-1;
  constexpr int kOrdinary = 1000;  // below, the determinant is a normal number
  const ScaledNumber product = product_of_pivots(n, n, outcome.is_negative, lu);
  if (-kOrdinary < product.exponent && product.exponent < kOrdinary) {
    return log(ldexp(product.mantissa, product.exponent));
  }
  return fma(static_cast<double>(product.exponent), kLogarithmOfTwo, log(product.mantissa));
}

/// x ← L⁻¹P, where row i of x is x[i·n … i·n + n). Column j of x is one thread's throughout.
template <class Team>
SIGMAHAT_STEP void solve_lower(const Team& team, Index n, const LuPlaces& lu, double* x) {
  for (Index i = 0; i < n; ++i) {
    const Index one = static_cast<Index>(lu.rows[i]);
    team.for_each(n, [=](Index j) { x[i * n + j] = j == one ? 1.0 : 0.0; });
    for (Index k = 0; k < i; ++k) {
      const double l = lu.a[i + k * n];
      team.for_each(n, [=](Index j) { x[i * n + j] = fma(-l, x[k * n + j], x[i * n + j]); });
    }
  }
}
/// The first `rows` rows of x ← U₁⁻¹x, U₁ being as many rows and columns of U.
template <class Team>
SIGMAHAT_STEP void solve_upper(const Team& team, Index n, Index rows, const LuPlaces& lu, double* x) {
  for (Index i = rows - 1; i >= 0; --i) {
    for (Index k = rows - 1; k > i; --k) {
      const double u = lu.a[i + k * n];
      team.for_each(n, [=](Index j) { x[i * n + j] = fma(-u, x[k * n + j], x[i * n + j]); });
    }
    const double divisor = lu.a[i + i * n];
    team.for_each(n, [=](Index j) { x[i * n + j] /= divisor; });
  }
}
/// out ← factor·Qx. A factor that is out of range takes no zero along with it.
template <class Team, class T>
SIGMAHAT_STEP void store_permuted(const Team& team, Index n, ScaledNumber factor, const LuPlaces& lu, const double* x,
                                  T* out) {
  for (Index i = 0; i < n; ++i) {
    T* const row = out + static_cast<Index>(lu.columns[i]);
    team.for_each(n, [=](Index j) {
      const double entry = factor.mantissa * x[i * n + j];
      store(row + j * n, factor.exponent == 0 ? entry : ldexp(entry, factor.exponent));
    });
  }
}

template <>
struct MatrixStep<MatrixFunction::inverse> {
  static constexpr Index scratch(Index, Index n, Index) { return lu_scratch(n) + n * n; }
  template <class Team, class T>
  SIGMAHAT_STEP static void apply(const Team& team, const MatrixFunctionCall& call, const MatrixItem<T>& item) {
    const Index n = call.n;
    T* const out = item.out;
    const LuPlaces lu = lu_places(n, item.scratch);
    const LuOutcome outcome = lu_factor(team, n, item.in[0], lu);
    if (outcome.rank < n) {
      team.for_each(n * n, [=](Index e) { store(out + e, kCanonicalNaN); });
      return;
    }
    solve_lower(team, n, lu, lu.rest);
    solve_upper(team, n, n, lu, lu.rest);
    store_permuted(team, n, {1, 0}, lu, lu.rest, out);
  }
};

template <>
struct MatrixStep<MatrixFunction::determinant> {
  static constexpr Index scratch(Index, Index n, Index) { return lu_scratch(n); }
  template <class Team, class T>
  SIGMAHAT_STEP static void apply(const Team& team, const MatrixFunctionCall& call, const MatrixItem<T>& item) {
    const Index n = call.n;
    T* const out = item.out;
    const LuPlaces lu = lu_places(n, item.scratch);
    const LuOutcome outcome = lu_factor(team, n, item.in[0], lu);
    team.for_each(1, [=](Index) { store(out, determinant_of(n, outcome, lu)); });
  }
};

template <>
struct MatrixStep<MatrixFunction::log_determinant> {
  static constexpr Index scratch(Index, Index n, Index) { return lu_scratch(n); }
  template <class Team, class T>
  SIGMAHAT_STEP static void apply(const Team& team, const MatrixFunctionCall& call, const MatrixItem<T>& item) {
    const Index n = call.n;
    T* const out = item.out;
    const LuPlaces lu = lu_places(n, item.scratch);
    const LuOutcome outcome = lu_factor(team, n, item.in[0], lu);
    team.for_each(1, [=](Index) { store(out, log_determinant_of(n, outcome, lu)); });
  }
};

template <>
struct MatrixStep<MatrixFunction::adjugate> {
  static constexpr Index scratch(Index, Index n, Index) { return lu_scratch(n) + n * n; }
  template <class Team, class T>
  SIGMAHAT_STEP static void apply(const Team& team, const MatrixFunctionCall& call, const MatrixItem<T>& item) {
    const Index n = call.n, last = n - 1;
    T* const out = item.out;
    const LuPlaces lu = lu_places(n, item.scratch);
    const LuOutcome outcome = lu_factor(team, n, item.in[0], lu);
    if (outcome.is_nan || outcome.rank < last) {
      const double entry = outcome.is_nan ? kCanonicalNaN : 0.0;
      team.for_each(n * n, [=](Index e) { store(out + e, entry); });
      return;
    }
    double* const x = lu.rest;
    solve_lower(team, n, lu, x);
    const double t = lu.a[last + last * n];
    for (Index i = 0; i < last; ++i) {
      const double u = lu.a[i + last * n];
      team.for_each(n, [=](Index j) { x[i * n + j] = fma(-u, x[last * n + j], t * x[i * n + j]); });
    }
    solve_upper(team, n, last, lu, x);
    const ScaledNumber product = product_of_pivots(n, last, outcome.is_negative, lu);
    store_permuted(team, n, product, lu, x, out);
  }
};

}  // namespace sigmahat::steps
