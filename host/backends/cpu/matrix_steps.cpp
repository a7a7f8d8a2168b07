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

namespace hn = hwy::HWY_NAMESPACE;

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
    constexpr Lanes lanes;
    constexpr Index kLanes = hn::MaxLanes(lanes), kVectors = steps::kChains / kLanes;
    Vector sums[kVectors];
    for (Vector& sum : sums) sum = hn::Zero(lanes);
    Index i = 0;
    for (; i + steps::kChains <= n; i += steps::kChains) {
      for (Index v = 0; v < kVectors; ++v) {
        sums[v] = hn::MulAdd(load(a + i + v * kLanes), load(b + i + v * kLanes), sums[v]);
      }
    }
    for (Index v = 0; v < kVectors && i + v * kLanes < n; ++v) {
      const auto there = hn::FirstN(lanes, static_cast<std::size_t>(std::min(n - i - v * kLanes, kLanes)));
      const Vector more = hn::MulAdd(load(there, a + i + v * kLanes), load(there, b + i + v * kLanes), sums[v]);
      sums[v] = hn::IfThenElse(there, more, sums[v]);  // a chain without entry keeps its sign of zero
    }
    return sum_of(sums);
  }

 private:
  using Lanes = hn::CappedTag<double, steps::kChains>;
  using Vector = hn::Vec<Lanes>;
  using Floats = hn::Rebind<float, Lanes>;

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
  /// steps::sum_of_chains: the chains' halves are added, then the halves of the sums, then the last two.
  template <class V>
  static HWY_INLINE double sum_of(const V (&s)[4]) {
    return sum_of_two(hn::Add(hn::Add(s[0], s[2]), hn::Add(s[1], s[3])));
  }
  template <class V>
  static HWY_INLINE double sum_of(const V (&s)[2]) {
    return sum_of_four(hn::Add(s[0], s[1]));
  }
  template <class V>
  static HWY_INLINE double sum_of(const V (&s)[1]) {
    constexpr hn::FixedTag<double, 4> half;
    return sum_of_four(hn::Add(hn::LowerHalf(half, s[0]), hn::UpperHalf(half, s[0])));
  }
  template <class V>
  static HWY_INLINE double sum_of_four(V four) {
    constexpr hn::FixedTag<double, 2> half;
    return sum_of_two(hn::Add(hn::LowerHalf(half, four), hn::UpperHalf(half, four)));
  }
  template <class V>
  static HWY_INLINE double sum_of_two(V two) {
    return hn::GetLane(two) + hn::ExtractLane(two, 1);
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
