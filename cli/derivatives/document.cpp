#include "derivatives/document.hpp"

#include <fmt/format.h>

namespace sigmahat::cli {
namespace {

constexpr std::string_view kHeading = "\n### ";

/// The rest of the line at `place`.
std::string_view line_at(std::string_view text, std::size_t place) {
  return text.substr(place, text.find('\n', place) - place);
}

void replace_all(std::string& text, std::string_view from, std::string_view to) {
  for (std::size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size())) {
    text.replace(at, from.size(), to);
  }
}

/// Lines of displayed formulas with the number (k) that the section names: "", or one line each.
std::string formulas_named_in(std::string_view section) {
  std::string formulas;
  for (int k = 1; k <= 9; ++k) {
    const std::string number = fmt::format("({})", k);
    if (section.find(number) == std::string_view::npos) continue;
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

std::string section_text(std::string_view name) {
  std::string text = document_section(name);
  replace_all(text, "- **", "");  // the items' labels: "- **Proof** ..." becomes "Proof: ..."
  replace_all(text, "** ", ": ");
  const std::string formulas = formulas_named_in(text);
  return fmt::format("{}\n\n{}{}{}", name, text, formulas.empty() ? "" : "\n", formulas);
}

}  // namespace sigmahat::cli
