// What a data file holds, as the fits want it: one dense matrix, optional weights, optional groups of rows.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "sigmahat/host/rows.hpp"

namespace sigmahat::cli {

/// What to take from a file.
struct TableRequest {
  std::string path;
  std::string option = "--columns";     ///< what the user calls `columns`
  std::vector<std::string> columns;     ///< in this order; none: every column but the others named here
  std::optional<std::string> response;  ///< --y: one more column of the table, the last
  std::optional<std::string> by;
  std::optional<std::string> weights;
  MissingRows missing = MissingRows::error;  ///< here it decides about rows without a group label only
};

/// Rows ordered by group: groups by first appearance, rows of a group in the order of the file.
struct Grouping {
  std::vector<std::string> labels;
  std::vector<Index> offsets;      ///< group g is rows offsets[g] … offsets[g+1]−1
  std::vector<Index> source_rows;  ///< [rows kept] row of the file, from 0
  Index unlabelled = 0;            ///< rows without a label, left out
};

/// `codes` has the label's number per row of the file, −1 for none.
Grouping group_rows(std::vector<std::string> labels, std::span<const Index> codes);

struct Table {
  std::string path;
  std::vector<std::string> columns;
  RowsView rows;  ///< on `storage`; weights are not set
  std::shared_ptr<const void> storage;
  std::vector<double> weights;  ///< empty, or one per row
  std::string weights_column;
  std::optional<Grouping> groups;
  Index first_source_row = 0;  ///< row of the file that row 0 comes from, where there are no groups

  /// Says where an entry is in words that fit the format: "row 7 (line 8), column 'x'". The row is the file's, from 0.
  std::function<std::string(Index source_row, const std::string& column)> describe;

  RowsView view() const { return weights.empty() ? rows : rows.weighted(weights.data()); }
  Index source_row(Index row) const;
  /// "FILE: row 7 (line 8), column 'x'" for entry (row, column) of `rows`; column −1 is the weight.
  std::string place(Index row, Index column) const;
};

/// Reads .npy or .csv, told by the name's ending. UsageError: a column that is unknown or named twice; DataError:
/// everything about the file itself.
Table read_table(const TableRequest& request);

/// Places in `existing` of the columns that a request names.
struct ColumnSelection {
  std::vector<Index> columns;  ///< the response is the last, where there is one
  std::optional<Index> by, weights;
};
ColumnSelection select_columns(const TableRequest& request, const std::vector<std::string>& existing);

/// Throws DataError for a negative weight and where all are zero. NaN and infinity are left to the missing-row policy.
void check_weights(const Table& table);

/// Splits "a,b,c"; a name with a comma in it stands in double quotes, as in CSV. UsageError for an empty name.
std::vector<std::string> split_names(const std::string& argument, const std::string& text);

}  // namespace sigmahat::cli
