// What a check of a catalogue entry consists of: random operands, the numbers computed on a backend, the exact ones and the
// bound of their difference. Private to the library.
#pragma once

#include <random>
#include <span>
#include <string>
#include <vector>

#include "dense.hpp"
#include "sigmahat/derivative_catalogue.hpp"
#include "sigmahat/matrix_batch.hpp"

namespace sigmahat::derivatives {

struct Sizes {
  Index m, n, k;
};
struct Shape {
  Index rows, columns;
};

inline constexpr Index kTrialItems = 3;

/// Unit roundoffs: of the arithmetic, and of storage as T.
inline constexpr Real kUnit = 0x1p-53L;
template <class T>
inline constexpr Real kStorageUnit = sizeof(T) == sizeof(float) ? 0x1p-24L : 0x1p-53L;

/// Operands of a batch: on the backend, and item by item as exact numbers.
template <class T>
struct Operands {
  std::vector<MatrixBatch<T>> batch;
  std::vector<Arguments<Real>> items;
};

/// Differences between computed and exact numbers.
class Comparison {
 public:
  /// `computed` is one item, `exact` and `bound` have its shape.
  template <class T>
  void add(std::span<const T> computed, const Dense<Real>& exact, const Dense<Real>& bound) {
    require_size(std::ssize(computed), exact, bound);
    for (std::size_t i = 0; i < computed.size(); ++i) add_entry(computed[i], exact.values[i], bound.values[i]);
  }
  /// The items since the last call were all of one operation: their largest exact number measures their error.
  void finish_operation();
  void write(DerivativeCheck& check) const;

 private:
  static void require_size(std::ptrdiff_t computed, const Dense<Real>& exact, const Dense<Real>& bound);
  void add_entry(Real computed, Real exact, Real bound);

  Real difference_ = 0, largest_ = 0, error_ = 0, share_ = 0;
  Index compared_ = 0;
};

/// One run of one entry.
template <class T>
class Trial {
 public:
  Trial(const Context& context_in, Sizes sizes_in) : context(context_in), sizes(sizes_in) {}

  const Context& context;
  const Sizes sizes;
  Comparison comparison;
  std::mt19937_64 random{20240229};

  /// A matrix of numbers between −1 and 1 that T holds exactly; few of them are small.
  Dense<Real> matrix(Index rows, Index columns) {
    Dense<Real> result(rows, columns);
    for (Real& value : result.values) value = static_cast<Real>(static_cast<T>(uniform_(random)));
    return result;
  }
  /// Well conditioned and of positive determinant: 2I plus a matrix of norm below 1, columns scaled by 1/2, 1, 2.
  Dense<Real> regular(Index n, bool symmetric = false);

  /// Operand k of all items; where `shared`, one item for all.
  void put(Operands<T>& to, const std::vector<Dense<Real>>& items) const {
    const Index rows = items[0].rows, columns = items[0].columns;
    std::vector<T> values;
    values.reserve(items.size() * static_cast<std::size_t>(rows * columns));
    for (const Dense<Real>& item : items) {
      for (const Real value : item.values) values.push_back(static_cast<T>(value));
    }
    to.batch.emplace_back(context, std::ssize(items), rows, columns, values);
    to.items.resize(static_cast<std::size_t>(kTrialItems));
    for (Index b = 0; b < kTrialItems; ++b) to.items[b].push_back(items[items.size() == 1 ? 0 : b]);
  }
  /// Random operands of these shapes; the second of several is shared by all items.
  Operands<T> operands(const std::vector<Shape>& shapes) {
    Operands<T> result;
    for (std::size_t k = 0; k < shapes.size(); ++k) {
      std::vector<Dense<Real>> items(k == 1 ? 1 : kTrialItems);
      for (Dense<Real>& item : items) item = matrix(shapes[k].rows, shapes[k].columns);
      put(result, items);
    }
    return result;
  }
  std::vector<Dense<Real>> regulars(Index n, bool symmetric = false) {
    std::vector<Dense<Real>> items(kTrialItems);
    for (Dense<Real>& item : items) item = regular(n, symmetric);
    return items;
  }

  /// Sets a computed batch against exact(item) within bound(item).
  template <class Exact, class Bound>
  void compare(const Operands<T>& in, const MatrixBatch<T>& computed, Exact&& exact, Bound&& bound) {
    const std::vector<T> values = computed.values();
    const Index size = computed.entries();
    for (Index b = 0; b < kTrialItems; ++b) {
      const T* const item = values.data() + (computed.items() == 1 ? 0 : b * size);
      comparison.add(std::span(item, static_cast<std::size_t>(size)), exact(in.items[b]), bound(in.items[b]));
    }
    comparison.finish_operation();
  }

 private:
  std::uniform_real_distribution<double> uniform_{-1, 1};
};

template <class T>
Dense<Real> Trial<T>::regular(Index n, bool symmetric) {
  Dense<Real> result = matrix(n, n);
  for (Index j = 0; j < n; ++j) {
    for (Index i = 0; i < n; ++i) {
      if (symmetric && i < j) continue;
      const Real scaled = result(i, j) / (n * (symmetric ? 1 : 2)) + (i == j ? 2 : 0);
      // Powers of two, and T again, so that the operand is exact.
      result(i, j) = static_cast<Real>(static_cast<T>(std::ldexp(scaled, static_cast<int>(symmetric ? 0 : j % 3 - 1))));
      if (symmetric) result(j, i) = result(i, j);
    }
  }
  return result;
}

inline Dense<Real> constant(Index rows, Index columns, Real value) {
  Dense<Real> result(rows, columns);
  for (Real& entry : result.values) entry = value;
  return result;
}
inline Dense<Real> times(Real factor, const Dense<Real>& a) {
  return entrywise(a, [=](const Real& x) { return factor * x; });
}
inline Arguments<Real> absolute(const Arguments<Real>& args) {
  Arguments<Real> result;
  for (const Dense<Real>& a : args) result.push_back(absolute(a));
  return result;
}

/// The bound of a sum of products: a chain of `chain` roundings in float64 and `stored` roundings to T, of terms whose
/// absolute values add up to `scale`: (stored·u_T + 1.01·chain·2⁻⁵³)·scale. Source: Higham, Accuracy and Stability of
/// Numerical Algorithms, chapter 3.
template <class T>
Dense<Real> rounding_bound(Index stored, Index chain, const Dense<Real>& scale) {
  return times(static_cast<Real>(stored) * kStorageUnit<T> + Real(1.01) * static_cast<Real>(chain) * kUnit, scale);
}

}  // namespace sigmahat::derivatives
