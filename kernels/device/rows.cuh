// Reading rows from device memory in either layout and type.
#pragma once

#include "device/portable.cuh"
#include "sigmahat/kernels/rows_launch.hpp"

namespace sigmahat::device {

/// Calls f(row, column, widened value) for `count` rows from `first`, neighbouring threads reading neighbouring memory.
template <class T, class F>
SIGMAHAT_DEVICE void for_each_value(const DeviceRows& rows, Index first, int count, int p, F&& f) {
  if (count == 0 || p == 0) return;
  const T* const g_rows = static_cast<const T*>(rows.data) + first * rows.row_stride;
  const bool by_row = rows.column_stride == 1;
  const Index stride = by_row ? rows.row_stride : rows.column_stride;
  const int length = by_row ? p : count;  // values that lie side by side
  // One division here instead of one for every value.
  const int lines = thread_count() / length, rest = thread_count() % length;
  int line = thread_index() / length, place = thread_index() % length;
  for (int done = thread_index(); done < count * p; done += thread_count()) {
    f(by_row ? line : place, by_row ? place : line, static_cast<double>(g_rows[line * stride + place]));
    line += lines;
    place += rest;
    if (place >= length) {
      place -= length;
      ++line;
    }
  }
}

/// The same for z = (x, y), y being the last of the p columns.
template <class T, class F>
SIGMAHAT_DEVICE void for_each_value(const RegressionRows& rows, Index first, int count, int p, F&& f) {
  for_each_value<T>(rows.x, first, count, p - 1, f);
  for_each_value<T>(rows.y, first, count, 1, [=](int r, int, double y) { f(r, p - 1, y); });
}

SIGMAHAT_DEVICE const double* weights_of(const DeviceRows& rows) { return rows.weights; }
SIGMAHAT_DEVICE const double* weights_of(const RegressionRows& rows) { return rows.x.weights; }

/// Entry (row, column), widened.
template <class T>
SIGMAHAT_DEVICE double value_at(const DeviceRows& rows, Index row, Index column) {
  return static_cast<double>(static_cast<const T*>(rows.data)[row * rows.row_stride + column * rows.column_stride]);
}

}  // namespace sigmahat::device
