#include "gaussian/log_returns.hpp"

#include <fmt/format.h>

#include <cmath>

#include "exit_code.hpp"
#include "sigmahat/host/error.hpp"

namespace sigmahat::cli {
namespace {

/// ln(now/before). Near each other the difference of two doubles is exact, so log1p keeps all digits of small returns.
double log_return(double before, double now) {
  const double ratio = now / before;
  return ratio > 0.5 && ratio < 2 ? std::log1p((now - before) / before) : std::log(ratio);
}

/// The price, or NaN where it is missing and may be.
double checked_price(const Table& table, Index row, Index column, MissingRows missing) {
  const double price = table.rows.at(row, column);
  if (std::isfinite(price) && price > 0) return price;
  if (std::isfinite(price)) {
    throw DataError(
        fmt::format("{}: the value {} is not positive, as --log-returns needs it", table.place(row, column), price));
  }
  if (missing == MissingRows::drop) return kCanonicalNaN;
  throw DataError(
      fmt::format("{}: the value is missing or infinite ({}); --missing drop leaves out the returns that it "
                  "touches",
                  table.place(row, column), price));
}

}  // namespace

void take_log_returns(Table& table, MissingRows missing) {
  if (!table.weights.empty())
    throw UsageError("--log-returns cannot be combined with --weights: a return has two rows");
  const Index columns = table.rows.columns;
  const std::vector<Index> offsets = table.groups ? table.groups->offsets : std::vector<Index>{0, table.rows.rows};
  std::vector<Index> new_offsets{0}, source_rows;
  for (std::size_t g = 0; g + 1 < offsets.size(); ++g) {
    const Index count = offsets[g + 1] - offsets[g];
    new_offsets.push_back(new_offsets.back() + (count > 0 ? count - 1 : 0));
  }
  const Index rows = new_offsets.back();
  if (rows == 0) throw DataError(fmt::format("{}: --log-returns needs at least two rows", table.path));
  auto returns = std::make_shared_for_overwrite<double[]>(static_cast<std::size_t>(rows * columns));
  for (Index j = 0; j < columns; ++j) {
    double* out = returns.get() + j * rows;
    for (std::size_t g = 0; g + 1 < offsets.size(); ++g) {
      double before = offsets[g] < offsets[g + 1] ? checked_price(table, offsets[g], j, missing) : kCanonicalNaN;
      for (Index row = offsets[g] + 1; row < offsets[g + 1]; ++row) {
        const double now = checked_price(table, row, j, missing);
        *out++ = log_return(before, now);
        before = now;
        if (j == 0 && table.groups) source_rows.push_back(table.groups->source_rows[static_cast<std::size_t>(row)]);
      }
    }
  }
  if (table.groups) {
    table.groups->offsets = std::move(new_offsets);
    table.groups->source_rows = std::move(source_rows);
  } else {
    table.first_source_row += 1;
  }
  table.rows = RowsView::column_major(returns.get(), rows, columns);
  table.storage = std::move(returns);
}

}  // namespace sigmahat::cli
