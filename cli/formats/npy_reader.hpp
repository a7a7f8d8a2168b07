// Reads .npy files (NumPy): 1-D or 2-D, float32/float64 without a copy where the layout allows it.
#pragma once

#include "formats/table.hpp"

namespace sigmahat::cli {

/// Columns are named by their place, from 0. A view of the mapped file where type (float32, float64), byte order and
/// alignment are the machine's, the columns chosen are neighbours in ascending order and there are no groups; otherwise
/// a copy, integers and bool as float64. DataError for a file that is not such an array or does not have its size.
Table read_npy(const TableRequest& request);

}  // namespace sigmahat::cli
