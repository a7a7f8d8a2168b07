#include "matrix_steps.hpp"

#include <algorithm>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "backends/cpu/matrix_steps.cpp"  // relative to host/, an include folder
#include <hwy/foreach_target.h>
//
#include <hwy/highway.h>

#include "matrix_functions.hpp"

// flatten: the steps are compiled inside these functions, hence for their instruction set.
#define SIGMAHAT_FLATTEN __attribute__((flatten))

HWY_BEFORE_NAMESPACE();
namespace sigmahat::backends::matrix_vectors {
namespace HWY_NAMESPACE {

#if HWY_NATIVE_FMA
namespace hn = hwy::HWY_NAMESPACE;
#endif

/// A Team of one thread whose loops are vectorised: their turns do not depend on each other. A type of its own for each
/// instruction set, so that no two of them share code.
struct VectorTeam : steps::SerialTeam {
  template <class F>
  void for_each(Index count, F&& f) const {
#pragma GCC ivdep
    for (Index i = 0; i < count; ++i) f(i);
  }

#if HWY_NATIVE_FMA
  /// steps::dot with the eight chains in one vector or a few.
  template <class A, class B>
  double dot(Index n, const A* a, const B* b) const {
    Vector sums[kVectors];
    chains_of(n, a, b, sums);
    return sum_of(sums);
  }

  /// y[j] ← dot(column j of X, v), four columns at a time where vectors are long enough. X is m × n.
  template <class X, class V>
  void multiply_transposed(Index m, Index n, const X* x, const V* v, double* y) const {
    Index j = 0;
    if constexpr (kLanes >= 4) {
      for (; j + 4 <= n; j += 4) {
        Vector sums[4][kVectors];
        for (Index c = 0; c < 4; ++c) chains_of(m, x + (j + c) * m, v, sums[c]);
        hn::StoreU(sums_of_four(sums), Quad(), y + j);
      }
    }
    for (; j < n; ++j) y[j] = dot(m, x + j * m, v);
  }

  /// y[i] ← Σ_j X[i, j]·v[j], the chains of many rows held in registers. X is m × n.
  template <class X, class V>
  void multiply_vector(Index m, Index n, const X* x, const V* v, double* y) const {
    Index i = 0;
    for (; i + 4 * kLanes <= m; i += 4 * kLanes) rows_times<4>(m, n, x + i, v, y + i);
    if (i + 2 * kLanes <= m) {
      rows_times<2>(m, n, x + i, v, y + i);
      i += 2 * kLanes;
    }
    for (; i < m; i += kLanes) last_rows_times(m, n, std::min(m - i, kLanes), x + i, v, y + i);
  }

 private:
  using Lanes = hn::CappedTag<double, steps::kChains>;
  using Vector = hn::Vec<Lanes>;
  using Floats = hn::Rebind<float, Lanes>;
  using Quad = hn::CappedTag<double, 4>;
  static constexpr Index kLanes = hn::MaxLanes(Lanes()), kVectors = steps::kChains / kLanes;

  template <class A, class B>
  static HWY_INLINE void chains_of(Index n, const A* a, const B* b, Vector (&sums)[kVectors]) {
    for (Vector& sum : sums) sum = hn::Zero(Lanes());
    Index i = 0;
    for (; i + steps::kChains <= n; i += steps::kChains) {
      for (Index v = 0; v < kVectors; ++v) {
        sums[v] = hn::MulAdd(load(a + i + v * kLanes), load(b + i + v * kLanes), sums[v]);
      }
    }
    for (Index v = 0; v < kVectors && i + v * kLanes < n; ++v) {
      const auto there = hn::FirstN(Lanes(), static_cast<std::size_t>(std::min(n - i - v * kLanes, kLanes)));
      const Vector more = hn::MulAdd(load(there, a + i + v * kLanes), load(there, b + i + v * kLanes), sums[v]);
      sums[v] = hn::IfThenElse(there, more, sums[v]);  // a chain without entry keeps its sign of zero
    }
  }

  template <int kVectors, class X, class V>
  static HWY_INLINE void rows_times(Index m, Index n, const X* x, const V* v, double* y) {
    Vector chains[kVectors];
    for (Vector& chain : chains) chain = hn::Zero(Lanes());
    for (Index j = 0; j < n; ++j) {
      const Vector factor = hn::Set(Lanes(), static_cast<double>(v[j]));
      for (int k = 0; k < kVectors; ++k) chains[k] = hn::MulAdd(load(x + j * m + k * kLanes), factor, chains[k]);
    }
    for (int k = 0; k < kVectors; ++k) hn::StoreU(chains[k], Lanes(), y + k * kLanes);
  }
  /// The same for `rows` rows, not more than a vector has lanes.
  template <class X, class V>
  static HWY_INLINE void last_rows_times(Index m, Index n, Index rows, const X* x, const V* v, double* y) {
    const auto there = hn::FirstN(Lanes(), static_cast<std::size_t>(rows));
    Vector chain = hn::Zero(Lanes());
    for (Index j = 0; j < n; ++j) {
      chain = hn::MulAdd(load(there, x + j * m), hn::Set(Lanes(), static_cast<double>(v[j])), chain);
    }
    hn::BlendedStore(chain, there, Lanes(), y);
  }

