#include "formats/table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <numeric>

#include "exit_code.hpp"
#include "formats/csv_reader.hpp"
#include "formats/csv_source.hpp"
#include "formats/npy_reader.hpp"
#include "sigmahat/host/error.hpp"
#include "text.hpp"

namespace sigmahat::cli {
namespace {

/// Levenshtein distance without regard to case.
std::size_t edit_distance(const std::string& a, const std::string& b) {
  const auto lower = [](char c) { return std::tolower(static_cast<unsigned char>(c)); };
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = diagonal + (lower(a[i - 1]) == lower(b[j - 1]) ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({replaced, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row[b.size()];
}

/// Names of one character and numbers are near to each other without being misspelt.
bool suggestible(const std::string& name) { return characters(name) > 1 && !is_number(name); }

std::string unknown_column(const std::string& argument, const std::string& name, const std::string& path,
                           const std::vector<std::string>& existing) {
  constexpr std::size_t kListed = 30;
  std::string nearest;
  std::size_t best = std::max<std::size_t>(1, name.size() / 3) + 1;
  std::string list;
  for (std::size_t k = 0; k < existing.size(); ++k) {
    if (k < kListed) list += (k == 0 ? "" : ", ") + printable(existing[k]);
    if (!suggestible(name) || !suggestible(existing[k])) continue;
    const std::size_t distance = edit_distance(name, existing[k]);
    if (distance < best) {
      best = distance;
      nearest = existing[k];
    }
  }
  if (existing.size() > kListed) list += fmt::format(" and {} more", existing.size() - kListed);
  const std::string hint = nearest.empty() ? "" : fmt::format(" (did you mean '{}'?)", printable(nearest));
  return fmt::format("{}: {} has no column '{}'{}; its columns are: {}", argument, path, printable(name), hint, list);
}

Index find_column(const std::string& argument, const std::string& name, const std::string& path,
                  const std::vector<std::string>& existing) {
  const auto found = std::find(existing.begin(), existing.end(), name);
  if (found == existing.end()) throw UsageError(unknown_column(argument, name, path, existing));
  return found - existing.begin();
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
  const std::optional<Index> response = find("--y", request.response);
  result.weights = find("--weights", request.weights);
  if (request.columns.empty()) {
    for (Index k = 0; k < static_cast<Index>(existing.size()); ++k) {
      if (std::none_of(taken.begin(), taken.end(), [k](const auto& other) { return other.second == k; })) {
        result.columns.push_back(k);
      }
    }
    if (result.columns.empty()) throw UsageError(fmt::format("{}: no column is left to fit", request.path));
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
