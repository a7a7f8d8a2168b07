// Rows in device memory, as the launchers take them.
#pragma once

#include "sigmahat/kernels/common.hpp"

namespace sigmahat {

/// Entry (i, j) is data[i·row_stride + j·column_stride], one of the strides being 1.
struct DeviceRows {
  const void* data = nullptr;
  bool is_float = false;
  Index row_stride = 0;
  Index column_stride = 0;
  const double* weights = nullptr;  ///< one per row, or null for 1 each
};

/// Rows z = (x, y) of least squares: the k columns of x and one of y, of the same type; the weights are those of x.
struct RegressionRows {
  DeviceRows x;
  DeviceRows y;
};

}  // namespace sigmahat
