#include "formats/npy_reader.hpp"

#include <fmt/format.h>

#include <cmath>
#include <unordered_map>

#include "formats/npy_array.hpp"
#include "sigmahat/host/error.hpp"
#include "text.hpp"

namespace sigmahat::cli {
namespace {

/// A .npy file as a table; entry (i, j) is item i·row_step + j·column_step.
struct NpyTable {
  NpyArray array;
  Index rows = 0, columns = 0;
  Index row_step = 0, column_step = 0;
};

std::string describe_entry(Index row, const std::string& column) {
  return fmt::format("row index {}, column index {} (both from 0)", row, column);
}

void check_shape(const TableRequest& request, const std::vector<Index>& shape) {
  const std::string& path = request.path;
  if (shape.empty() || shape.size() > 2) {
    throw DataError(fmt::format("{}: the array has {} ({}); 1 (one column) or 2 (rows × columns) are needed{}", path,
                                counted(static_cast<Index>(shape.size()), "dimension"), shape_text(shape),
                                request.response && shape.size() == 3 ? "; give a batch of problems as --X" : ""));
  }
  const Index columns = shape.size() == 2 ? shape[1] : 1;
  if (shape[0] == 0 || columns == 0) {
    throw DataError(
        fmt::format("{}: the array is empty: {}, {}", path, counted(shape[0], "row"), counted(columns, "column")));
  }
}

NpyTable open_table(const TableRequest& request) {
  NpyTable table{open_npy(request.path, [&](const auto& shape) { check_shape(request, shape); }), 0, 0, 0, 0};
  const std::vector<Index>& shape = table.array.header.shape;
  table.rows = shape[0];
  table.columns = shape.size() == 2 ? shape[1] : 1;
  table.row_step = table.array.steps[0];
  table.column_step = shape.size() == 2 ? table.array.steps[1] : table.rows;
  return table;
}

/// The columns' entries, row by row (of all rows if source_rows is null), to `out`.
template <class Out>
void copy_columns(const NpyTable& table, std::span<const Index> columns, const std::vector<Index>* source_rows,
                  Out* out) {
  const Index count = source_rows == nullptr ? table.rows : static_cast<Index>(source_rows->size());
  copy_npy(table.array, out, [&](const auto& copy) {
    for (Index k = 0; k < count; ++k) {
      const Index row = source_rows == nullptr ? k : (*source_rows)[static_cast<std::size_t>(k)];
      for (const Index column : columns) copy(row * table.row_step + column * table.column_step);
    }
  });
}

std::vector<double> read_column(const NpyTable& source, Index column, const std::vector<Index>* source_rows) {
  const auto count = source_rows == nullptr ? static_cast<std::size_t>(source.rows) : source_rows->size();
  std::vector<double> values(count);
  copy_columns(source, std::span(&column, 1), source_rows, values.data());
  return values;
}

Grouping read_groups(const NpyTable& source, Index column, MissingRows missing) {
  const std::vector<double> values = read_column(source, column, nullptr);
  std::vector<std::string> labels;
  std::vector<Index> codes(values.size());
  std::unordered_map<double, Index> known;
  for (std::size_t row = 0; row < values.size(); ++row) {
    if (!std::isfinite(values[row])) {
      if (missing == MissingRows::error) {
        throw DataError(fmt::format("{}: {}: the group label is {}; --missing drop leaves such rows out",
                                    source.array.path, describe_entry(static_cast<Index>(row), std::to_string(column)),
                                    values[row]));
      }
      codes[row] = -1;
      continue;
    }
    const double value = values[row] + 0.0;  // −0 is 0
    const auto [entry, inserted] = known.try_emplace(value, static_cast<Index>(labels.size()));
    if (inserted) labels.push_back(fmt::format("{}", value));
    codes[row] = entry->second;
  }
  return group_rows(std::move(labels), codes);
}

bool can_view(const NpyTable& source, const ColumnSelection& selection) {
  if (!source.array.native() || selection.by) return false;
  for (std::size_t c = 1; c < selection.columns.size(); ++c) {
    if (selection.columns[c] != selection.columns[c - 1] + 1) return false;
  }
  return true;
}

void set_view(const NpyTable& source, const ColumnSelection& selection, Table& table) {
  table.storage = source.array.file;
  table.rows.data =
      source.array.data() + selection.columns.front() * source.column_step * source.array.header.item_size;
  table.rows.type = source.array.header.type == NpyType::float32 ? ScalarType::float32 : ScalarType::float64;
  table.rows.layout = source.array.header.fortran_order ? Layout::column_major : Layout::row_major;
  table.rows.rows = source.rows;
  table.rows.leading_dimension = source.array.header.fortran_order ? source.rows : source.columns;
}

/// A row-major copy of the chosen rows and columns.
template <class Out>
void set_copy(const NpyTable& source, const ColumnSelection& selection, Table& table) {
  const std::vector<Index>* const source_rows = table.groups ? &table.groups->source_rows : nullptr;
  const Index rows = table.groups ? static_cast<Index>(table.groups->source_rows.size()) : source.rows;
  const auto columns = static_cast<Index>(selection.columns.size());
  auto storage = std::make_shared_for_overwrite<Out[]>(static_cast<std::size_t>(rows * columns));
  copy_columns(source, selection.columns, source_rows, storage.get());
  table.rows = RowsView::row_major(storage.get(), rows, columns);
  table.storage = storage;
}

}  // namespace

Table read_npy(const TableRequest& request) {
  const NpyTable source = open_table(request);
  std::vector<std::string> names;
  names.reserve(static_cast<std::size_t>(source.columns));
  for (Index j = 0; j < source.columns; ++j) names.push_back(std::to_string(j));
  const ColumnSelection selection = select_columns(request, names);

  Table table;
  table.path = request.path;
  table.describe = describe_entry;
  for (const Index column : selection.columns) table.columns.push_back(std::to_string(column));
  if (selection.by) {
    table.groups = read_groups(source, *selection.by, request.missing);
    if (table.groups->labels.empty()) {
      throw DataError(fmt::format("{}: column index {}: no row has a group label", request.path, *selection.by));
    }
  }
  if (selection.weights) {
    table.weights_column = std::to_string(*selection.weights);
    table.weights = read_column(source, *selection.weights, table.groups ? &table.groups->source_rows : nullptr);
  }
  if (can_view(source, selection)) {
    set_view(source, selection, table);
  } else if (source.array.header.type == NpyType::float32) {
    set_copy<float>(source, selection, table);
  } else {
    set_copy<double>(source, selection, table);
  }
  table.rows.columns = static_cast<Index>(selection.columns.size());
  return table;
}

}  // namespace sigmahat::cli
