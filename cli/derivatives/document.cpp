#include "derivatives/document.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "text.hpp"

namespace sigmahat::cli {
namespace {

constexpr std::string_view kHeading = "\n### ";

/// The rest of the line at `place`.
std::string_view line_at(std::string_view text, std::size_t place) {
  return text.substr(place, text.find('\n', place) - place);
}

/// The text in lines of at most 120 characters, those after the first indented; words stay whole.
std::string wrapped(std::string_view text) {
  constexpr std::size_t kWidth = 120;
  std::string lines;
  std::size_t width = 0;  // of the last line
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find(' ', at), text.size());
    const std::string_view word = text.substr(at, end - at);
    const std::size_t size = characters(word);
    const bool fits = width + 1 + size <= kWidth;
    const std::string_view gap = at == 0 ? "" : fits ? " " : "\n  ";
    lines.append(gap).append(word);
    width = at == 0 ? size : (fits ? width + 1 : 2) + size;
    at = end + 1;
  }
  return lines.append(1, '\n');
}

/// Lines of displayed formulas with a number (k) that the text names: "", or one line each.
std::string formulas_named_in(std::string_view text) {
  std::string formulas;
  for (int k = 1; k <= 9; ++k) {
    const std::string number = fmt::format("({})", k);
    if (text.find(number) == std::string_view::npos) continue;
    std::size_t place = 0;
    for (std::size_t end; place < kMatrixCalculus.size(); place = end + 1) {
      const std::string_view line = line_at(kMatrixCalculus, place);
      end = place + line.size();
      if (!line.starts_with("    ") || !line.ends_with(number)) continue;
      const std::string_view formula = line.substr(4, line.size() - 4 - number.size());
      formulas += fmt::format("  {}  {}\n", number, formula.substr(0, formula.find_last_not_of(" ,.") + 1));
    }
  }
  return formulas;
}

}  // namespace

std::vector<std::string> document_sections() {
  std::vector<std::string> names;
  for (std::size_t at = kMatrixCalculus.find(kHeading); at != std::string_view::npos;
       at = kMatrixCalculus.find(kHeading, at + 1)) {
    names.emplace_back(line_at(kMatrixCalculus, at + kHeading.size()));
  }
  return names;
}

std::string document_section(std::string_view name) {
  const std::string heading = fmt::format("{}{}\n", kHeading, name);
  const std::size_t at = kMatrixCalculus.find(heading);
  if (at == std::string_view::npos) return "";
  const std::string_view rest = kMatrixCalculus.substr(at + heading.size());
  const std::string_view section = rest.substr(0, rest.find("\n#"));
  const std::size_t first = section.find_first_not_of('\n');
  if (first == std::string_view::npos) return "";
  return std::string(section.substr(first, section.find_last_not_of('\n') + 1 - first)) + '\n';
}

std::string document_item(std::string_view name, std::string_view label) {
  const std::string section = '\n' + document_section(name), item = fmt::format("\n- **{}**", label);
  std::size_t at = section.find(item);
  if (at == std::string::npos) return "";
  std::string text;
  for (at += item.size(); at < section.size();) {
    const std::string_view line = line_at(section, at);
    const std::size_t first = line.find_first_not_of(' ');
    if (first != std::string_view::npos) text += fmt::format("{}{}", text.empty() ? "" : " ", line.substr(first));
    at += line.size() + 1;
    if (at >= section.size() || section[at] != ' ') break;  // the next item, or the end
  }
  return text;
}

std::string entry_text(const DerivativeEntry& entry) {
  const std::pair<const char*, std::string> items[] = {
      {"Formula", entry.formula},   {"Sizes", entry.sizes},       {"Layout", entry.layout},
      {"Function", entry.function}, {"Error bound", entry.bound}, {"Proof", document_item(entry.name, "Proof")},
      {"Source", entry.source}};
  std::string text;
  for (const auto& [label, item] : items) text += wrapped(fmt::format("{}: {}", label, item));
  const std::string formulas = formulas_named_in(text);
  return fmt::format("{}\n\n{}{}{}", entry.name, text, formulas.empty() ? "" : "\n", formulas);
}

}  // namespace sigmahat::cli
