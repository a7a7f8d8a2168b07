// The data of a batch and its checks.
#include <limits>
#include <string>

#include "checks.hpp"
#include "sigmahat/host/error.hpp"
#include "sigmahat/least_squares.hpp"

namespace sigmahat {
namespace {

/// a·b, or InvalidArgument.
Index product(const char* what, Index a, Index b) {
  Index result = 0;
  if (!__builtin_mul_overflow(a, b, &result)) return result;
  throw InvalidArgument(std::string("least squares: ") + what + ": " + std::to_string(a) + " times " +
                        std::to_string(b) + " does not fit into 64 bits");
}

void require_not_negative(const char* what, Index value) {
  if (value >= 0) return;
  throw InvalidArgument(std::string("least squares: the number of ") + what + " is " + std::to_string(value) +
                        "; it must not be negative");
}

template <class T>
LeastSquaresBatch uniform_batch(const T* x, const T* y, Index problems, Index rows, Index columns) {
  require_not_negative("problems", problems);
  require_not_negative("rows of a problem", rows);
  const Index all = product("the number of all rows", problems, rows);
  LeastSquaresBatch batch;
  batch.rows.x = RowsView::row_major(x, all, columns);
  batch.rows.y = RowsView::row_major(y, all, 1);
  batch.rows.problems = problems;
  batch.rows.rows_per_problem = rows;
  batch.validate();
  return batch;
}

void check_offsets(std::span<const Index> offsets, Index rows) {
  for (std::size_t b = 0; b < offsets.size(); ++b) {
    const Index before = b == 0 ? 0 : offsets[b - 1];
    if (offsets[b] < before) {
      throw InvalidArgument("least squares: offset " + std::to_string(b) + " is " + std::to_string(offsets[b]) +
                            "; it must be at least " + std::to_string(before) +
                            (b == 0 ? "" : ", the offset before it"));
    }
    if (offsets[b] > rows) {
      throw InvalidArgument("least squares: offset " + std::to_string(b) + " is " + std::to_string(offsets[b]) +
                            "; there are only " + std::to_string(rows) + " rows");
    }
  }
}

}  // namespace

LeastSquaresBatch LeastSquaresBatch::uniform(const double* x, const double* y, Index problems, Index rows,
                                             Index columns) {
  return uniform_batch(x, y, problems, rows, columns);
}
LeastSquaresBatch LeastSquaresBatch::uniform(const float* x, const float* y, Index problems, Index rows,
                                             Index columns) {
  return uniform_batch(x, y, problems, rows, columns);
}

LeastSquaresBatch LeastSquaresBatch::ragged(const RowsView& x, const RowsView& y, std::span<const Index> offsets) {
  if (offsets.empty()) throw InvalidArgument("least squares: there are no offsets; B problems have B + 1 of them");
  LeastSquaresBatch batch;
  batch.rows.x = x;
  batch.rows.y = y;
  batch.rows.problems = static_cast<Index>(offsets.size()) - 1;
  batch.rows.offsets = offsets;
  batch.validate();
  return batch;
}

LeastSquaresBatch LeastSquaresBatch::single(const RowsView& x, const RowsView& y) {
  LeastSquaresBatch batch;
  batch.rows.x = x;
  batch.rows.y = y;
  batch.rows.problems = 1;
  batch.rows.rows_per_problem = x.rows;
  batch.validate();
  return batch;
}

LeastSquaresBatch LeastSquaresBatch::weighted(const double* row_weights) const {
  LeastSquaresBatch batch = *this;
  batch.rows.x.weights = row_weights;
  return batch;
}

void LeastSquaresBatch::validate() const {
  const RowsView &x = rows.x, &y = rows.y;
  if (x.columns < 1) {
    throw InvalidArgument("least squares: X has " + std::to_string(x.columns) + " columns; it must have at least 1");
  }
  product("the size of X", x.layout == Layout::row_major ? x.rows : x.columns, x.leading_dimension);
  x.validate();
  y.validate();
  if (y.columns != 1) {
    throw InvalidArgument("least squares: y has " + std::to_string(y.columns) + " columns; it must have 1");
  }
  if (x.rows != y.rows) {
    throw InvalidArgument("least squares: X has " + std::to_string(x.rows) + " rows and y has " +
                          std::to_string(y.rows) + "; they must have as many");
  }
  if (x.type != y.type) {
    throw InvalidArgument("least squares: X and y are of different precision; both must be float32 or both float64");
  }
  require_not_negative("problems", rows.problems);
  product("the number of results", rows.problems, product("a covariance", x.columns + 1, x.columns + 1));
  if (rows.offsets.empty()) {
    require_not_negative("rows of a problem", rows.rows_per_problem);
    if (product("the number of all rows", rows.problems, rows.rows_per_problem) > x.rows) {
      throw InvalidArgument("least squares: " + std::to_string(rows.problems) + " problems of " +
                            std::to_string(rows.rows_per_problem) + " rows; X has only " + std::to_string(x.rows));
    }
  } else {
    if (static_cast<Index>(rows.offsets.size()) != rows.problems + 1) {
      throw InvalidArgument("least squares: " + std::to_string(rows.offsets.size()) + " offsets for " +
                            std::to_string(rows.problems) + " problems; there must be one more than problems");
    }
    check_offsets(rows.offsets, x.rows);
  }
}

}  // namespace sigmahat
