// Writes a .npz file: NumPy's arrays, one .npy for each, in a ZIP container without compression.
//
// The bytes depend on names, order and contents alone: every entry carries the date 1980-01-01. Arrays are not copied.
// Source: numpy.lib.format for the arrays, APPNOTE.TXT of PKWARE for the container, which libzip writes (ZIP64 where an
// array or the whole needs it).
#pragma once

#include <string>
#include <utility>

#include "formats/named_arrays.hpp"
#include "formats/output_file.hpp"

namespace sigmahat::cli {

/// DataError if the disk is full or fails.
void write_npz(const NamedArrays& arrays, OutputFile& file);

/// Name and version of the library that writes the container.
std::pair<std::string, std::string> zip_library();

}  // namespace sigmahat::cli
