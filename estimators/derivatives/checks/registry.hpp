// The list of entries, which the build collects: one file of derivatives/entries/ each. Private to the library.
#pragma once

#include <vector>

#include "trial.hpp"

namespace sigmahat::derivatives {

/// An entry and its checks.
struct CheckedEntry {
  DerivativeEntry text;
  void (*check_float)(Trial<float>&);  ///< null where there is float64 alone
  void (*check_double)(Trial<double>&);
};
template <class Entry>
CheckedEntry entry_of() {
  return {Entry::kText, &Entry::template check<float>, &Entry::template check<double>};
}

/// Where the backends have float64 alone.
template <class Entry>
CheckedEntry float64_entry() {
  return {Entry::kText, nullptr, &Entry::check};
}

/// All entries, group by group. CMake writes the definition: the `<name>_entry()` of every file below entries/.
std::vector<CheckedEntry> registered_entries();

}  // namespace sigmahat::derivatives
