// A mapped CSV file, its header, and where its rows are: shared by the reader and by the diagnosis of what it refused.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "formats/mapped_file.hpp"
#include "formats/table.hpp"

namespace sigmahat::cli {

struct CsvSource {
  explicit CsvSource(const std::string& file_path);

  std::string path;
  MappedFile file;
  std::vector<std::string> header;

  std::string_view text() const { return {file.text(), file.size()}; }
  /// "row 7 (line 8)": rows count from 1, the first one under the header; lines count from 1, the header being line 1.
  std::string describe_row(Index row) const;
};

/// Spellings of a missing number; blanks alone are one, up to a length that is more than any column's width.
std::vector<std::string> missing_spellings();

/// What to say where a header seems to have been cut at something else than commas, or "".
std::string separator_hint(const std::vector<std::string>& header);

/// Whether the cell is a number as Arrow reads it, with or without blanks around it.
bool is_number(std::string_view cell);

/// Reads the file once more as text and throws a DataError that names the first ragged row or the first cell that does
/// not hold what `selection`, made from `request`, needs of it. Returns if there is none.
void diagnose_csv(const CsvSource& source, const ColumnSelection& selection, const TableRequest& request);

}  // namespace sigmahat::cli
