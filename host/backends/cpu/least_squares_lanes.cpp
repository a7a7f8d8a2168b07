#include "least_squares_lanes.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <type_traits>

#include "lane.hpp"
#include "sigmahat/kernels/least_squares.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "backends/cpu/least_squares_lanes.cpp"  // relative to host/, an include folder
#include <hwy/foreach_target.h>
//
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace sigmahat::backends::lane_vectors {
namespace HWY_NAMESPACE {

#include "least_squares_vectors.inc"

/// A lane type of kernels/steps/lane.hpp.
struct Mask {
  hn::Mask<Lanes> m;
  HWY_INLINE Mask operator!() const { return {hn::Not(m)}; }
};
struct Lane {
  Vector v;
  Lane() = default;
  HWY_INLINE explicit Lane(double value) : v(hn::Set(kLanes, value)) {}
  HWY_INLINE explicit Lane(Vector vector) : v(vector) {}
};
HWY_INLINE Lane operator+(Lane a, Lane b) { return Lane(hn::Add(a.v, b.v)); }
HWY_INLINE Lane operator-(Lane a, Lane b) { return Lane(hn::Sub(a.v, b.v)); }
HWY_INLINE Lane operator-(Lane a) { return Lane(hn::Neg(a.v)); }
HWY_INLINE Lane operator*(Lane a, Lane b) { return Lane(hn::Mul(a.v, b.v)); }
HWY_INLINE Lane operator/(Lane a, Lane b) { return Lane(hn::Div(a.v, b.v)); }
HWY_INLINE Mask operator>(Lane a, Lane b) { return {hn::Gt(a.v, b.v)}; }
HWY_INLINE Lane fma(Lane a, Lane b, Lane c) { return Lane(fused(a.v, b.v, c.v)); }
HWY_INLINE Lane sqrt(Lane a) { return Lane(hn::Sqrt(a.v)); }
HWY_INLINE Lane magnitude(Lane a) { return Lane(hn::Abs(a.v)); }
HWY_INLINE Lane select(Mask mask, Lane yes, Lane no) { return Lane(hn::IfThenElse(mask.m, yes.v, no.v)); }
HWY_INLINE Mask both(Mask a, Mask b) { return {hn::And(a.m, b.m)}; }
HWY_INLINE Mask either(Mask a, Mask b) { return {hn::Or(a.m, b.m)}; }
/// steps::balancing_scale: with e the biased exponent, 1023 − ⌊(e − 1023)/2⌋ = 1535 − ⌊(e + 1)/2⌋.
HWY_INLINE Lane balancing_scale(Lane a) {
  const hn::RebindToUnsigned<Lanes> integers;
  const auto exponent = hn::ShiftRight<53>(hn::ShiftLeft<1>(hn::BitCast(integers, a.v)));
  const auto half = hn::ShiftRight<1>(hn::Add(exponent, hn::Set(integers, 1)));
  return Lane(hn::BitCast(kLanes, hn::ShiftLeft<52>(hn::Sub(hn::Set(integers, 1535), half))));
}

#include "gram_solve.inc"

/// One thread, compiled for this instruction set.
struct LaneTeam {
  template <class F>
  HWY_INLINE void for_each(Index count, F&& f) const {
    for (Index i = 0; i < count; ++i) f(i);
  }
  HWY_INLINE void barrier() const {}
};

#include "least_squares_steps.inc"

HWY_INLINE Lane load(const double* lanes, Index place) { return Lane(hn::LoadU(kLanes, lanes + place * kLaneCount)); }
HWY_INLINE void store(Lane a, double* lanes, Index place) { hn::StoreU(a.v, kLanes, lanes + place * kLaneCount); }
HWY_INLINE Lane canonical(Lane a) { return select({hn::Eq(a.v, a.v)}, a, Lane(kCanonicalNaN)); }
HWY_INLINE unsigned bits(Mask mask) {
  alignas(64) double ones[kLaneCount];
  hn::Store(hn::IfThenElseZero(mask.m, hn::Set(kLanes, 1.0)), kLanes, ones);
  unsigned result = 0;
  for (int l = 0; l < kLaneCount; ++l) result |= ones[l] > 0 ? 1U << l : 0U;
  return result;
}

/// Memory of the solver: on the stack, and as far as they reach in registers, where k is known to the compiler …
template <class Size>
struct Workspace {
  static constexpr Index kColumns = Size::value, kEntries = packed(kColumns + 1, 0);
  explicit Workspace(Size, const LaneProblems& p) {
    for (Index i = 0; i < kEntries; ++i) gram[i] = load(p.gram, i);
  }
  GramWork<Lane> work() { return {gram, inverse_factor, scale, column, beta, inverse}; }

  Lane gram[kEntries], inverse_factor[packed(kColumns, 0)], scale[kColumns + 1], column[kColumns + 1], beta[kColumns],
      inverse[kColumns];
};
/// … else the caller's.
template <>
struct Workspace<Index> {
  Workspace(Index columns, const LaneProblems& p)
      : k(columns), gram(reinterpret_cast<Lane*>(p.gram)), rest(reinterpret_cast<Lane*>(p.scratch)) {}
  GramWork<Lane> work() const {
    Lane* const vectors = rest + inverse_scratch(k);
    return {gram, rest, vectors, vectors + k + 1, vectors + 2 * k + 2, vectors + 3 * k + 2};
  }

  Index k;
  Lane *gram, *rest;
};

/// Standard errors, the intercept's first, as the sum of squares over the degrees of freedom gives them.
template <class Size>
HWY_INLINE void classical_errors(Size k, const LaneProblems& p, Lane rss, const GramWork<Lane>& work) {
  const bool intercept = p.mean != nullptr;
  const Index first = intercept ? 1 : 0;
  const Lane dof = load(p.rows, 0) - Lane(static_cast<double>(k + first));
  const Lane sigma_squared = select(dof > Lane(0.0), rss / dof, Lane(kCanonicalNaN));
  if (intercept) {
    const Lane leverage = mean_leverage(LaneTeam(), k, reinterpret_cast<const Lane*>(p.mean), work);
    const Lane variance = sigma_squared * (Lane(1.0) / load(p.weight, 0) + leverage);
    store(canonical(sqrt(variance)), p.errors, 0);
  }
  for (Index j = 0; j < k; ++j) {
    store(canonical(data_standard_error(work, sigma_squared, j)), p.errors, first + j);
  }
}

template <class Size>
HWY_INLINE LaneFlags solve_size(Size k, double ridge, double largest_condition, const LaneProblems& p) {
  Workspace<Size> memory(k, p);
  const GramWork<Lane> work = memory.work();
  const Lane* const mean = reinterpret_cast<const Lane*>(p.mean);
  const auto summary = solve_gram(LaneTeam(), k, load(p.weight, 0), mean, Lane(ridge), work);
  store(summary.condition, p.condition, 0);
  const Index first = mean == nullptr ? 0 : 1;
  Lane* const b = work.beta;
  for (Index j = 0; j < k; ++j) {
    b[j] = data_coefficient(work, summary, j);
    store(b[j], p.coefficients, first + j);
  }
  if (mean != nullptr) {
    const Lane alpha = intercept_from_means<Lane>(k, mean, reinterpret_cast<const Lane*>(p.residual), b);
    store(alpha + Lane(0.0), p.coefficients, 0);
  }
  const Lane rss = data_sum_of_squares(summary, summary.minimum);
  if (p.rss != nullptr) store(canonical(rss), p.rss, 0);
  if (p.errors != nullptr) classical_errors(k, p, rss, work);
  const Mask in_bounds = {hn::Le(summary.condition.v, hn::Set(kLanes, largest_condition))};
  return {bits(!both(summary.regular, in_bounds)), bits(!summary.keeps_rss)};
}

template <Index kColumns>
LaneFlags solve_known(double ridge, double largest_condition, const LaneProblems& p) {
  return solve_size(std::integral_constant<Index, kColumns>(), ridge, largest_condition, p);
}

LaneFlags solve(Index columns, double ridge, double largest_condition, const LaneProblems& p) {
  if constexpr (kLaneCount > 1) {
    switch (columns) {
      case 1: return solve_known<1>(ridge, largest_condition, p);
      case 2: return solve_known<2>(ridge, largest_condition, p);
      case 3: return solve_known<3>(ridge, largest_condition, p);
      case 4: return solve_known<4>(ridge, largest_condition, p);
      case 5: return solve_known<5>(ridge, largest_condition, p);
      case 6: return solve_known<6>(ridge, largest_condition, p);
      case 7: return solve_known<7>(ridge, largest_condition, p);
      case 8: return solve_known<8>(ridge, largest_condition, p);
      default: break;
    }
  }
  return solve_size(columns, ridge, largest_condition, p);
}

void gather(Index size, const Index* place, const double* const* nodes, double* lanes) {
  for (Index s = 0; s < size; s += 4) {
    Vector four[4];
    gather_four(nodes, s, four);
    for (Index c = 0; c < 4; ++c) {
      if (place[s + c] >= 0) hn::StoreU(four[c], kLanes, lanes + place[s + c] * kLaneCount);
    }
  }
}

void scatter(Index count, const double* lanes, double* out) {
  Index j = 0;
#if HWY_TARGET != HWY_SCALAR
  if constexpr (kLaneCount == 8) {
    const hn::Half<Lanes> half;
    for (; j + 4 <= count; j += 4) {
      Vector four[4];
      for (Index c = 0; c < 4; ++c) four[c] = hn::LoadU(kLanes, lanes + (j + c) * kLaneCount);
      transpose_fours(four);
      for (Index l = 0; l < 4; ++l) {
        hn::StoreU(hn::LowerHalf(half, four[l]), half, out + l * count + j);
        hn::StoreU(hn::UpperHalf(half, four[l]), half, out + (l + 4) * count + j);
      }
    }
  }
#endif
  for (; j < count; ++j) {
    for (Index l = 0; l < kLaneCount; ++l) out[l * count + j] = lanes[j * kLaneCount + l];
  }
}

LaneKernel table() { return {kLaneCount, &gather, &scatter, &solve}; }

}  // namespace HWY_NAMESPACE
}  // namespace sigmahat::backends::lane_vectors
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace sigmahat::backends::lane_vectors {
HWY_EXPORT(table);
}  // namespace sigmahat::backends::lane_vectors

namespace sigmahat::backends {

LaneKernel lane_kernel() { return HWY_DYNAMIC_DISPATCH(lane_vectors::table)(); }

}  // namespace sigmahat::backends
#endif
