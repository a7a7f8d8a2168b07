// Rows on their way to the device, a chunk at a time.
#pragma once

#include "gpu.hpp"
#include "sigmahat/host/rows.hpp"
#include "sigmahat/kernels/rows_launch.hpp"

namespace sigmahat::backends::cuda {

/// Device memory for one chunk of rows and weights, reused from chunk to chunk.
class RowsBuffer {
 public:
  /// Queues the copy of all of `rows`, without their padding where that saves much. Device memory of an earlier upload
  /// is reused, in stream order. The caller's memory must stay as it is until the stream has been waited for.
  DeviceRows upload(Gpu& gpu, const RowsView& rows);

 private:
  DeviceArray<char> values_;
  DeviceArray<double> weights_;
};

/// Bytes of one row without padding, weight included.
Index row_bytes(const RowsView& rows);

/// The largest power of two ≤ count; 1 for less.
Index power_of_two_below(Index count);

}  // namespace sigmahat::backends::cuda
