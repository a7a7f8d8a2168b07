#include "suggestion.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <numeric>

#include "formats/csv_source.hpp"
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

/// The one name that begins with the word, or "".
std::string completed(const std::string& word, const std::vector<std::string>& existing) {
  constexpr std::size_t kLeast = 3;
  const auto begins = [&](const std::string& name) { return name.starts_with(word); };
  if (characters(word) < kLeast || std::count_if(existing.begin(), existing.end(), begins) != 1) return "";
  return *std::find_if(existing.begin(), existing.end(), begins);
}

}  // namespace

std::string suggestion(const std::string& word, const std::vector<std::string>& existing) {
  std::string nearest;
  std::size_t best = std::max<std::size_t>(1, word.size() / 3) + 1;
  for (const std::string& name : existing) {
    if (!suggestible(word) || !suggestible(name)) continue;
    const std::size_t distance = edit_distance(word, name);
    if (distance >= best) continue;
    best = distance;
    nearest = name;
  }
  if (nearest.empty()) nearest = completed(word, existing);
  return nearest.empty() ? "" : fmt::format(" (did you mean '{}'?)", printable(nearest));
}

}  // namespace sigmahat::cli
