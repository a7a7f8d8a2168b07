#include "least_squares/data.hpp"

#include <fmt/format.h>

#include "exit_code.hpp"
#include "sigmahat/host/error.hpp"

namespace sigmahat::cli {
namespace {

std::string shape_of(const std::vector<Index>& shape) {
  return fmt::format("({}{})", fmt::join(shape, ", "), shape.size() == 1 ? "," : "");
}

NpyArray open_tensor(const char* option, const std::string& path, std::size_t least, std::size_t most,
                     const char* needed) {
  try {
    return open_npy(path, [&](const std::vector<Index>& shape) {
      if (shape.size() >= least && shape.size() <= most) return;
      throw DataError(fmt::format("{}: the array has the shape {}; {}", path, shape_of(shape), needed));
    });
  } catch (const DataError& error) {
    throw DataError(fmt::format("{}: {}", option, error.what()));
  }
}

/// What to say of an array that should be one number per row, and is.
std::string axis_hint(const std::vector<Index>& shape, std::vector<Index> needed) {
  needed.push_back(1);
  return shape == needed ? "; leave its last axis out, y[..., 0] in NumPy" : "";
}

/// The array's numbers as rows of `columns`, all below each other.
RowsView rows_of(const NpyTensor& tensor, Index columns) {
  RowsView view;
  view.data = tensor.data;
  view.type = tensor.type;
  view.layout = tensor.fortran_order ? Layout::column_major : Layout::row_major;
  view.columns = columns;
  view.rows = 1;
  for (const Index size : tensor.shape) view.rows *= size;
  view.rows /= columns;
  view.leading_dimension = tensor.fortran_order ? view.rows : columns;
  return view;
}

/// Column `first` of the view and those behind it.
RowsView columns_from(const RowsView& view, Index first, Index count) {
  RowsView result = view;
  const Index item = view.type == ScalarType::float64 ? sizeof(double) : sizeof(float);
  const Index step = view.layout == Layout::row_major ? 1 : view.leading_dimension;
  result.data = static_cast<const std::byte*>(view.data) + first * step * item;
  result.columns = count;
  return result;
}

}  // namespace

LeastSquaresData::LeastSquaresData(const LeastSquaresSource& source, MissingPolicy missing) {
  source.tensor.empty() ? load_table(source, missing) : load_tensors(source);
}

void LeastSquaresData::load_table(const LeastSquaresSource& source, MissingPolicy missing) {
  TableRequest request;
  request.path = source.file;
  request.option = "--x";
  if (!source.x.empty()) request.columns = split_names("--x", source.x);
  request.response = source.y;
  if (!source.by.empty()) request.by = source.by;
  if (!source.weights.empty()) request.weights = source.weights;
  request.missing = missing == MissingPolicy::drop ? MissingRows::drop : MissingRows::error;
  table_ = read_table(request);
  check_weights(*table_);
  const Index k = table_->rows.columns - 1;
  predictors_.assign(table_->columns.begin(), table_->columns.end() - 1);
  const RowsView x = columns_from(table_->rows, 0, k), y = columns_from(table_->rows, k, 1);
  batched_ = table_->groups.has_value();
  batch_ = batched_ ? LeastSquaresBatch::ragged(x, y, table_->groups->offsets) : LeastSquaresBatch::single(x, y);
  if (!table_->weights.empty()) batch_ = batch_.weighted(table_->weights.data());
  row_shape_ = {table_->rows.rows + (batched_ ? table_->groups->unlabelled : 0)};
}

void LeastSquaresData::load_tensors(const LeastSquaresSource& source) {
  const bool ragged = !source.offsets.empty();
  const NpyArray x = open_tensor(
      "--X", source.tensor, 2, ragged ? 2 : 3,
      ragged ? "with --offsets it must be (rows, columns)" : "it must be (problems, rows, columns) or (rows, columns)");
  const std::vector<Index>& shape = x.header.shape;
  if (shape.back() == 0) {
    throw DataError(fmt::format("--X: {}: the array has the shape {}: there are no columns", x.path, shape_of(shape)));
  }
  row_shape_.assign(shape.begin(), shape.end() - 1);
  const NpyArray y = open_tensor("--y", source.y, 0, 32, "");
  if (y.header.shape != row_shape_) {
    throw DataError(fmt::format("--y: {}: the array has the shape {}, but {} with the shape {} needs {}{}", y.path,
                                shape_of(y.header.shape), x.path, shape_of(shape), shape_of(row_shape_),
                                axis_hint(y.header.shape, row_shape_)));
  }
  // Both of one type: where only one is float32, it is widened.
  const bool narrow = x.header.type == NpyType::float32 && y.header.type == NpyType::float32;
  const TensorType type = narrow ? TensorType::stored : TensorType::float64;
  x_ = make_tensor(x, type, true);
  y_ = make_tensor(y, type, false);
  for (Index j = 0; j < shape.back(); ++j) predictors_.push_back(fmt::format("x{}", j));
  batched_ = ragged || shape.size() == 3;
  ragged ? load_ragged(source) : load_uniform(source.weights);
}

void LeastSquaresData::load_uniform(const std::string& weights) {
  const Index k = x_.shape.back();
  const RowsView x = rows_of(x_, k), y = rows_of(y_, 1);
  if (!batched_) {
    batch_ = LeastSquaresBatch::single(x, y);
  } else if (x_.type == ScalarType::float32) {
    batch_ = LeastSquaresBatch::uniform(static_cast<const float*>(x_.data), static_cast<const float*>(y_.data),
                                        x_.shape[0], x_.shape[1], k);
  } else {
    batch_ = LeastSquaresBatch::uniform(static_cast<const double*>(x_.data), static_cast<const double*>(y_.data),
                                        x_.shape[0], x_.shape[1], k);
  }
  load_weights(weights);
}

void LeastSquaresData::load_ragged(const LeastSquaresSource& source) {
  const RowsView x = rows_of(x_, x_.shape.back()), y = rows_of(y_, 1);
  const auto fail = [&](const std::string& reason) {
    throw DataError(fmt::format("--offsets: {}: {}", source.offsets, reason));
  };
  try {
    offsets_ = read_integers(source.offsets);
  } catch (const DataError& error) {
    throw DataError(fmt::format("--offsets: {}", error.what()));
  }
  if (offsets_.empty()) fail("the array is empty; B problems have B + 1 offsets, the first of which is 0");
  if (offsets_.front() != 0) fail(fmt::format("the first offset is {}; it must be 0", offsets_.front()));
  for (std::size_t b = 1; b < offsets_.size(); ++b) {
    if (offsets_[b] < offsets_[b - 1]) {
      fail(fmt::format("index ({}): {} comes after {}; offsets must not decrease", b, offsets_[b], offsets_[b - 1]));
    }
  }
  if (offsets_.back() != x.rows) {
    fail(fmt::format("the last offset is {}; it must be {}, the number of rows of {}", offsets_.back(), x.rows,
                     x_.path));
  }
  batch_ = LeastSquaresBatch::ragged(x, y, offsets_);
  load_weights(source.weights);
}

void LeastSquaresData::load_weights(const std::string& path) {
  if (path.empty()) return;
  const NpyArray array = open_tensor("--weights", path, 0, 32, "");
  if (array.header.shape != row_shape_) {
    throw DataError(fmt::format("--weights: {}: the array has the shape {}, but {} with the shape {} needs {}{}", path,
                                shape_of(array.header.shape), x_.path, shape_of(x_.shape), shape_of(row_shape_),
                                axis_hint(array.header.shape, row_shape_)));
  }
  weights_ = make_tensor(array, TensorType::float64, false);
  batch_ = batch_.weighted(static_cast<const double*>(weights_.data));
}

std::string LeastSquaresData::place(Index row, Index column) const {
  if (table_) return table_->place(row, column);
  const NpyTensor& tensor = column < 0 ? weights_ : column < static_cast<Index>(predictors_.size()) ? x_ : y_;
  std::vector<Index> index;
  if (row_shape_.size() == 2) index.push_back(row / row_shape_[1]);
  index.push_back(row_shape_.size() == 2 ? row % row_shape_[1] : row);
  if (&tensor == &x_) index.push_back(column);
  return fmt::format("{}: index {}", tensor.path, shape_of(index));
}

}  // namespace sigmahat::cli
