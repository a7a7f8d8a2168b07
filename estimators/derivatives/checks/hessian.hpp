// Second derivatives against dual numbers of dual numbers. Private to the library.
#pragma once

#include "rules.hpp"

namespace sigmahat::derivatives {

/// Directions in which a Hessian of this order is looked at: all unit vectors of a small one, some vectors of ±1 of a large one.
inline Dense<Real> hessian_directions(Index order) {
  constexpr Index kAll = 16, kSome = 6;
  if (order <= kAll) {
    Dense<Real> identity(order, order);
    for (Index i = 0; i < order; ++i) identity(i, i) = 1;
    return identity;
  }
  std::mt19937_64 random{static_cast<std::uint64_t>(order)};
  Dense<Real> signs(order, kSome);
  for (Real& sign : signs.values) sign = random() % 2 == 0 ? -1 : 1;
  return signs;
}

/// Sets UᵀHV, H a computed block of second derivatives, against ∂²f along the moves of the operands that the columns of U
/// (rows of H) and V (its columns) stand for. `bound` is that of the entries of H.
template <class T, class RowMoves, class ColumnMoves, class Value, class Bound>
void check_hessian(Trial<T>& trial, const Operands<T>& in, const MatrixBatch<T>& computed, const RowMoves& row_moves,
                   const ColumnMoves& column_moves, const Value& value, const Bound& bound) {
  const Index rows = computed.rows(), columns = computed.columns();
  const std::vector<T> values = computed.values();
  const Dense<Real> u = hessian_directions(rows), v = hessian_directions(columns);
  for (Index b = 0; b < kTrialItems; ++b) {
    Dense<Real> hessian(rows, columns);
    const T* const item = values.data() + (computed.items() == 1 ? 0 : b * computed.entries());
    for (Index i = 0; i < computed.entries(); ++i) hessian.values[i] = item[i];
    const Dense<Real> seen = transposed_dense(u) * hessian * v;
    const std::vector<Arguments<Real>> moves = row_moves(u, in.items[b]), others = column_moves(v, in.items[b]);
    Dense<Real> exact(u.columns, v.columns);
    for (Index i = 0; i < u.columns; ++i) {
      for (Index j = 0; j < v.columns; ++j) exact(i, j) = second_by_duals(value, in.items[b], moves[i], others[j]);
    }
    trial.comparison.add(std::span<const Real>(seen.values), exact,
                         transposed_dense(absolute(u)) * bound(in.items[b]) * absolute(v));
  }
  trial.comparison.finish_operation();
}

inline Arguments<Real> zeros_like(const Arguments<Real>& like) {
  Arguments<Real> result;
  for (const Dense<Real>& operand : like) result.push_back(constant(operand.rows, operand.columns, 0));
  return result;
}

/// Moves of operand 0 alone, a vector; the others stay.
inline std::vector<Arguments<Real>> vector_moves(const Dense<Real>& directions, const Arguments<Real>& like) {
  std::vector<Arguments<Real>> moves;
  for (Index c = 0; c < directions.columns; ++c) {
    moves.push_back(zeros_like(like));
    for (Index i = 0; i < directions.rows; ++i) moves.back()[0](i) = directions(i, c);
  }
  return moves;
}

}  // namespace sigmahat::derivatives
