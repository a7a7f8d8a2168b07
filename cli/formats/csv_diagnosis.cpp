// What was wrong with a CSV file that the reader refused. A cold path: it runs once, on one thread, to name one cell.
#include <arrow/api.h>
#include <arrow/csv/api.h>
#include <arrow/io/memory.h>
#include <arrow/util/utf8.h>
#include <fmt/format.h>

#include <optional>

#include "formats/csv_source.hpp"
#include "sigmahat/host/error.hpp"
#include "text.hpp"

namespace sigmahat::cli {
namespace {

struct RaggedRow {
  Index record = 0;  ///< the header is record 0
  int expected = 0, actual = 0;
};

class Diagnosis {
 public:
  Diagnosis(const CsvSource& source, const ColumnSelection& selection, const TableRequest& request)
      : source_(source), selection_(selection), request_(request) {
    numeric_ = selection.columns;
    if (selection.weights) numeric_.push_back(*selection.weights);
  }

  void run() {
    const arrow::Status status = read();
    if (ragged_) fail_ragged();
    if (!status.ok()) throw DataError(fmt::format("{}: {}", source_.path, status.message()));
  }

 private:
  arrow::Status read() {
    auto read = arrow::csv::ReadOptions::Defaults();
    read.use_threads = false;
    auto parse = arrow::csv::ParseOptions::Defaults();
    parse.newlines_in_values = true;
    parse.invalid_row_handler = [this](const arrow::csv::InvalidRow& row) {
      if (!ragged_) ragged_ = RaggedRow{row.number - 1, row.expected_columns, row.actual_columns};
      return arrow::csv::InvalidRowResult::Error;
    };
    auto convert = arrow::csv::ConvertOptions::Defaults();
    convert.check_utf8 = false;
    convert.strings_can_be_null = true;
    convert.null_values = missing_spellings();
    for (const std::string& name : source_.header) convert.column_types[name] = arrow::binary();
    const auto input = std::make_shared<arrow::io::BufferReader>(std::make_shared<arrow::Buffer>(
        reinterpret_cast<const std::uint8_t*>(source_.file.text()), static_cast<std::int64_t>(source_.file.size())));
    ARROW_ASSIGN_OR_RAISE(const auto reader, arrow::csv::StreamingReader::Make(arrow::io::default_io_context(), input,
                                                                               read, parse, convert));
    for (Index first_row = 0;;) {
      std::shared_ptr<arrow::RecordBatch> batch;
      ARROW_RETURN_NOT_OK(reader->ReadNext(&batch));
      if (batch == nullptr) return arrow::Status::OK();
      check(*batch, first_row);
      first_row += batch->num_rows();
    }
  }

  void check(const arrow::RecordBatch& batch, Index first_row) const {
    for (Index row = 0; row < batch.num_rows(); ++row) {
      for (const Index column : numeric_) {
        const auto& cells = static_cast<const arrow::BinaryArray&>(*batch.column(static_cast<int>(column)));
        if (!cells.IsNull(row) && !is_number(cells.GetView(row)))
          fail_cell(first_row + row, column, cells.GetView(row));
      }
      if (!selection_.by) continue;
      const auto& labels = static_cast<const arrow::BinaryArray&>(*batch.column(static_cast<int>(*selection_.by)));
      if (!labels.IsNull(row) && !arrow::util::ValidateUTF8(labels.GetView(row))) {
        throw DataError(fmt::format("{}: {}, column '{}': the group label is not UTF-8 text; save the file as UTF-8",
                                    source_.path, source_.describe_row(first_row + row),
                                    printable(name(*selection_.by))));
      }
    }
  }

  [[noreturn]] void fail_cell(Index row, Index column, std::string_view cell) const {
    const bool response = request_.response && column == selection_.columns.back();
    std::string hint = separator_hint(source_.header);
    if (hint.empty()) {
      hint = fmt::format("; if the column is no measurement, choose {}", column == selection_.weights
                                                                             ? "another with --weights"
                                                                         : response ? "another with --y"
                                                                                    : "others with " + request_.option);
    }
    throw DataError(fmt::format("{}: {}, column '{}': '{}' is not a number{}", source_.path, source_.describe_row(row),
                                printable(name(column)), shortened(cell, 40), hint));
  }

  [[noreturn]] void fail_ragged() const {
    throw DataError(fmt::format("{}: {} has {}, but the header has {}{}", source_.path,
                                source_.describe_row(ragged_->record - 1), counted(ragged_->actual, "cell"),
                                ragged_->expected, separator_hint(source_.header)));
  }

  const std::string& name(Index column) const { return source_.header[static_cast<std::size_t>(column)]; }

  const CsvSource& source_;
  const ColumnSelection& selection_;
  const TableRequest& request_;
  std::vector<Index> numeric_;
  std::optional<RaggedRow> ragged_;
};

}  // namespace

void diagnose_csv(const CsvSource& source, const ColumnSelection& selection, const TableRequest& request) {
  Diagnosis(source, selection, request).run();
}

}  // namespace sigmahat::cli
