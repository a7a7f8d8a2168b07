#include "formats/csv_source.hpp"

#include <arrow/csv/options.h>
#include <arrow/csv/parser.h>
#include <arrow/util/utf8.h>
#include <arrow/util/value_parsing.h>
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "sigmahat/host/error.hpp"
#include "text.hpp"

namespace sigmahat::cli {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
constexpr std::size_t kLongestHeader = std::size_t{64} << 20;

void check_header(const std::string& path, const std::vector<std::string>& header) {
  arrow::util::InitializeUTF8();
  std::map<std::string, std::size_t> first;
  for (std::size_t k = 0; k < header.size(); ++k) {
    const bool text = header[k].find('\0') == std::string::npos && arrow::util::ValidateUTF8(header[k]);
    if (!text) {
      throw DataError(
          fmt::format("{}: line 1: the name of column {} is not UTF-8 text; save the file as UTF-8", path, k + 1));
    }
    const auto [entry, inserted] = first.try_emplace(header[k], k);
    if (!inserted) {
      throw DataError(fmt::format("{}: line 1: column name '{}' appears twice in the header (columns {} and {})", path,
                                  printable(header[k]), entry->second + 1, k + 1));
    }
  }
}

/// Throws where a double quote is never closed: the reader would take the rest of the file for one cell.
void check_quotes(const std::string& path, std::string_view text) {
  const std::size_t start = text.starts_with(kByteOrderMark) ? kByteOrderMark.size() : 0;
  for (std::size_t quote = text.find('"', start); quote != std::string_view::npos; quote = text.find('"', quote + 1)) {
    constexpr std::string_view kBeforeField = ",\r\n";
    if (quote != start && kBeforeField.find(text[quote - 1]) == std::string_view::npos) continue;  // within a cell
    const std::size_t opened = quote;
    quote = text.find('"', quote + 1);
    while (quote != std::string_view::npos && quote + 1 < text.size() && text[quote + 1] == '"') {
      quote = text.find('"', quote + 2);  // a doubled quote is one of the cell
    }
    if (quote == std::string_view::npos) {
      throw DataError(
          fmt::format("{}: line {}: a double quote is opened here and never closed", path,
                      std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(opened), '\n') + 1));
    }
  }
}

std::vector<std::string> read_header(const std::string& path, std::string_view text) {
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  constexpr std::string_view kLineEnds = "\r\n";
  if (text.find_first_not_of(kLineEnds) == std::string_view::npos) {
    throw DataError(fmt::format("{}: the file is empty: it has no header", path));
  }
  check_quotes(path, text);
  arrow::csv::BlockParser parser(arrow::csv::ParseOptions::Defaults(), -1, 0, 1);
  std::uint32_t parsed = 0;
  const arrow::Status status = parser.ParseFinal(text.substr(0, kLongestHeader), &parsed);
  if (!status.ok()) throw DataError(fmt::format("{}: the header cannot be read: {}", path, status.message()));
  std::vector<std::string> names;
  const arrow::Status visited = parser.VisitLastRow([&](const std::uint8_t* data, std::uint32_t size, bool, bool) {
    names.emplace_back(reinterpret_cast<const char*>(data), size);
    return arrow::Status::OK();
  });
  if (!visited.ok()) throw DataError(fmt::format("{}: the header cannot be read: {}", path, visited.message()));
  check_header(path, names);
  if (text.find_first_not_of(kLineEnds, parsed) == std::string_view::npos) {
    throw DataError(fmt::format("{}: the file has a header but no rows", path));
  }
  return names;
}

/// Line on which record number `record` starts; empty lines are no records, a quoted field may span lines.
Index line_of_record(std::string_view text, Index record) {
  Index line = 1, records = 0;
  bool record_open = false, field_start = true, field_quoted = false, quoted = false;
  for (std::size_t k = text.starts_with(kByteOrderMark) ? kByteOrderMark.size() : 0; k < text.size(); ++k) {
    const char c = text[k];
    const bool line_end = c == '\n' || (c == '\r' && (k + 1 == text.size() || text[k + 1] != '\n'));
    if (!record_open && c != '\n' && c != '\r') {
      record_open = true;
      if (records++ == record) return line;
    }
    if (quoted) {
      quoted = c != '"';
    } else if (c == '"') {
      quoted = field_start || (field_quoted && text[k - 1] == '"');  // "" inside a quoted field is a quote
      field_quoted = quoted;
    }
    field_start = !quoted && (c == ',' || line_end);
    if (line_end) {
      ++line;
      if (!quoted) record_open = false;
    }
  }
  return line;
}

}  // namespace

CsvSource::CsvSource(const std::string& file_path)
    : path(file_path), file(file_path), header(read_header(file_path, text())) {}

std::string CsvSource::describe_row(Index row) const {
  return fmt::format("row {} (line {})", row + 1, line_of_record(text(), row + 1));
}

std::vector<std::string> missing_spellings() {
  std::vector<std::string> spellings{"", "NA", "N/A", "n/a", "#N/A", "NULL", "null", "NaN", "nan", "\t"};
  constexpr std::size_t kMostBlanks = 64;
  for (std::size_t k = 1; k <= kMostBlanks; ++k) spellings.emplace_back(k, ' ');
  return spellings;
}

std::string separator_hint(const std::vector<std::string>& header) {
  if (header.size() != 1) return "";
  for (const auto& [separator, name] : {std::pair{';', "semicolons"}, {'\t', "tabs"}}) {
    if (header.front().find(separator) == std::string::npos) continue;
    return fmt::format("; the header has {} but no comma, and commas must separate the cells", name);
  }
  return "";
}

bool is_number(std::string_view cell) {
  constexpr std::string_view kSpace = " \t";
  const std::size_t first = cell.find_first_not_of(kSpace);
  if (first == std::string_view::npos) return false;
  cell = cell.substr(first, cell.find_last_not_of(kSpace) - first + 1);
  double value = 0;
  return arrow::internal::StringToFloat(cell.data(), cell.size(), '.', &value);
}

}  // namespace sigmahat::cli
