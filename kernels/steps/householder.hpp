// Householder QR of one dense matrix by one thread, and what least squares makes of its triangle. Matrices are row-major:
// entry (i, j) of a matrix whose rows are q apart is a[i·q + j]. Every sum is one chain of fma in row order: D3.
// Source: Golub, Van Loan, Matrix Computations, 4th ed., 5.1, 5.2, 5.5.
#pragma once

#include "team.hpp"

namespace sigmahat::steps {

/// Makes the reflector of column c below row `top`: v overwrites a[top…][c] but for its head, which is returned beside
/// τ = 2/vᵀv; `norm` is the new entry (top, c). τ = 0 where the column is zero: nothing is to be reflected.
struct Reflector {
  double head, tau, norm;
};
SIGMAHAT_STEP Reflector reflector_of(double first, double below) {
  const double length = sqrt(fma(first, first, below));
  if (!(length > 0)) return {0, 0, first};
  const double head = first < 0 ? first - length : first + length;
  return {head, 2 / fma(head, head, below), first < 0 ? length : -length};
}
SIGMAHAT_STEP Reflector make_reflector(Index rows, Index q, const double* a, Index top, Index c) {
  double below = 0;  // Σ of squares below the first entry
  for (Index i = top + 1; i < rows; ++i) below = fma(a[i * q + c], a[i * q + c], below);
  return reflector_of(a[top * q + c], below);
}

/// Columns first … q−1 of a ← (I − τvvᵀ)a, v being in column c below row `top`. `dots` is scratch for q numbers.
SIGMAHAT_STEP void apply_reflector(Index rows, Index q, double* a, Index top, Index c, const Reflector& reflector,
                                   Index first, double* dots) {
  for (Index j = first; j < q; ++j) dots[j] = reflector.head * a[top * q + j];
  for (Index i = top + 1; i < rows; ++i) {
    const double v = a[i * q + c];
    for (Index j = first; j < q; ++j) dots[j] = fma(v, a[i * q + j], dots[j]);
  }
  for (Index j = first; j < q; ++j) dots[j] *= -reflector.tau;
  for (Index j = first; j < q; ++j) a[top * q + j] = fma(reflector.head, dots[j], a[top * q + j]);
  for (Index i = top + 1; i < rows; ++i) {
    const double v = a[i * q + c];
    for (Index j = first; j < q; ++j) a[i * q + j] = fma(v, dots[j], a[i * q + j]);
  }
}

/// a ← R of a = QR in its first min(rows, columns) rows, zeros below the diagonal there; the other rows are spent. Rows are
/// `stride` apart; places between `columns` and `stride` are zero and stay so. 2·rows·columns² flops.
SIGMAHAT_STEP void householder(Index rows, Index columns, Index stride, double* a, double* dots) {
  const Index steps = rows < columns ? rows : columns;
  for (Index c = 0; c < steps; ++c) {
    const Reflector reflector = make_reflector(rows, stride, a, c, c);
    if (reflector.tau != 0) apply_reflector(rows, stride, a, c, c, reflector, c + 1, dots);
    a[c * stride + c] = reflector.norm;
  }
  for (Index i = 1; i < steps; ++i) {
    for (Index j = 0; j < i; ++j) a[i * stride + j] = 0;
  }
}

/// Goes through the first k columns of the upper triangle r (rows q apart, k of them; column k is Qᵀy) in order. A column
/// of which the accepted ones leave no more than tolerance·reference[j] is left out; accepted[] lists the others.
/// On return r's rows 0 … rank−1 hold the trapezoid of all columns: accepted ones triangular. Returns the rank.
SIGMAHAT_STEP Index drop_dependent(Index k, Index q, double* r, const double* reference, double tolerance,
                                   Index* accepted, double* dots) {
  Index rank = 0;
  for (Index j = 0; j < k; ++j) {
    double left = 0;
    for (Index i = rank; i < k; ++i) left = fma(r[i * q + j], r[i * q + j], left);
    if (!(sqrt(left) > tolerance * reference[j])) {
      for (Index i = rank; i < k; ++i) r[i * q + j] = 0;
      continue;
    }
    if (rank < j) {  // after a dropped column the triangle has a step, which a reflector takes away
      const Reflector reflector = make_reflector(k, q, r, rank, j);
      if (reflector.tau != 0) apply_reflector(k, q, r, rank, j, reflector, j + 1, dots);
      r[rank * q + j] = reflector.norm;
      for (Index i = rank + 1; i < k; ++i) r[i * q + j] = 0;
    }
    accepted[rank++] = j;
  }
  return rank;
}

/// inverse [rank, rank] ← the inverse of the upper triangle that the accepted columns of r form. rank³/3.
SIGMAHAT_STEP void invert_accepted(Index q, const double* r, Index rank, const Index* accepted, double* inverse) {
  for (Index c = 0; c < rank; ++c) {
    for (Index i = rank - 1; i >= 0; --i) {
      double sum = i == c ? 1.0 : 0.0;
      for (Index j = i + 1; j <= c; ++j) sum = fma(-r[i * q + accepted[j]], inverse[j * rank + c], sum);
      inverse[i * rank + c] = i > c ? 0 : sum / r[i * q + accepted[i]];
    }
  }
}

/// pseudo [k, rank] ← M⁺ of the trapezoid M = r[0…rank−1][0…k−1]·diag(1/scale), which has full row rank: Mᵀ = QT,
/// M⁺ = QT⁻ᵀ. `work` has k·rank numbers, `heads` 2·rank, `dots` max(k, rank).
SIGMAHAT_STEP void pseudo_inverse(Index k, Index q, const double* r, const double* scale, Index rank, double* work,
                                  double* heads, double* dots, double* pseudo) {
  for (Index j = 0; j < k; ++j) {
    for (Index i = 0; i < rank; ++i) work[j * rank + i] = r[i * q + j] / scale[j];
  }
  double* const taus = heads + rank;
  for (Index c = 0; c < rank; ++c) {
    const Reflector reflector = make_reflector(k, rank, work, c, c);
    if (reflector.tau != 0) apply_reflector(k, rank, work, c, c, reflector, c + 1, dots);
    heads[c] = reflector.head;
    taus[c] = reflector.tau;
    work[c * rank + c] = reflector.norm;  // T on and above the diagonal, the tails of the reflectors below
  }
  for (Index j = 0; j < k * rank; ++j) pseudo[j] = 0;
  for (Index c = 0; c < rank; ++c) {  // column c of T⁻ᵀ: lower triangular
    for (Index i = c; i < rank; ++i) {
      double sum = i == c ? 1.0 : 0.0;
      for (Index j = c; j < i; ++j) sum = fma(-work[j * rank + i], pseudo[j * rank + c], sum);
      pseudo[i * rank + c] = sum / work[i * rank + i];
    }
  }
  for (Index c = rank - 1; c >= 0; --c) {  // Q times it
    if (taus[c] == 0) continue;
    for (Index j = 0; j < rank; ++j) {
      double dot = heads[c] * pseudo[c * rank + j];
      for (Index i = c + 1; i < k; ++i) dot = fma(work[i * rank + c], pseudo[i * rank + j], dot);
      dot *= -taus[c];
      pseudo[c * rank + j] = fma(heads[c], dot, pseudo[c * rank + j]);
      for (Index i = c + 1; i < k; ++i) pseudo[i * rank + j] = fma(work[i * rank + c], dot, pseudo[i * rank + j]);
    }
  }
}

}  // namespace sigmahat::steps
