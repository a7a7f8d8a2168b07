#include "moments_kernel.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "backends/cpu/moments_kernel.cpp"  // relative to host/, an include folder
#include <hwy/foreach_target.h>
//
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace sigmahat::backends::moments_vectors {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// At most 8 lanes: vectors divide a group of columns.
using Lanes = hn::CappedTag<double, 8>;
using Vector = hn::Vec<Lanes>;
constexpr Lanes kLanes;

Index lanes() { return static_cast<Index>(hn::Lanes(kLanes)); }

/// a·b + c with one rounding; where the target has no such instruction, the library's.
HWY_INLINE Vector fma(Vector a, Vector b, Vector c) {
#if HWY_NATIVE_FMA
  return hn::MulAdd(a, b, c);
#else
  static_assert(hn::MaxLanes(Lanes()) == 1, "without fma only the scalar target may run");
  return hn::Set(kLanes, std::fma(hn::GetLane(a), hn::GetLane(b), hn::GetLane(c)));
#endif
}

/// Loads one lane group; of the last group only the columns that exist, where a masked load might touch the others too.
struct FullGroup {
  HWY_INLINE Vector load(const double* p) const { return hn::LoadU(kLanes, p); }
};
struct PartGroup {
  Index columns;
  HWY_INLINE Vector load(const double* p) const {
#if HWY_MEM_OPS_MIGHT_FAULT
    alignas(64) double values[kTile] = {};
    for (Index j = 0; j < columns; ++j) values[j] = p[j];
    return hn::Load(kLanes, values);
#else
    return hn::MaskedLoad(hn::FirstN(kLanes, static_cast<std::size_t>(columns)), kLanes, p);
#endif
  }
};

/// Calls f.template operator()<kGroups>(column, group) for the columns of a block: neighbouring lane groups go
/// together, so that their chains hide each other's latency.
template <class F>
HWY_INLINE void for_each_group(Index columns, F f) {
  const Index n = lanes();
  Index column = 0;
  for (; column + 4 * n <= columns; column += 4 * n) f.template operator()<4>(column, FullGroup{});
  for (; column + n <= columns; column += n) f.template operator()<1>(column, FullGroup{});
  if (column < columns) {
    f.template operator()<1>(column, PartGroup{columns - column});
  }
}

/// Asks for a line that will be read later; an address behind the data does no harm.
HWY_INLINE void fetch_ahead(const double* place, Index distance) {
  __builtin_prefetch(reinterpret_cast<const void*>(reinterpret_cast<std::uintptr_t>(place) +
                                                   static_cast<std::uintptr_t>(distance) * sizeof(double)));
}
/// Long rows are strides that the processor does not foresee.
constexpr Index kRowsAhead = 8;

struct MeanOf {
  const CenterBlock& b;
  Index count;
  const Panel& panel;

  template <int kGroups, class Group>
  HWY_INLINE void operator()(Index column, Group group) const {
    const Index n = lanes();
    const double* x = b.rows + column;
    Vector sum[kGroups];
    for (int g = 0; g < kGroups; ++g) sum[g] = hn::Zero(kLanes);
    for (Index k = 0; k < count; ++k, x += b.leading_dimension) {
      for (int g = 0; g < kGroups; ++g) {
        fetch_ahead(x + g * n, kRowsAhead * b.leading_dimension);
        const Vector value = group.load(x + g * n);
        sum[g] = b.weights == nullptr ? hn::Add(sum[g], value) : fma(hn::Set(kLanes, b.weights[k]), value, sum[g]);
      }
    }
    for (int g = 0; g < kGroups; ++g) {
      const Index place = b.first_column + column + g * n;
      hn::StoreU(hn::Div(sum[g], hn::Set(kLanes, b.total_weight)), kLanes, panel.mean + place);
      hn::StoreU(hn::Zero(kLanes), kLanes, panel.residual + place);
    }
  }
};

void mean(const CenterBlock& b, Index count, const Panel& panel) { for_each_group(b.columns, MeanOf{b, count, panel}); }

struct PackRows {
  const CenterBlock& b;
  Index first, count;
  const Panel& panel;

  template <int kGroups, class Group>
  HWY_INLINE void operator()(Index column, Group group) const {
    const Index n = lanes();
    const double* x = b.rows + column + first * b.leading_dimension;
    const double* low = b.low == nullptr ? nullptr : b.low + column + first * b.leading_dimension;
    Vector m[kGroups], sum[kGroups];
    Index packed[kGroups];
    for (int g = 0; g < kGroups; ++g) {
      const Index place = b.first_column + column + g * n;
      m[g] = hn::LoadU(kLanes, panel.mean + place);
      sum[g] = hn::LoadU(kLanes, panel.residual + place);
      packed[g] = place / kTile * panel.depth * kTile + place % kTile;
    }
    for (Index k = 0; k < count; ++k) {
      for (int g = 0; g < kGroups; ++g) {
        Vector r = hn::Sub(group.load(x + g * n), m[g]);
        if (low != nullptr) r = hn::Add(r, group.load(low + g * n));
        hn::StoreU(r, kLanes, panel.rows + packed[g] + k * kTile);
        if (b.weights == nullptr) {
          sum[g] = hn::Add(sum[g], r);
        } else {
          const Vector w = hn::Set(kLanes, b.weights[first + k]);
          hn::StoreU(hn::Mul(w, r), kLanes, panel.weighted + packed[g] + k * kTile);
          sum[g] = fma(w, r, sum[g]);
        }
      }
      x += b.leading_dimension;
      if (low != nullptr) low += b.leading_dimension;
    }
    for (int g = 0; g < kGroups; ++g) hn::StoreU(sum[g], kLanes, panel.residual + b.first_column + column + g * n);
  }
};

void pack(const CenterBlock& b, Index first, Index count, const Panel& panel) {
  for_each_group(b.columns, PackRows{b, first, count, panel});
}

void close(const CenterBlock& b, const Panel& panel) {
  const Vector total = hn::Set(kLanes, b.total_weight);
  for (Index column = b.first_column; column < b.first_column + b.columns; column += lanes()) {
    const Vector c = hn::Div(hn::LoadU(kLanes, panel.residual + column), total);
    hn::StoreU(c, kLanes, panel.residual + column);
    hn::StoreU(c, kLanes, panel.rows_tail + column);
    hn::StoreU(hn::Neg(hn::Mul(total, c)), kLanes, panel.weighted_tail + column);
  }
}

// `sum` is eight vectors; the loops over them are unrolled by the compiler so that they live in registers.
void tile(Index depth, const double* HWY_RESTRICT left, const double* HWY_RESTRICT right, const double* left_tail,
          const double* right_tail, double* HWY_RESTRICT out, TileSum mode) {
  constexpr int kColumns = static_cast<int>(hn::MaxLanes(Lanes()));  // columns of the tile at a time
  constexpr int kVectors = static_cast<int>(kTile) / kColumns;
  for (int column = 0; column < kTile; column += kColumns) {
    Vector sum[kVectors][kColumns];
#pragma GCC unroll 8
    for (int j = 0; j < kColumns; ++j) {
#pragma GCC unroll 8
      for (int v = 0; v < kVectors; ++v) {
        const double* const place = out + (column + j) * kTile + v * kColumns;
        sum[v][j] = mode == TileSum::extend ? hn::LoadU(kLanes, place) : hn::Zero(kLanes);
      }
    }
    const auto add_row = [&sum, column](const double* l, const double* r) HWY_ATTR {
#pragma GCC unroll 8
      for (int v = 0; v < kVectors; ++v) {
        const Vector rows = hn::LoadU(kLanes, l + v * kColumns);
#pragma GCC unroll 8
        for (int j = 0; j < kColumns; ++j) sum[v][j] = fma(rows, hn::Set(kLanes, r[column + j]), sum[v][j]);
      }
    };
    for (Index k = 0; k < depth; ++k) add_row(left + k * kTile, right + k * kTile);
    if (left_tail != nullptr) add_row(left_tail, right_tail);
#pragma GCC unroll 8
    for (int j = 0; j < kColumns; ++j) {
#pragma GCC unroll 8
      for (int v = 0; v < kVectors; ++v) {
        double* const place = out + (column + j) * kTile + v * kColumns;
        hn::StoreU(mode == TileSum::add ? hn::Add(hn::LoadU(kLanes, place), sum[v][j]) : sum[v][j], kLanes, place);
      }
    }
  }
}

const char* instruction_set() { return hwy::TargetName(HWY_TARGET); }

MomentsKernel table() { return {&instruction_set, &mean, &pack, &close, &tile}; }

}  // namespace HWY_NAMESPACE
}  // namespace sigmahat::backends::moments_vectors
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace sigmahat::backends::moments_vectors {
HWY_EXPORT(table);
}  // namespace sigmahat::backends::moments_vectors

namespace sigmahat::backends {

MomentsKernel moments_kernel() { return HWY_DYNAMIC_DISPATCH(moments_vectors::table)(); }

}  // namespace sigmahat::backends
#endif
