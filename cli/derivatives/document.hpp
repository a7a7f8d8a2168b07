// docs/math/matrix_calculus.md, which the build embeds: one section for each entry of the catalogue, under its name.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "sigmahat/derivative_catalogue.hpp"

namespace sigmahat::cli {

/// The document's text.
extern const std::string_view kMatrixCalculus;

/// Names of the sections, in the document's order: headings of the third level.
std::vector<std::string> document_sections();

/// The section of that name as it stands in the document, without its heading; "" where there is none.
std::string document_section(std::string_view name);

/// The text of a section's item "- **label** text" on one line, so that document_item("product", "Proof") is a proof; ""
/// where there is none.
std::string document_item(std::string_view name, std::string_view label);

/// An entry for a terminal: its name, what it says of itself, its proof out of the document, and the numbered formulas that
/// these refer to.
std::string entry_text(const DerivativeEntry& entry);

}  // namespace sigmahat::cli
