// Gradients by a matrix, of whose elements all are free or those with i ≤ j. Private to the library.
#pragma once

#include <algorithm>
#include <span>
#include <vector>

#include "lu_bounds.hpp"

namespace sigmahat::derivatives {

/// Entries of a large gradient that are checked; of a smaller one all are.
inline constexpr Index kMostEntries = 128;

/// Sets a gradient of X alone against dual numbers, entry by entry, and its bound, which is the same for all entries.
template <class T, class Value, class Bound>
void check_entries(Trial<T>& trial, const Operands<T>& in, const MatrixBatch<T>& computed, const Value& value,
                   Free free, const Bound& bound) {
  const std::vector<T> values = computed.values();
  const Index n = computed.rows(), size = n * n, count = std::min(size, kMostEntries);
  for (Index b = 0; b < kTrialItems; ++b) {
    std::vector<T> some;
    Dense<Real> exact(count, 1);
    for (Index e = 0; e < count; ++e) {
      const Index place = count == size ? e : size - 1 - e * (n + 2) % size;  // the last corner, and on from there
      some.push_back(values[b * size + place]);
      exact(e) = value(moved<Dual>(in.items[b], place % n, place / n, unit(), free)).derivative(1);
    }
    trial.comparison.add(std::span<const T>(some), exact, constant(count, 1, bound(in.items[b])));
  }
  trial.comparison.finish_operation();
}

}  // namespace sigmahat::derivatives
