#include "moments_block.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <utility>

namespace sigmahat::backends {
namespace {

bool row_is_finite(const RowsView& view, Index row) {
  if (!std::isfinite(view.weight(row))) return false;
  for (Index j = 0; j < view.columns; ++j) {
    if (!std::isfinite(view.at(row, j))) return false;
  }
  return true;
}

template <class T>
void copy_rows(const RowsView& view, const BlockRows& block, Index first_column, Index columns, double* out) {
  const T* const data = static_cast<const T*>(view.data);
  const Index ld = view.leading_dimension;
  const auto row_of = [&](Index k) { return block.kept.empty() ? block.first + k : block.kept[k]; };
  if (view.layout == Layout::row_major) {
    for (Index k = 0; k < block.count; ++k) {
      const T* const row = data + row_of(k) * ld + first_column;
      for (Index j = 0; j < columns; ++j) out[k * kColumnChunk + j] = static_cast<double>(row[j]);
    }
    return;
  }
  constexpr Index kTile = 8;  // columns read side by side, so that each written cache line is filled at once
  for (Index first = 0; first < columns; first += kTile) {
    const Index last = std::min(first + kTile, columns);
    for (Index k = 0; k < block.count; ++k) {
      const T* const row = data + row_of(k) + first_column * ld;
      for (Index j = first; j < last; ++j) out[k * kColumnChunk + j] = static_cast<double>(row[j * ld]);
    }
  }
}

}  // namespace

void BlockRows::describe(const RowsView& view, Index first_row, Index rows, MissingRows missing) {
  first = first_row;
  count = positive = rows;
  dropped = 0;
  kept.clear();
  weights = view.weights == nullptr ? nullptr : view.weights + first_row;
  if (missing == MissingRows::drop) {
    for (Index i = first_row; i < first_row + rows; ++i) {
      if (row_is_finite(view, i)) kept.push_back(i);
    }
    count = positive = static_cast<Index>(kept.size());
    dropped = rows - count;
    if (dropped == 0) {
      kept.clear();
    } else if (view.weights != nullptr) {
      kept_weights.resize(kept.size());
      for (Index k = 0; k < count; ++k) kept_weights[k] = view.weights[kept[k]];
      weights = kept_weights.data();
    }
  }
  total_weight = static_cast<double>(count);
  if (weights != nullptr) {
    total_weight = 0;
    positive = 0;
    for (Index k = 0; k < count; ++k) {
      total_weight += weights[k];
      positive += weights[k] > 0 ? 1 : 0;
    }
  }
}

StagedRows stage(const RowsView& view, const BlockRows& block, Index first_column, Index columns, double* scratch) {
  if (view.type == ScalarType::float64) {
    if (view.layout == Layout::row_major && block.kept.empty()) {
      return {static_cast<const double*>(view.data) + block.first * view.leading_dimension + first_column,
              view.leading_dimension};
    }
    copy_rows<double>(view, block, first_column, columns, scratch);
  } else {
    copy_rows<float>(view, block, first_column, columns, scratch);
  }
  return {scratch, kColumnChunk};
}

PanelStorage::PanelStorage(Index columns, Index depth, bool with_weights) {
  constexpr std::uintptr_t kLineBytes = kTile * sizeof(double);  // a cache line, and the longest vector
  const Index padded = tile_groups(columns) * kTile, packed = padded * depth;
  memory_.assign(static_cast<std::size_t>(packed * (with_weights ? 2 : 1) + 4 * padded + kTile), 0.0);
  const auto address = reinterpret_cast<std::uintptr_t>(memory_.data());
  const std::uintptr_t unaligned = (kLineBytes - address % kLineBytes) % kLineBytes / sizeof(double);
  double* next = memory_.data() + unaligned;
  const auto take = [&next](Index count) { return std::exchange(next, next + count); };
  panel_.rows = take(packed);
  panel_.weighted = with_weights ? take(packed) : nullptr;
  for (double** vector : {&panel_.rows_tail, &panel_.weighted_tail, &panel_.mean, &panel_.residual})
    *vector = take(padded);
  panel_.depth = depth;
}

}  // namespace sigmahat::backends
