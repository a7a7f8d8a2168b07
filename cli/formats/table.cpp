#include "formats/table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <numeric>

#include "exit_code.hpp"
#include "formats/csv_reader.hpp"
#include "formats/csv_source.hpp"
#include "formats/csv_text.hpp"
#include "formats/npy_reader.hpp"
#include "sigmahat/host/error.hpp"
#include "suggestion.hpp"
#include "text.hpp"

namespace sigmahat::cli {
namespace {

/// A name with a comma in quotes, as the user has to write it.
std::string listed(const std::string& name) { return printable(csv_cell(name)); }

std::string unknown_column(const std::string& argument, const std::string& name, const std::string& path,
                           const std::vector<std::string>& existing) {
  constexpr std::size_t kListed = 30;
  std::string list;
  for (std::size_t k = 0; k < std::min(existing.size(), kListed); ++k)
    list += (k == 0 ? "" : ", ") + listed(existing[k]);
  if (existing.size() > kListed) list += fmt::format(" and {} more", existing.size() - kListed);
  return fmt::format("{}: {} has no column '{}'{}; its columns are: {}{}", argument, path, printable(name),
                     suggestion(name, existing), list, separator_hint(existing));
}

bool contains(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

Index find_column(const std::string& argument, const std::string& name, const std::string& path,
                  const std::vector<std::string>& existing) {
  const auto found = std::find(existing.begin(), existing.end(), name);
  if (found == existing.end()) throw UsageError(unknown_column(argument, name, path, existing));
  return found - existing.begin();
}

[[noreturn]] void refuse_no_columns(const TableRequest& request, const std::vector<std::string>& existing) {
  if (!request.response) throw UsageError(fmt::format("{}: no column is left to fit", request.path));
  std::string hint = separator_hint(existing);
  if (hint.empty()) hint = "; a fit of the intercept alone is the mean, which gaussian fit gives";
  throw UsageError(
      fmt::format("{}: no column is left to predict with, and {} names none{}", request.path, request.option, hint));
}

}  // namespace

Grouping group_rows(std::vector<std::string> labels, std::span<const Index> codes) {
  Grouping result;
  result.offsets.assign(labels.size() + 1, 0);
  for (const Index code : codes) {
    if (code < 0) {
      ++result.unlabelled;
    } else {
      ++result.offsets[static_cast<std::size_t>(code) + 1];
    }
  }
  std::partial_sum(result.offsets.begin(), result.offsets.end(), result.offsets.begin());
  std::vector<Index> next(result.offsets.begin(), result.offsets.end() - 1);
  result.source_rows.resize(codes.size() - static_cast<std::size_t>(result.unlabelled));
  for (std::size_t row = 0; row < codes.size(); ++row) {
    if (codes[row] < 0) continue;
    const Index place = next[static_cast<std::size_t>(codes[row])]++;
    result.source_rows[static_cast<std::size_t>(place)] = static_cast<Index>(row);
  }
  result.labels = std::move(labels);
  return result;
}

Index Table::source_row(Index row) const {
  return groups ? groups->source_rows[static_cast<std::size_t>(row)] : first_source_row + row;
}

std::string Table::place(Index row, Index column) const {
  const std::string& name = column < 0 ? weights_column : columns[static_cast<std::size_t>(column)];
  return fmt::format("{}: {}", path, describe(source_row(row), name));
}

ColumnSelection select_columns(const TableRequest& request, const std::vector<std::string>& existing) {
  // Columns with a purpose of their own; none may have two.
  std::vector<std::pair<const char*, Index>> taken;
  const auto find = [&](const char* option, const std::optional<std::string>& name) -> std::optional<Index> {
    if (!name) return std::nullopt;
    const Index found = find_column(option, *name, request.path, existing);
    for (const auto& [other, column] : taken) {
      if (column == found) {
        throw UsageError(fmt::format("{}: column '{}' is the one that {} names", option, printable(*name), other));
      }
    }
    taken.emplace_back(option, found);
    return found;
  };
  ColumnSelection result;
  result.by = find("--by", request.by);
  if (request.response && request.response->ends_with(".npy") && !contains(existing, *request.response)) {
    throw UsageError(fmt::format(
        "--y: {} is a table, whose response is one of its columns; with a file for --y give the predictors as --X",
        request.path));
  }
  const std::optional<Index> response = find("--y", request.response);
  result.weights = find("--weights", request.weights);
  if (request.columns.empty()) {
    for (Index k = 0; k < static_cast<Index>(existing.size()); ++k) {
      if (std::none_of(taken.begin(), taken.end(), [k](const auto& other) { return other.second == k; })) {
        result.columns.push_back(k);
      }
    }
    if (result.columns.empty()) refuse_no_columns(request, existing);
  }
  for (const std::string& name : request.columns) {
    const Index found = find_column(request.option, name, request.path, existing);
    const auto refuse = [&](const std::string& reason) {
      throw UsageError(fmt::format("{}: column '{}' {}", request.option, printable(name), reason));
    };
    if (std::find(result.columns.begin(), result.columns.end(), found) != result.columns.end()) {
      refuse("is named twice");
    }
    for (const auto& [other, column] : taken) {
      if (column == found) refuse(fmt::format("is the one that {} names", other));
    }
    result.columns.push_back(found);
  }
  if (response) result.columns.push_back(*response);
  return result;
}

Table read_table(const TableRequest& request) {
  std::string ending = std::filesystem::path(request.path).extension().string();
  std::transform(ending.begin(), ending.end(), ending.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  if (ending == ".npy") return read_npy(request);
  if (ending == ".csv") return read_csv(request);
  throw DataError(
      fmt::format("{}: the name ends neither in .csv nor in .npy, the two formats that can be read", request.path));
}

void check_weights(const Table& table) {
  if (table.weights.empty()) return;
  bool positive = false;
  for (std::size_t row = 0; row < table.weights.size(); ++row) {
    const double weight = table.weights[row];
    if (weight < 0) {
      throw DataError(fmt::format("{}: the weight {} is negative; weights must be at least 0",
                                  table.place(static_cast<Index>(row), -1), weight));
    }
    if (!(weight == 0)) positive = true;
  }
  if (!positive) {
    throw DataError(fmt::format("{}: column '{}': all weights are zero; at least one must be positive", table.path,
                                table.weights_column));
  }
}

std::vector<std::string> split_names(const std::string& argument, const std::string& text) {
  std::vector<std::string> names(1);
  bool quoted = false;
  for (std::size_t k = 0; k < text.size(); ++k) {
    if (text[k] == '"') {
      if (quoted && k + 1 < text.size() && text[k + 1] == '"') {
        names.back() += '"';
        ++k;
      } else {
        quoted = !quoted;
      }
    } else if (text[k] == ',' && !quoted) {
      names.emplace_back();
    } else {
      names.back() += text[k];
    }
  }
  if (quoted) throw UsageError(fmt::format("{} '{}': a double quote is not closed", argument, text));
  for (const std::string& name : names) {
    if (name.empty()) throw UsageError(fmt::format("{} '{}': a column name is empty", argument, text));
  }
  return names;
}

}  // namespace sigmahat::cli
