// Reading rows from device memory in either layout and type.
#pragma once

#include "device/portable.cuh"
#include "sigmahat/kernels/rows_launch.hpp"

namespace sigmahat::device {

/// Calls f(row, column, widened value) for `count` rows from `first`, neighbouring threads reading neighbouring memory.
template <class T, class F>
SIGMAHAT_DEVICE void for_each_value(const DeviceRows& rows, Index first, int count, int p, F&& f) {
  const T* const g_rows = static_cast<const T*>(rows.data) + first * rows.row_stride;
  const bool by_row = rows.column_stride == 1;
  for (int place = thread_index(); place < count * p; place += thread_count()) {
    const int r = by_row ? place / p : place % count;
    const int j = by_row ? place % p : place / count;
    f(r, j, static_cast<double>(g_rows[r * rows.row_stride + j * rows.column_stride]));
  }
}

/// Entry (row, column), widened.
template <class T>
SIGMAHAT_DEVICE double value_at(const DeviceRows& rows, Index row, Index column) {
  return static_cast<double>(static_cast<const T*>(rows.data)[row * rows.row_stride + column * rows.column_stride]);
}

}  // namespace sigmahat::device
