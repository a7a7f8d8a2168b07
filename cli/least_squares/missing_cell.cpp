#include <fmt/format.h>

#include <cmath>

#include "least_squares/data.hpp"
#include "sigmahat/host/error.hpp"

namespace sigmahat::cli {
namespace {

[[noreturn]] void refuse(const LeastSquaresData& data, Index row, Index column, double value) {
  throw DataError(fmt::format(
      "{}: the value is {}; --missing drop leaves out such rows and counts them, --missing status gives their problem "
      "the "
      "status not_finite",
      data.place(row, column), std::isnan(value) ? std::string("missing (NaN)") : fmt::format("infinite ({})", value)));
}

void check_row(const LeastSquaresData& data, Index row) {
  const LeastSquaresRows& rows = data.batch().rows;
  for (Index j = 0; j < rows.columns(); ++j) {
    if (!std::isfinite(rows.x.at(row, j))) refuse(data, row, j, rows.x.at(row, j));
  }
  if (!std::isfinite(rows.y.at(row, 0))) refuse(data, row, rows.columns(), rows.y.at(row, 0));
  if (!std::isfinite(rows.x.weight(row))) refuse(data, row, -1, rows.x.weight(row));
}

}  // namespace

void refuse_missing_cells(const LeastSquaresData& data, std::span<const ProblemStatus> statuses) {
  const LeastSquaresRows& rows = data.batch().rows;
  for (Index b = 0; b < rows.problems; ++b) {
    if (statuses[static_cast<std::size_t>(b)] != ProblemStatus::not_finite) continue;
    for (Index row = rows.first_row(b); row < rows.first_row(b + 1); ++row) check_row(data, row);
  }
}

void refuse_negative_weight(const LeastSquaresData& data) {
  const LeastSquaresRows& rows = data.batch().rows;
  if (rows.x.weights == nullptr) return;
  for (Index row = 0; row < rows.x.rows; ++row) {
    if (!(rows.x.weight(row) < 0)) continue;
    throw DataError(fmt::format("{}: the weight {} is negative; weights must be at least 0", data.place(row, -1),
                                rows.x.weight(row)));
  }
}

}  // namespace sigmahat::cli
