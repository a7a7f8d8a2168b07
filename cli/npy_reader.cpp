#include "npy_reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <unordered_map>

#include "mapped_file.hpp"
#include "npy_header.hpp"
#include "sigmahat/host/error.hpp"
#include "text.hpp"

namespace sigmahat::cli {
namespace {

/// The array in the mapped file; entry (i, j) is item i·row_step + j·column_step.
struct NpyArray {
  std::string path;
  std::shared_ptr<const MappedFile> file;
  NpyHeader header;
  Index rows = 0, columns = 0;
  Index row_step = 0, column_step = 0;

  const std::byte* data() const { return file->bytes().data() + header.data_offset; }
};

std::string describe_entry(Index row, const std::string& column) {
  return fmt::format("row index {}, column index {} (both from 0)", row, column);
}

NpyArray open_array(const std::string& path) {
  NpyArray array{path, std::make_shared<const MappedFile>(path), {}, 0, 0, 0, 0};
  array.header = parse_npy_header(path, array.file->bytes());
  const std::vector<Index>& shape = array.header.shape;
  if (shape.empty() || shape.size() > 2) {
    throw DataError(fmt::format("{}: the array has {} ({}); 1 (one column) or 2 (rows × columns) are needed", path,
                                counted(static_cast<Index>(shape.size()), "dimension"), fmt::join(shape, " × ")));
  }
  array.rows = shape[0];
  array.columns = shape.size() == 2 ? shape[1] : 1;
  if (array.rows == 0 || array.columns == 0) {
    throw DataError(fmt::format("{}: the array is empty: {}, {}", path, counted(array.rows, "row"),
                                counted(array.columns, "column")));
  }
  const auto present = static_cast<Index>(array.file->size() - array.header.data_offset);
  const Index most = std::numeric_limits<Index>::max() / array.header.item_size;
  if (array.rows > most / array.columns || array.rows * array.columns * array.header.item_size > present) {
    throw DataError(fmt::format("{}: the file is truncated: {} × {} numbers of {} announced, {} there", path,
                                array.rows, array.columns, counted(array.header.item_size, "byte"),
                                counted(present, "byte")));
  }
  const Index needed = array.rows * array.columns * array.header.item_size;
  if (present > needed) {
    throw DataError(
        fmt::format("{}: {} the array; a .npy file holds one array and nothing else", path,
                    present - needed == 1 ? "1 byte follows" : fmt::format("{} bytes follow", present - needed)));
  }
  array.row_step = array.header.fortran_order ? 1 : array.columns;
  array.column_step = array.header.fortran_order ? array.rows : 1;
  return array;
}

template <class T>
T load(const std::byte* from, bool swapped) {
  std::byte bytes[sizeof(T)];
  std::memcpy(bytes, from, sizeof(T));
  if (swapped) std::reverse(bytes, bytes + sizeof(T));
  if constexpr (std::is_same_v<T, bool>) {
    return bytes[0] != std::byte{0};
  } else {
    return std::bit_cast<T>(bytes);
  }
}

/// Whether the 64-bit integer has an exact double.
template <class T>
bool exact(T value) {
  if constexpr (sizeof(T) == 8 && std::is_integral_v<T>) {
    const auto wide = static_cast<double>(value);
    return wide < static_cast<double>(std::numeric_limits<T>::max()) && static_cast<T>(wide) == value;
  } else {
    return true;
  }
}

/// out[k·out_row + c·out_column] ← entry (source_rows[k], columns[c]) for every row (all of them if source_rows is null).
template <class T, class Out>
void copy_items(const NpyArray& array, std::span<const Index> columns, const std::vector<Index>* source_rows, Out* out,
                Index out_row, Index out_column) {
  const Index count = source_rows == nullptr ? array.rows : static_cast<Index>(source_rows->size());
  for (Index k = 0; k < count; ++k) {
    const Index row = source_rows == nullptr ? k : (*source_rows)[static_cast<std::size_t>(k)];
    for (std::size_t c = 0; c < columns.size(); ++c) {
      const Index item = row * array.row_step + columns[c] * array.column_step;
      const T value = load<T>(array.data() + item * array.header.item_size, array.header.swapped);
      if (!exact(value)) {
        throw DataError(fmt::format("{}: {}: {} has no exact float64; save the array as float64 if it may be rounded",
                                    array.path, describe_entry(row, std::to_string(columns[c])), value));
      }
      out[k * out_row + static_cast<Index>(c) * out_column] = static_cast<Out>(value);
    }
  }
}

/// The same for the type that the header names.
template <class Out>
void copy_columns(const NpyArray& array, std::span<const Index> columns, const std::vector<Index>* source_rows,
                  Out* out, Index out_row, Index out_column) {
  const auto copy = [&]<class T>(T) { copy_items<T>(array, columns, source_rows, out, out_row, out_column); };
  switch (array.header.type) {
    case NpyType::boolean: return copy(false);
    case NpyType::int8: return copy(std::int8_t{});
    case NpyType::int16: return copy(std::int16_t{});
    case NpyType::int32: return copy(std::int32_t{});
    case NpyType::int64: return copy(std::int64_t{});
    case NpyType::uint8: return copy(std::uint8_t{});
    case NpyType::uint16: return copy(std::uint16_t{});
    case NpyType::uint32: return copy(std::uint32_t{});
    case NpyType::uint64: return copy(std::uint64_t{});
    case NpyType::float32: return copy(float{});
    case NpyType::float64: return copy(double{});
  }
}

std::vector<double> read_column(const NpyArray& array, Index column, const std::vector<Index>* source_rows) {
  const auto count = source_rows == nullptr ? static_cast<std::size_t>(array.rows) : source_rows->size();
  std::vector<double> values(count);
  copy_columns(array, std::span(&column, 1), source_rows, values.data(), 1, 1);
  return values;
}

Grouping read_groups(const NpyArray& array, Index column, MissingRows missing) {
  const std::vector<double> values = read_column(array, column, nullptr);
  std::vector<std::string> labels;
  std::vector<Index> codes(values.size());
  std::unordered_map<double, Index> known;
  for (std::size_t row = 0; row < values.size(); ++row) {
    if (!std::isfinite(values[row])) {
      if (missing == MissingRows::error) {
        throw DataError(fmt::format("{}: {}: the group label is {}; --missing drop leaves such rows out", array.path,
                                    describe_entry(static_cast<Index>(row), std::to_string(column)), values[row]));
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

bool can_view(const NpyArray& array, const ColumnSelection& selection) {
  const bool floating = array.header.type == NpyType::float32 || array.header.type == NpyType::float64;
  const auto address = reinterpret_cast<std::uintptr_t>(array.data());
  if (!floating || array.header.swapped || selection.by || address % static_cast<std::size_t>(array.header.item_size)) {
    return false;
  }
  for (std::size_t c = 1; c < selection.columns.size(); ++c) {
    if (selection.columns[c] != selection.columns[c - 1] + 1) return false;
  }
  return true;
}

void set_view(const NpyArray& array, const ColumnSelection& selection, Table& table) {
  table.storage = array.file;
  table.rows.data = array.data() + selection.columns.front() * array.column_step * array.header.item_size;
  table.rows.type = array.header.type == NpyType::float32 ? ScalarType::float32 : ScalarType::float64;
  table.rows.layout = array.header.fortran_order ? Layout::column_major : Layout::row_major;
  table.rows.rows = array.rows;
  table.rows.leading_dimension = array.header.fortran_order ? array.rows : array.columns;
}

/// A row-major copy of the chosen rows and columns.
template <class Out>
void set_copy(const NpyArray& array, const ColumnSelection& selection, Table& table) {
  const std::vector<Index>* const source_rows = table.groups ? &table.groups->source_rows : nullptr;
  const Index rows = table.groups ? static_cast<Index>(table.groups->source_rows.size()) : array.rows;
  const auto columns = static_cast<Index>(selection.columns.size());
  auto storage = std::make_shared_for_overwrite<Out[]>(static_cast<std::size_t>(rows * columns));
  copy_columns(array, selection.columns, source_rows, storage.get(), columns, 1);
  table.rows = RowsView::row_major(storage.get(), rows, columns);
  table.storage = storage;
}

}  // namespace

Table read_npy(const TableRequest& request) {
  const NpyArray array = open_array(request.path);
  std::vector<std::string> names;
  for (Index j = 0; j < array.columns; ++j) names.push_back(std::to_string(j));
  const ColumnSelection selection = select_columns(request, names);

  Table table;
  table.path = request.path;
  table.describe = describe_entry;
  for (const Index column : selection.columns) table.columns.push_back(std::to_string(column));
  if (selection.by) {
    table.groups = read_groups(array, *selection.by, request.missing);
    if (table.groups->labels.empty()) {
      throw DataError(fmt::format("{}: column index {}: no row has a group label", request.path, *selection.by));
    }
  }
  if (selection.weights) {
    table.weights_column = std::to_string(*selection.weights);
    table.weights = read_column(array, *selection.weights, table.groups ? &table.groups->source_rows : nullptr);
  }
  if (can_view(array, selection)) {
    set_view(array, selection, table);
  } else if (array.header.type == NpyType::float32) {
    set_copy<float>(array, selection, table);
  } else {
    set_copy<double>(array, selection, table);
  }
  table.rows.columns = static_cast<Index>(selection.columns.size());
  return table;
}

}  // namespace sigmahat::cli
