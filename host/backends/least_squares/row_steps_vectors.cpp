#include "row_steps.hpp"

#include <algorithm>
#include <cmath>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "backends/least_squares/row_steps_vectors.cpp"  // relative to host/, an include folder
#include <hwy/foreach_target.h>
//
#include <hwy/highway.h>

#include "row_functions.hpp"

// flatten: the functions are compiled inside these, hence for their instruction set.
#define SIGMAHAT_FLATTEN __attribute__((flatten))

HWY_BEFORE_NAMESPACE();
namespace sigmahat::backends::row_vectors {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

using Lanes = hn::CappedTag<double, 8>;
using Vector = hn::Vec<Lanes>;
constexpr Lanes kLanes;

/// a·b + c with one rounding; where the target has no such instruction, the library's.
HWY_INLINE Vector fma(Vector a, Vector b, Vector c) {
#if HWY_NATIVE_FMA
  return hn::MulAdd(a, b, c);
#else
  static_assert(hn::MaxLanes(Lanes()) == 1, "without fma only the scalar target may run");
  return hn::Set(kLanes, std::fma(hn::GetLane(a), hn::GetLane(b), hn::GetLane(c)));
#endif
}

/// dots[j] ← vᵀa_j for kVectors vectors of columns from `column` on: chains in row order, side by side.
template <int kVectors>
HWY_INLINE void reflect_dots(Index rows, Index stride, const double* a, Index c, const steps::Reflector& reflector,
                             Index column, double* dots) {
  const Index n = static_cast<Index>(hn::Lanes(kLanes));
  Vector sum[kVectors];
  const double* row = a + c * stride + column;
  for (int g = 0; g < kVectors; ++g) {
    sum[g] = hn::Mul(hn::Set(kLanes, reflector.head), hn::LoadU(kLanes, row + g * n));
  }
  const double* v = a + (c + 1) * stride + c;
  row += stride;
  for (Index i = c + 1; i < rows; ++i, row += stride, v += stride) {
    const Vector factor = hn::Set(kLanes, *v);
    for (int g = 0; g < kVectors; ++g) sum[g] = fma(factor, hn::LoadU(kLanes, row + g * n), sum[g]);
  }
  const Vector tau = hn::Set(kLanes, -reflector.tau);
  for (int g = 0; g < kVectors; ++g) hn::StoreU(hn::Mul(sum[g], tau), kLanes, dots + column + g * n);
}

/// a ← (I − τvvᵀ)a for whole vectors of columns, those of column c included, and the sum of squares below the diagonal of
/// column c + 1 on the way. What becomes of columns up to c is of no use any more.
double reflect(Index rows, Index stride, double* a, Index c, const steps::Reflector& reflector, double* dots) {
  const Index n = static_cast<Index>(hn::Lanes(kLanes)), first = c / n * n;
  Index column = first;
  for (; column + 4 * n <= stride; column += 4 * n) reflect_dots<4>(rows, stride, a, c, reflector, column, dots);
  for (; column < stride; column += n) reflect_dots<1>(rows, stride, a, c, reflector, column, dots);
  double below = 0;
  for (Index i = c; i < rows; ++i) {
    double* const row = a + i * stride;
    const Vector v = hn::Set(kLanes, i == c ? reflector.head : row[c]);
    for (Index j = first; j < stride; j += n) {
      hn::StoreU(fma(v, hn::LoadU(kLanes, dots + j), hn::LoadU(kLanes, row + j)), kLanes, row + j);
    }
    if (i > c + 1 && c + 1 < stride) below = __builtin_fma(row[c + 1], row[c + 1], below);
  }
  return below;
}

/// steps::householder with whole vectors of columns: the same chains, and so the same bits.
void householder(Index rows, Index columns, Index stride, double* a, double* dots) {
  const Index count = std::min(rows, columns);
  double below = 0;
  for (Index i = 1; i < rows; ++i) below = __builtin_fma(a[i * stride], a[i * stride], below);
  for (Index c = 0; c < count; ++c) {
    const steps::Reflector reflector = steps::reflector_of(a[c * stride + c], below);
    if (reflector.tau != 0) {
      below = reflect(rows, stride, a, c, reflector, dots);
    } else {
      below = 0;
      for (Index i = c + 2; i < rows && c + 1 < stride; ++i) {
        below = __builtin_fma(a[i * stride + c + 1], a[i * stride + c + 1], below);
      }
    }
    a[c * stride + c] = reflector.norm;
  }
  for (Index i = 1; i < count; ++i) std::fill_n(a + i * stride, i, 0.0);
}

SIGMAHAT_FLATTEN steps::GramSummary<double> solve_gram(Index k, double weight, const double* mean, double ridge,
                                                       const steps::GramWork<double>& work) {
  return steps::solve_gram(steps::SerialTeam{}, k, weight, mean, ridge, work);
}
SIGMAHAT_FLATTEN void residuals(Index k, const StagedBlock& block, const double* intercept, const double* b,
                                const Residuals& out) {
  row_functions::residuals(k, block, intercept, b, out);
}
SIGMAHAT_FLATTEN void gradient(Index k, const StagedBlock& block, const Residuals& r, double* hi, double* lo) {
  row_functions::gradient(k, block, r, hi, lo);
}
SIGMAHAT_FLATTEN void sum_of_squares(const StagedBlock& block, const Residuals& r, double* sum) {
  row_functions::sum_of_squares(block, r, sum);
}
SIGMAHAT_FLATTEN void standardise(Index q, Index stride, const StagedBlock& block, const double* mean,
                                  const double* residual, const double* s, double* out) {
  row_functions::standardise(q, stride, block, mean, residual, s, out);
}
SIGMAHAT_FLATTEN Index drop_dependent(Index k, Index q, double* r, const double* reference, double tolerance,
                                      Index* accepted, double* dots) {
  return steps::drop_dependent(k, q, r, reference, tolerance, accepted, dots);
}
SIGMAHAT_FLATTEN void invert_accepted(Index q, const double* r, Index rank, const Index* accepted, double* inverse) {
  steps::invert_accepted(q, r, rank, accepted, inverse);
}
SIGMAHAT_FLATTEN void pseudo_inverse(Index k, Index q, const double* r, const double* scale, Index rank, double* work,
                                     double* heads, double* dots, double* pseudo) {
  steps::pseudo_inverse(k, q, r, scale, rank, work, heads, dots, pseudo);
}
SIGMAHAT_FLATTEN void add_outer_products(Index d, Index count, const double* v, double* sum) {
  row_functions::add_outer_products(d, count, v, sum);
}
SIGMAHAT_FLATTEN void congruence(Index n, Index d, const double* root, const double* meat, double* product,
                                 double* out) {
  row_functions::congruence(n, d, root, meat, product, out);
}
SIGMAHAT_FLATTEN void scores(Index k, const StagedBlock& block, const double* mean, const double* residual, Index r,
                             const double* root, double* out) {
  row_functions::scores(k, block, mean, residual, r, root, out);
}

RowSteps table() {
  return {&solve_gram,     &residuals,       &gradient,       &sum_of_squares, &standardise,        &householder,
          &drop_dependent, &invert_accepted, &pseudo_inverse, &scores,         &add_outer_products, &congruence};
}

}  // namespace HWY_NAMESPACE
}  // namespace sigmahat::backends::row_vectors
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace sigmahat::backends::row_vectors {
HWY_EXPORT(table);
}  // namespace sigmahat::backends::row_vectors

namespace sigmahat::backends {

RowSteps row_steps() { return HWY_DYNAMIC_DISPATCH(row_vectors::table)(); }

}  // namespace sigmahat::backends
#endif
