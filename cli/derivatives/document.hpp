// docs/math/matrix_calculus.md, which the build embeds: one section for each entry of the catalogue, under its name.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace sigmahat::cli {

/// The document's text.
extern const std::string_view kMatrixCalculus;

/// Names of the sections, in the document's order: headings of the third level.
std::vector<std::string> document_sections();

/// The section of that name as it stands in the document, without its heading; "" where there is none.
std::string document_section(std::string_view name);

/// The section for a terminal: its name, its text with plain labels, and the numbered formulas that it refers to.
std::string section_text(std::string_view name);

}  // namespace sigmahat::cli
