#include "sigmahat/host/rows.hpp"

#include <string>

#include "sigmahat/host/error.hpp"

namespace sigmahat {

RowsView RowsView::slice(Index first, Index count) const {
  if (first < 0 || count < 0 || first > rows || count > rows - first) {
    throw InvalidArgument("rows: a slice of " + std::to_string(count) + " rows from row " + std::to_string(first) +
                          " does not lie within " + std::to_string(rows) + " rows");
  }
  RowsView view = *this;
  view.rows = count;
  if (data != nullptr) {
    const Index place = layout == Layout::row_major ? first * leading_dimension : first;
    const Index bytes = place * static_cast<Index>(type == ScalarType::float64 ? sizeof(double) : sizeof(float));
    view.data = static_cast<const char*>(data) + bytes;
  }
  if (weights != nullptr) view.weights = weights + first;
  return view;
}

void RowsView::validate() const {
  if (rows < 0)
    throw InvalidArgument("rows: the number of rows is " + std::to_string(rows) + "; it must not be negative");
  if (columns < 1) {
    throw InvalidArgument("rows: the number of columns is " + std::to_string(columns) + "; it must be at least 1");
  }
  const bool by_row = layout == Layout::row_major;
  const Index least = by_row ? columns : rows;
  if (leading_dimension < least) {
    throw InvalidArgument("rows: the leading dimension is " + std::to_string(leading_dimension) +
                          "; it must be at least " + std::to_string(least) + ", the number of " +
                          (by_row ? "columns of row-major data" : "rows of column-major data"));
  }
  if (data == nullptr && rows > 0) {
    throw InvalidArgument("rows: the data pointer is null, but there are " + std::to_string(rows) + " rows");
  }
}

}  // namespace sigmahat
