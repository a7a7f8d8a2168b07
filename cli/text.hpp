// Foreign text (cells, labels, names, paths) made fit for one line of a message or a report.
#pragma once

#include <string>
#include <string_view>

namespace sigmahat::cli {

/// The text with control characters and bytes that are not UTF-8 written as \n, \r, \t or \xNN.
std::string printable(std::string_view text);

/// Characters of UTF-8 text.
std::size_t characters(std::string_view text);

/// The characters; a byte that is not UTF-8 becomes U+FFFD.
std::u32string utf32(std::string_view text);

/// printable(), cut after `most` characters, the last of which is then "…".
std::string shortened(std::string_view text, std::size_t most);

/// Whether there are only blanks and tabs, or nothing.
bool is_blank(std::string_view text);

/// "1 cell", "2 cells".
std::string counted(long long count, std::string_view noun);

}  // namespace sigmahat::cli
