#include "least_squares_gram.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "backends/cpu/least_squares_gram.cpp"  // relative to host/, an include folder
#include <hwy/foreach_target.h>
//
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace sigmahat::backends::gram_vectors {
namespace HWY_NAMESPACE {

#include "least_squares_vectors.inc"

/// Columns of a group: all N, or the first few.
struct FullGroup {
  explicit FullGroup(Index) {}
  template <class D>
  HWY_INLINE hn::Vec<D> load(D d, const double* p) const {
    return hn::LoadU(d, p);
  }
};
struct PartGroup {
  explicit PartGroup(Index count) : columns(count) {}
  template <class D>
  HWY_INLINE hn::Vec<D> load(D d, const double* p) const {
    return load_first(d, p, columns);
  }
  Index columns;
};

constexpr Index kLine = 8;  // numbers

/// Asks for the lines of kNumbers numbers at place + ahead.
template <int kNumbers>
HWY_INLINE void fetch_row(const double* place, Index ahead) {
#pragma GCC unroll 2
  for (Index number = 0; number < kNumbers; number += kLine) fetch_ahead(place, ahead + number);
}

/// Lane i ← lane i + kShift mod N.
template <int kShift, class D>
HWY_INLINE hn::Vec<D> turned(D d, hn::Vec<D> v) {
  if constexpr (hn::MaxLanes(D()) == 1) {
    return v;
  } else {
    constexpr int kN = static_cast<int>(hn::MaxLanes(D()));
    alignas(64) static constexpr std::int64_t kTwice[16] = {0, 1, 2, 3, 4, 5, 6, 7, 0, 1, 2, 3, 4, 5, 6, 7};
    alignas(64) std::int64_t from[kN];
    for (int i = 0; i < kN; ++i) from[i] = kTwice[i + kShift] % kN;
    return hn::TableLookupLanes(v, hn::SetTableIndices(d, from));
  }
}

/// The rows begin … end−1 of a block. While one is read, the cache is asked for a line of the row that lies `ahead` rows
/// behind it, the one at number `line`.
struct Span {
  Index begin, end, ahead, line;
};

/// Sums of one or two groups of columns among themselves and with y.
template <class D, int kGroups, bool kWeighted, class LastGroup>
struct Diagonal {
  using V = hn::Vec<D>;
  static constexpr D kTag{};
  static constexpr int kN = static_cast<int>(hn::MaxLanes(D()));
  static constexpr int kShifts = kN > 1 ? kN / 2 : 1;
  static constexpr bool kHalf = kN > 1;
  static constexpr int kVectors = kGroups * kShifts + (kHalf ? 1 : 0) + (kGroups - 1) * kN + kGroups;

  V own[kGroups][kShifts], half, cross[kN], with_y[kGroups];

  template <class F>
  HWY_INLINE void for_each_vector(F f) {
    int place = 0;
#pragma GCC unroll 2
    for (int g = 0; g < kGroups; ++g) {
#pragma GCC unroll 8
      for (int s = 0; s < kShifts; ++s) f(own[g][s], kN * place++);
    }
    if constexpr (kHalf) f(half, kN * place++);
    if constexpr (kGroups == 2) {
#pragma GCC unroll 8
      for (int j = 0; j < kN; ++j) f(cross[j], kN * place++);
    }
#pragma GCC unroll 2
    for (int g = 0; g < kGroups; ++g) f(with_y[g], kN * place++);
  }

  /// Shifts kShift, kShift + 1, … below N/2 of group g.
  template <int kShift>
  HWY_INLINE void add_shifts(int g, V x, V wx) {
    if constexpr (kShift < kShifts) {
      if constexpr (kWeighted) {  // the weight belongs to the column with the larger number
        const auto ahead = hn::FirstN(kTag, static_cast<std::size_t>(kN - kShift));
        const V left = hn::IfThenElse(ahead, turned<kShift>(kTag, wx), wx);
        const V right = hn::IfThenElse(ahead, x, turned<kShift>(kTag, x));
        own[g][kShift] = fused(left, right, own[g][kShift]);
      } else {
        own[g][kShift] = fused(turned<kShift>(kTag, x), x, own[g][kShift]);
      }
      add_shifts<kShift + 1>(g, x, wx);
    }
  }

  HWY_INLINE void add_row(const double* row, double y, double w, LastGroup last) {
    V x[kGroups], wx[kGroups];
#pragma GCC unroll 2
    for (int g = 0; g < kGroups; ++g) {
      x[g] = g + 1 < kGroups ? hn::LoadU(kTag, row + g * kN) : last.load(kTag, row + g * kN);
      wx[g] = kWeighted ? hn::Mul(hn::Set(kTag, w), x[g]) : x[g];
      own[g][0] = fused(wx[g], x[g], own[g][0]);
      add_shifts<1>(g, x[g], wx[g]);
    }
    if constexpr (kHalf && kGroups == 1) half = fused(turned<kN / 2>(kTag, wx[0]), x[0], half);
    if constexpr (kHalf && kGroups == 2) {
      half = fused(upper_halves(kTag, wx[1], wx[0]), lower_halves(kTag, x[1], x[0]), half);
    }
    if constexpr (kGroups == 2) {
#pragma GCC unroll 8
      for (int j = 0; j < kN; ++j) cross[j] = fused(wx[1], hn::Set(kTag, row[j]), cross[j]);
    }
    const V left = hn::Set(kTag, kWeighted ? w * y : y);
#pragma GCC unroll 2
    for (int g = 0; g < kGroups; ++g) with_y[g] = fused(left, x[g], with_y[g]);
  }

  HWY_INLINE void clear() {
    for_each_vector([](V& v, int) HWY_ATTR { v = hn::Zero(kTag); });
  }
  HWY_INLINE void load(const double* sums) {
    for_each_vector([sums](V& v, int place) HWY_ATTR { v = hn::LoadU(kTag, sums + place); });
  }
  HWY_INLINE void store(double* sums) {
    for_each_vector([sums](V& v, int place) HWY_ATTR { hn::StoreU(v, kTag, sums + place); });
  }

  /// `yy` is null for all pairs but the first.
  HWY_INLINE void add_rows(const GramBlock& b, Index column, Span rows, double* sums, double* yy) {
    const bool first = rows.begin == 0;
    if (first) {
      clear();
    } else {
      load(sums);
    }
    const LastGroup last(std::min<Index>(kN, b.columns - column - (kGroups - 1) * kN));
    const double* row = b.x + rows.begin * b.leading_dimension + column;
    const double* y = b.y + rows.begin * b.y_stride;
    double sum = first || yy == nullptr ? 0.0 : *yy;
    const Index x_ahead = rows.ahead * b.leading_dimension + rows.line - column, y_ahead = rows.ahead * b.y_stride;
    for (Index i = rows.begin; i < rows.end; ++i, row += b.leading_dimension, y += b.y_stride) {
      fetch_row<kGroups * kN>(row, x_ahead);
      if (i % kLine == 0) fetch_ahead(y, y_ahead);
      const double w = kWeighted ? b.weights[i] : 1.0;
      add_row(row, *y, w, last);
      sum = __builtin_fma(kWeighted ? w * *y : *y, *y, sum);
    }
    store(sums);
    if (yy != nullptr) *yy = sum;
  }
};

/// Sums of one or two groups of columns with N earlier columns.
template <class D, int kGroups, bool kWeighted, class LastGroup>
struct Rectangle {
  using V = hn::Vec<D>;
  static constexpr D kTag{};
  static constexpr int kN = static_cast<int>(hn::MaxLanes(D()));
  static constexpr int kVectors = kGroups * kN;

  HWY_INLINE static void add_rows(const GramBlock& b, Index column, Index earlier, Span rows, double* sums) {
    V sum[kGroups][kN];
    const bool first = rows.begin == 0;
#pragma GCC unroll 2
    for (int g = 0; g < kGroups; ++g) {
#pragma GCC unroll 8
      for (int j = 0; j < kN; ++j) sum[g][j] = first ? hn::Zero(kTag) : hn::LoadU(kTag, sums + (g * kN + j) * kN);
    }
    const LastGroup last(std::min<Index>(kN, b.columns - column - (kGroups - 1) * kN));
    const double* row = b.x + rows.begin * b.leading_dimension;
    const Index x_ahead = rows.ahead * b.leading_dimension + rows.line;
    for (Index i = rows.begin; i < rows.end; ++i, row += b.leading_dimension) {
      fetch_ahead(row, x_ahead);
      V x[kGroups];
#pragma GCC unroll 2
      for (int g = 0; g < kGroups; ++g) {
        x[g] = g + 1 < kGroups ? hn::LoadU(kTag, row + column + g * kN) : last.load(kTag, row + column + g * kN);
        if constexpr (kWeighted) x[g] = hn::Mul(hn::Set(kTag, b.weights[i]), x[g]);
      }
#pragma GCC unroll 8
      for (int j = 0; j < kN; ++j) {
        const V right = hn::Set(kTag, row[earlier + j]);
#pragma GCC unroll 2
        for (int g = 0; g < kGroups; ++g) sum[g][j] = fused(x[g], right, sum[g][j]);
      }
    }
#pragma GCC unroll 2
    for (int g = 0; g < kGroups; ++g) {
#pragma GCC unroll 8
      for (int j = 0; j < kN; ++j) hn::StoreU(sum[g][j], kTag, sums + (g * kN + j) * kN);
    }
  }
};

/// One pair of groups of columns: with itself and y, then with every earlier pair. Returns the sums behind its own.
template <class D, int kGroups, bool kWeighted, class LastGroup>
double* add_pair(const GramBlock& b, Index column, Span& rows, double* sums, double* yy) {
  using Own = Diagonal<D, kGroups, kWeighted, LastGroup>;
  using Pair = Rectangle<D, kGroups, kWeighted, LastGroup>;
  Own own;
  own.add_rows(b, column, rows, sums, yy);
  rows.line += kGroups * kLine;
  sums += Own::kVectors * Own::kN;
  for (Index earlier = 0; earlier < column; earlier += Own::kN, sums += Pair::kVectors * Own::kN) {
    Pair::add_rows(b, column, earlier, rows, sums);
    rows.line += kLine;
  }
  return sums;
}

template <class D, bool kWeighted>
void form(const GramBlock& b, double* sums, double* yy) {
  constexpr Index kN = static_cast<Index>(hn::MaxLanes(D())), kPair = 2 * kN;
  // More than one pair: rows that stay in the first-level cache while they are read several times.
  const Index chunk = b.columns <= kPair ? kCanonicalBlock : std::max<Index>(2048 / b.columns, 16);
  const Index ahead = b.columns <= kPair ? kStreamAhead / b.columns : chunk;
  const Index last = (b.columns - 1) / kPair * kPair, left = b.columns - last;
  for (Index begin = 0; begin == 0 || begin < b.rows; begin += chunk) {
    Span rows{begin, std::min(begin + chunk, b.rows), ahead, 0};
    double* next = sums;
    for (Index column = 0; column < last; column += kPair) {
      next = add_pair<D, 2, kWeighted, FullGroup>(b, column, rows, next, column == 0 ? yy : nullptr);
    }
    double* const own_yy = last == 0 ? yy : nullptr;
    if (left == kPair) {
      add_pair<D, 2, kWeighted, FullGroup>(b, last, rows, next, own_yy);
    } else if (left > kN) {
      add_pair<D, 2, kWeighted, PartGroup>(b, last, rows, next, own_yy);
    } else if (left == kN) {
      add_pair<D, 1, kWeighted, FullGroup>(b, last, rows, next, own_yy);
    } else {
      add_pair<D, 1, kWeighted, PartGroup>(b, last, rows, next, own_yy);
    }
  }
}

template <class D, class Group>
HWY_INLINE void form_two_groups(const GramBlock& a, const GramBlock& b, double* sums_a, double* sums_b, double* yy_a,
                                double* yy_b) {
  using Sums = Diagonal<D, 1, false, Group>;
  Sums first, second;
  first.clear();
  second.clear();
  const Group group(a.columns);
  const Index ahead = kStreamAhead / a.columns, x_ahead = ahead * a.leading_dimension, y_ahead = ahead * a.y_stride;
  double square_a = 0, square_b = 0;
  for (Index i = 0; i < a.rows; ++i) {
    const double *const row_a = a.x + i * a.leading_dimension, *const row_b = b.x + i * b.leading_dimension;
    const double y_a = a.y[i * a.y_stride], y_b = b.y[i * b.y_stride];
    // One stream of requests: two that take turns would keep the processor's own prefetching from starting.
    fetch_ahead(a.x + 2 * i * a.leading_dimension, x_ahead);
    if (i % 4 == 0) fetch_ahead(a.y + 2 * i * a.y_stride, y_ahead);
    first.add_row(row_a, y_a, 1.0, group);
    second.add_row(row_b, y_b, 1.0, group);
    square_a = __builtin_fma(y_a, y_a, square_a);
    square_b = __builtin_fma(y_b, y_b, square_b);
  }
  first.store(sums_a);
  second.store(sums_b);
  *yy_a = square_a;
  *yy_b = square_b;
}

template <class D>
void form_two(const GramBlock& a, const GramBlock& b, double* sums_a, double* sums_b, double* yy_a, double* yy_b) {
  if (a.columns == static_cast<Index>(hn::MaxLanes(D()))) {
    form_two_groups<D, FullGroup>(a, b, sums_a, sums_b, yy_a, yy_b);
  } else {
    form_two_groups<D, PartGroup>(a, b, sums_a, sums_b, yy_a, yy_b);
  }
}

/// m, then deviations and c, of N columns.
template <class Group>
HWY_INLINE void centre_group(const GramBlock& b, double total, const CentredRows& out, Index column, Group group) {
  const Index ld = CentredRows::leading_dimension(b.columns);
  const double* const x = b.x + column;
  Vector sum = hn::Zero(kLanes);
  for (Index i = 0; i < b.rows; ++i) {
    const Vector value = group.load(kLanes, x + i * b.leading_dimension);
    sum = b.weights == nullptr ? hn::Add(sum, value) : fused(hn::Set(kLanes, b.weights[i]), value, sum);
  }
  const Vector divisor = hn::Set(kLanes, total), m = hn::Div(sum, divisor);
  sum = hn::Zero(kLanes);
  for (Index i = 0; i < b.rows; ++i) {
    const Vector r = hn::Sub(group.load(kLanes, x + i * b.leading_dimension), m);
    hn::StoreU(r, kLanes, out.x + i * ld + column);
    sum = b.weights == nullptr ? hn::Add(sum, r) : fused(hn::Set(kLanes, b.weights[i]), r, sum);
  }
  alignas(64) double pair[2][kLaneCount];
  hn::Store(m, kLanes, pair[0]);
  hn::Store(hn::Div(sum, divisor), kLanes, pair[1]);
  for (Index j = 0; j < std::min<Index>(kLaneCount, b.columns - column); ++j) {
    out.mean[column + j] = pair[0][j];
    out.residual[column + j] = pair[1][j];
  }
}

void centre(const GramBlock& b, double total, const CentredRows& out) {
  for (Index column = 0; column < b.columns; column += kLaneCount) {
    if (b.columns - column >= kLaneCount) {
      centre_group(b, total, out, column, FullGroup(0));
    } else {
      centre_group(b, total, out, column, PartGroup(b.columns - column));
    }
  }
  const auto weight = [&b](Index i) HWY_ATTR { return b.weights == nullptr ? 1.0 : b.weights[i]; };
  double sum = 0;
  for (Index i = 0; i < b.rows; ++i) sum = __builtin_fma(weight(i), b.y[i * b.y_stride], sum);
  const double m = sum / total;
  sum = 0;
  for (Index i = 0; i < b.rows; ++i) {
    out.y[i] = b.y[i * b.y_stride] - m;
    sum = __builtin_fma(weight(i), out.y[i], sum);
  }
  out.mean[b.columns] = m;
  out.residual[b.columns] = sum / total;
}

void add_multiple(Index count, double left, const double* HWY_RESTRICT right, double* HWY_RESTRICT row) {
  for (Index j = 0; j < count; ++j) row[j] = __builtin_fma(left, right[j], row[j]);
}

void add(Index count, const double* HWY_RESTRICT more, double* HWY_RESTRICT sums) {
  for (Index i = 0; i < count; ++i) sums[i] += more[i];
}

template <class D>
GramKernel kernel(bool weighted) {
  return {static_cast<int>(hn::MaxLanes(D())),
          weighted ? &form<D, true> : &form<D, false>,
          nullptr,
          &centre,
          &add_multiple,
          &add};
}

GramKernel table(Index columns, bool weighted) {
  if (columns > 4) return kernel<Lanes>(weighted);
  using Narrow = hn::CappedTag<double, 4>;
  GramKernel result = kernel<Narrow>(weighted);
  if constexpr (hn::MaxLanes(Narrow()) == 4) {
    if (!weighted) result.form_two = &form_two<Narrow>;
  }
  return result;
}

}  // namespace HWY_NAMESPACE
}  // namespace sigmahat::backends::gram_vectors
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace sigmahat::backends::gram_vectors {
HWY_EXPORT(table);
}  // namespace sigmahat::backends::gram_vectors

namespace sigmahat::backends {

GramKernel gram_kernel(Index columns, bool weighted) {
  return HWY_DYNAMIC_DISPATCH(gram_vectors::table)(columns, weighted);
}

}  // namespace sigmahat::backends
#endif
