// Log returns of prices: what --log-returns fits instead of the values themselves.
#pragma once

#include "formats/table.hpp"

namespace sigmahat::cli {

/// Replaces each column p by x_t = ln(p_t / p_{t−1}), one row fewer; with groups, within each group. DataError for a
/// price that is not positive, UsageError with weights. A missing price is an error that names it, or with
/// MissingRows::drop makes the two returns that it touches NaN, which the fit then drops and counts.
void take_log_returns(Table& table, MissingRows missing);

}  // namespace sigmahat::cli
