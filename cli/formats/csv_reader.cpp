#include "formats/csv_reader.hpp"

#include <arrow/api.h>
#include <arrow/config.h>
#include <arrow/csv/api.h>
#include <arrow/io/memory.h>
#include <arrow/util/thread_pool.h>
#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>

#include "formats/csv_source.hpp"
#include "sigmahat/host/error.hpp"
#include "text.hpp"

namespace sigmahat::cli {
namespace {

using Columns = std::vector<std::shared_ptr<arrow::ChunkedArray>>;

bool use_threads = true;

/// Reads the columns of `selection`: first the ones to fit, then the weights, then the labels. With `careful` a quoted
/// field may contain line ends, which costs time.
arrow::Result<Columns> read_columns(const CsvSource& source, const ColumnSelection& selection, bool careful) {
  auto read = arrow::csv::ReadOptions::Defaults();
  read.use_threads = use_threads;
  auto parse = arrow::csv::ParseOptions::Defaults();
  parse.newlines_in_values = careful;
  auto convert = arrow::csv::ConvertOptions::Defaults();
  convert.null_values = missing_spellings();
  const auto include = [&](Index column, std::shared_ptr<arrow::DataType> type) {
    const std::string& name = source.header[static_cast<std::size_t>(column)];
    convert.include_columns.push_back(name);
    convert.column_types[name] = std::move(type);
  };
  for (const Index column : selection.columns) include(column, arrow::float64());
  if (selection.weights) include(*selection.weights, arrow::float64());
  if (selection.by) include(*selection.by, arrow::dictionary(arrow::int32(), arrow::utf8()));

  const auto input = std::make_shared<arrow::io::BufferReader>(std::make_shared<arrow::Buffer>(
      reinterpret_cast<const std::uint8_t*>(source.file.text()), static_cast<std::int64_t>(source.file.size())));
  ARROW_ASSIGN_OR_RAISE(const auto reader,
                        arrow::csv::TableReader::Make(arrow::io::default_io_context(), input, read, parse, convert));
  ARROW_ASSIGN_OR_RAISE(const auto table, reader->Read());
  return table->columns();
}

Columns read_or_diagnose(const CsvSource& source, const ColumnSelection& selection, const TableRequest& request) {
  arrow::Result<Columns> columns = read_columns(source, selection, false);
  if (!columns.ok()) columns = read_columns(source, selection, true);
  if (!columns.ok()) {
    diagnose_csv(source, selection, request);
    throw DataError(fmt::format("{}: {}", source.path, columns.status().message()));
  }
  return std::move(columns).ValueUnsafe();
}

/// Writes the column's numbers to `out`, NaN for a missing one.
void copy_numbers(const arrow::ChunkedArray& column, double* out) {
  for (const auto& chunk : column.chunks()) {
    const auto& numbers = static_cast<const arrow::DoubleArray&>(*chunk);
    std::copy_n(numbers.raw_values(), numbers.length(), out);
    if (numbers.null_count() > 0) {
      for (Index k = 0; k < numbers.length(); ++k) {
        if (numbers.IsNull(k)) out[k] = kCanonicalNaN;
      }
    }
    out += numbers.length();
  }
}

/// The same in the order of the groups.
void gather_numbers(const arrow::ChunkedArray& column, const Grouping& groups, double* out) {
  std::vector<double> numbers(static_cast<std::size_t>(column.length()));
  copy_numbers(column, numbers.data());
  for (const Index row : groups.source_rows) *out++ = numbers[static_cast<std::size_t>(row)];
}

Grouping read_groups(const CsvSource& source, const std::string& by, const arrow::ChunkedArray& column,
                     MissingRows missing) {
  std::vector<std::string> labels;
  std::unordered_map<std::string, Index> known;
  std::vector<Index> codes;
  codes.reserve(static_cast<std::size_t>(column.length()));
  for (const auto& chunk : column.chunks()) {
    const auto& encoded = static_cast<const arrow::DictionaryArray&>(*chunk);
    const auto& words = static_cast<const arrow::StringArray&>(*encoded.dictionary());
    // A word gets its number when a row first uses it, so that groups stand in the order of their first rows.
    std::vector<Index> code_of_word(static_cast<std::size_t>(words.length()), -1);
    for (Index k = 0; k < encoded.length(); ++k) {
      const auto word = encoded.IsNull(k) ? -1 : encoded.GetValueIndex(k);
      if (word < 0 || is_blank(words.GetView(word))) {
        if (missing == MissingRows::error) {
          throw DataError(
              fmt::format("{}: {}, column '{}': the group label is missing; --missing drop leaves such rows "
                          "out",
                          source.path, source.describe_row(static_cast<Index>(codes.size())), printable(by)));
        }
        codes.push_back(-1);
        continue;
      }
      Index& code = code_of_word[static_cast<std::size_t>(word)];
      if (code < 0) {
        const auto [entry, inserted] = known.try_emplace(words.GetString(word), static_cast<Index>(labels.size()));
        if (inserted) labels.push_back(entry->first);
        code = entry->second;
      }
      codes.push_back(code);
    }
  }
  if (labels.empty())
    throw DataError(fmt::format("{}: column '{}': no row has a group label", source.path, printable(by)));
  return group_rows(std::move(labels), codes);
}

/// A file without a header would lose its first row, which names the columns.
void check_names(const CsvSource& source, const std::string& option) {
  if (std::all_of(source.header.begin(), source.header.end(), is_number)) {
    throw DataError(
        fmt::format("{}: line 1 has numbers where names are expected; add a header line, or name these columns with {}",
                    source.path, option));
  }
}

}  // namespace

Table read_csv(const TableRequest& request) {
  const auto source = std::make_shared<const CsvSource>(request.path);
  const ColumnSelection selection = select_columns(request, source->header);
  if (request.columns.empty()) check_names(*source, request.option);
  Columns columns = read_or_diagnose(*source, selection, request);
  const Index file_rows = columns.front()->length();

  Table table;
  table.path = request.path;
  table.describe = [source](Index row, const std::string& column) {
    return fmt::format("{}, column '{}'", source->describe_row(row), printable(column));
  };
  if (selection.by) {
    table.groups = read_groups(*source, *request.by, *columns.back(), request.missing);
    columns.pop_back();
  }
  const Index rows = table.groups ? static_cast<Index>(table.groups->source_rows.size()) : file_rows;
  const auto copy = [&](std::shared_ptr<arrow::ChunkedArray>& column, double* out) {
    table.groups ? gather_numbers(*column, *table.groups, out) : copy_numbers(*column, out);
    column.reset();  // the reader's memory goes as ours is filled
  };
  if (selection.weights) {
    table.weights_column = *request.weights;
    table.weights.resize(static_cast<std::size_t>(rows));
    copy(columns.back(), table.weights.data());
    columns.pop_back();
  }
  const auto count = static_cast<Index>(columns.size());
  auto storage = std::make_shared_for_overwrite<double[]>(static_cast<std::size_t>(rows * count));
  for (Index j = 0; j < count; ++j) {
    table.columns.push_back(source->header[static_cast<std::size_t>(selection.columns[static_cast<std::size_t>(j)])]);
    copy(columns[static_cast<std::size_t>(j)], storage.get() + j * rows);
  }
  table.rows = RowsView::column_major(storage.get(), rows, count);
  table.storage = storage;
  return table;
}

void set_csv_threads(int threads) {
  use_threads = threads != 1;
  if (threads > 1) (void)arrow::SetCpuThreadPoolCapacity(threads);
}

std::pair<std::string, std::string> csv_library() { return {"Apache Arrow", arrow::GetBuildInfo().version_string}; }

}  // namespace sigmahat::cli