  static HWY_INLINE Vector load(const double* from) { return hn::LoadU(Lanes(), from); }
  static HWY_INLINE Vector load(const float* from) { return hn::PromoteTo(Lanes(), hn::LoadU(Floats(), from)); }
  template <class Mask>
  static HWY_INLINE Vector load(Mask there, const double* from) {
    return hn::MaskedLoad(there, Lanes(), from);
  }
  template <class Mask>
  static HWY_INLINE Vector load(Mask there, const float* from) {
    const auto count = hn::CountTrue(Lanes(), there);
    return hn::PromoteTo(Lanes(), hn::MaskedLoad(hn::FirstN(Floats(), count), Floats(), from));
  }
  /// The sums of the chains l and l + 4, of eight chains in one vector or two.
  template <class V>
  static HWY_INLINE hn::Vec<Quad> four_of(const V (&s)[1]) {
    return hn::Add(hn::LowerHalf(Quad(), s[0]), hn::UpperHalf(Quad(), s[0]));
  }
  template <class V>
  static HWY_INLINE hn::Vec<Quad> four_of(const V (&s)[2]) {
    return hn::Add(s[0], s[1]);
  }
  /// steps::sum_of_chains: the chains' halves are added, then the halves of the sums, then the last two.
  template <class V, std::size_t kCount>
  static HWY_INLINE double sum_of(const V (&s)[kCount]) {
    const auto four = four_of(s);
    constexpr hn::FixedTag<double, 2> pair;
    return sum_of_two(hn::Add(hn::LowerHalf(pair, four), hn::UpperHalf(pair, four)));
  }
  template <class V>
  static HWY_INLINE double sum_of(const V (&s)[4]) {
    return sum_of_two(hn::Add(hn::Add(s[0], s[2]), hn::Add(s[1], s[3])));
  }
  template <class V>
  static HWY_INLINE double sum_of_two(V two) {
    return hn::GetLane(two) + hn::ExtractLane(two, 1);
  }
  /// sum_of() of four columns in one vector.
  template <class V, std::size_t kCount>
  static HWY_INLINE hn::Vec<Quad> sums_of_four(const V (&s)[4][kCount]) {
    const auto pairs_of = [](auto a, auto b) HWY_ATTR {  // a's two sums below b's
      return hn::Add(hn::ConcatLowerLower(Quad(), b, a), hn::ConcatUpperUpper(Quad(), b, a));
    };
    const auto low = pairs_of(four_of(s[0]), four_of(s[1])), high = pairs_of(four_of(s[2]), four_of(s[3]));
    return hn::Add(hn::ConcatEven(Quad(), high, low), hn::ConcatOdd(Quad(), high, low));
  }
#endif
};

template <MatrixFunction kFunction, class T>
SIGMAHAT_FLATTEN void each_item(const MatrixFunctionCall& call, Index first, Index count, double* scratch) {
  const Index out_entries = shapes_of(kFunction, call.m, call.n, call.k).out.entries();
  for (Index item = first; item < first + count; ++item) {
    steps::MatrixStep<kFunction>::apply(VectorTeam{}, call, steps::matrix_item<T>(call, out_entries, item, scratch));
  }
}

void run(const MatrixFunctionCall& call, Index first, Index count, double* scratch) {
  steps::with_function(call.function, [&](auto function) {
    constexpr MatrixFunction kFunction = decltype(function)::value;
    call.is_float ? each_item<kFunction, float>(call, first, count, scratch)
                  : each_item<kFunction, double>(call, first, count, scratch);
  });
}

MatrixSteps choose() { return &run; }

}  // namespace HWY_NAMESPACE
}  // namespace sigmahat::backends::matrix_vectors
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace sigmahat::backends::matrix_vectors {
HWY_EXPORT(choose);
}  // namespace sigmahat::backends::matrix_vectors

namespace sigmahat::backends {

MatrixSteps matrix_steps() { return HWY_DYNAMIC_DISPATCH(matrix_vectors::choose)(); }

}  // namespace sigmahat::backends
#endif
