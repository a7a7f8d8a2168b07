// Where the problems of `sigmahat least-squares fit` come from: a table, or arrays of .npy files.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "formats/npy_tensor.hpp"
#include "formats/table.hpp"
#include "sigmahat/least_squares.hpp"

namespace sigmahat::cli {

/// As given on the command line; empty where it was not. FILE is a table, --X an array; --y and --weights go with either.
struct LeastSquaresSource {
  std::string file, x, by;
  std::string tensor, offsets;
  std::string y, weights;
};

/// What a row with a missing or infinite value means.
enum class MissingPolicy { error, drop, status };

/// The problems and where their numbers came from. Not to be copied or moved: the batch points into it.
class LeastSquaresData {
 public:
  /// UsageError for columns and options that do not fit, DataError for the files. With `missing` drop, rows without a
  /// group label are left out.
  LeastSquaresData(const LeastSquaresSource& source, MissingPolicy missing);
  LeastSquaresData(const LeastSquaresData&) = delete;
  LeastSquaresData& operator=(const LeastSquaresData&) = delete;

  const LeastSquaresBatch& batch() const { return batch_; }
  /// Names of the columns of X; x0, x1, … of an array.
  const std::vector<std::string>& predictors() const { return predictors_; }
  bool is_table() const { return table_.has_value(); }
  /// The grouping of a table with --by.
  const Grouping* groups() const { return table_ && table_->groups ? &*table_->groups : nullptr; }
  bool weighted() const { return batch_.rows.x.weights != nullptr; }
  /// Whether there is an axis of problems: more than the one of a whole table or of X [m, k].
  bool batched() const { return batched_; }
  /// Shape of residuals and fitted values: [n], or [B, m]. With groups n counts the rows of the file.
  const std::vector<Index>& row_shape() const { return row_shape_; }

  /// "X.npy: index (4, 1, 0)" for entry (row, column) of all problems' rows; column k is y, column −1 the weight.
  std::string place(Index row, Index column) const;

 private:
  void load_table(const LeastSquaresSource& source, MissingPolicy missing);
  void load_tensors(const LeastSquaresSource& source);
  void load_uniform(const std::string& weights);
  void load_ragged(const LeastSquaresSource& source);
  void load_weights(const std::string& path);

  LeastSquaresBatch batch_;
  std::vector<std::string> predictors_;
  bool batched_ = false;
  std::vector<Index> row_shape_;
  std::optional<Table> table_;
  NpyTensor x_, y_, weights_;
  std::vector<Index> offsets_;
};

/// Throws DataError naming the first missing or infinite value (or weight) of a problem whose status says that there is
/// one. Returns where none is found: sums that overflow have that status, too.
void refuse_missing_cells(const LeastSquaresData& data, std::span<const ProblemStatus> statuses);

/// Throws DataError naming the first negative weight; returns where there is none.
void refuse_negative_weight(const LeastSquaresData& data);

}  // namespace sigmahat::cli
