#include "sigmahat/moments.hpp"

#include <algorithm>
#include <cmath>
#include <string>

#include "checks.hpp"
#include "steps/cholesky.hpp"
#include "steps/moments.hpp"

namespace sigmahat {
namespace {

std::string number(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "infinity" : "-infinity";
  return detail::format_number(value);
}

std::string non_finite_message(Index row, Index column, double value) {
  const std::string place = column < 0 ? "weight of row " + std::to_string(row)
                                       : "row " + std::to_string(row) + ", column " + std::to_string(column);
  return place + " (counted from 0): " + number(value) + " is not a finite number";
}

/// Throws NonFiniteRow for the first row with a NaN or an infinity, if there is one. `base` is the number of row 0.
void require_finite_rows(const RowsView& rows, Index base) {
  for (Index i = 0; i < rows.rows; ++i) {
    if (!std::isfinite(rows.weight(i))) throw NonFiniteRow(base + i, -1, rows.weight(i));
    for (Index j = 0; j < rows.columns; ++j) {
      const double value = rows.at(i, j);
      if (!std::isfinite(value)) throw NonFiniteRow(base + i, j, value);
    }
  }
}

/// What the weights of a piece of rows have shown.
struct WeightCheck {
  bool any_not_zero = false;  ///< some weight is not 0 (a NaN is not 0)
  bool scan_rows = false;     ///< a weight is not finite, or a row of weight 0 is not: no block's mean needs to show it
};

WeightCheck check_weights(const RowsView& rows, Index base) {
  WeightCheck result;
  if (rows.weights == nullptr) return {true, false};
  for (Index i = 0; i < rows.rows; ++i) {
    const double weight = rows.weights[i];
    if (std::isfinite(weight) && weight < 0) {
      throw DataError("weight of row " + std::to_string(base + i) + " (counted from 0): " + number(weight) +
                      " is negative; weights must be at least 0");
    }
    result.any_not_zero = result.any_not_zero || weight != 0;
    result.scan_rows = result.scan_rows || !std::isfinite(weight);
    if (weight != 0 || result.scan_rows) continue;
    for (Index j = 0; j < rows.columns; ++j) result.scan_rows = result.scan_rows || !std::isfinite(rows.at(i, j));
  }
  return result;
}

[[noreturn]] void throw_all_weights_zero(Index rows) {
  throw DataError("weights: all " + std::to_string(rows) + " weights are zero; at least one must be positive");
}

/// Columns without variation get a row and column of zeros. The last link of a block's M_jj takes away n_b·c², which for
/// a constant column is all there is. With u = 2⁻⁵³ the sums of a block and their quotients have |c| ≤ 512u|x̄| and leave
/// at most 1536u·n_b·c² < n_b(2⁻⁶⁵x̄)². Real variation is larger: a share f of the weight that is one unit in the last
/// place off (at least u|x̄|) makes M_jj/n = f(1 − f)u²x̄², which is above that bound down to one row out of 10⁷.
void clear_constant_columns(Index p, double weight, const double* mean, double* scatter) {
  for (Index j = 0; j < p; ++j) {
    const double variance = scatter[j * p + j] / weight;
    if (!std::isfinite(variance) || !std::isfinite(mean[j])) continue;
    if (variance > 0 && std::sqrt(variance) > 0x1p-65 * std::abs(mean[j])) continue;
    for (Index i = 0; i < p; ++i) scatter[i * p + j] = scatter[j * p + i] = 0;
  }
}

/// What callers are promised, whatever the backend left there: NaN means where there is no weight, canonical NaNs, and
/// mean pairs of which the first number is the sum of both as it rounds (a single block leaves its pair uncombined).
void settle(MomentsBatch& batch) {
  const Index p = batch.columns();
  for (std::size_t i = 0; i < batch.mean.size(); ++i) {
    const steps::Pair pair = steps::two_sum(batch.mean[i], batch.mean_residual[i]);
    if (!std::isfinite(pair.sum)) continue;
    batch.mean[i] = pair.sum;
    batch.mean_residual[i] = pair.error;
  }
  for (Index b = 0; b < batch.problems(); ++b) {
    if (batch.weight[b] != 0) {
      clear_constant_columns(p, batch.weight[b], batch.mean.data() + b * p, batch.scatter.data() + b * p * p);
      continue;
    }
    std::fill_n(batch.mean.begin() + b * p, p, kCanonicalNaN);
    std::fill_n(batch.mean_residual.begin() + b * p, p, kCanonicalNaN);
    std::fill_n(batch.scatter.begin() + b * p * p, p * p, 0.0);
  }
  for (std::vector<double>* values : {&batch.weight, &batch.mean, &batch.mean_residual, &batch.scatter}) {
    detail::make_nan_canonical(*values);
  }
}

Matrix scaled(const Matrix& matrix, double divisor) {
  Matrix result(matrix.rows(), matrix.columns());
  const Index count = matrix.rows() * matrix.columns();
  for (Index i = 0; i < count; ++i) result.data()[i] = detail::canonical(matrix.data()[i] / divisor);
  return result;
}

}  // namespace

Matrix Moments::covariance() const {
  if (!(weight > 0)) return Matrix(columns(), columns(), kCanonicalNaN);
  return scaled(scatter, weight);
}

Matrix Moments::unbiased_covariance() const {
  if (!(weight > 1)) return Matrix(columns(), columns(), kCanonicalNaN);
  return scaled(scatter, weight - 1);
}

bool Moments::finite() const {
  const auto is_finite = [](double value) { return std::isfinite(value); };
  return std::isfinite(weight) && std::all_of(mean.begin(), mean.end(), is_finite) &&
         std::all_of(mean_residual.begin(), mean_residual.end(), is_finite) &&
         std::all_of(scatter.data(), scatter.data() + scatter.rows() * scatter.columns(), is_finite);
}

MomentsBatch::MomentsBatch(Index problems, Index columns) : columns_(columns) {
  if (problems < 0) {
    throw InvalidArgument("problems: " + std::to_string(problems) + "; there cannot be fewer than 0 data sets");
  }
  if (columns < 1) {
    throw InvalidArgument("columns: " + std::to_string(columns) + "; there must be at least 1");
  }
  const auto b = static_cast<std::size_t>(problems), p = static_cast<std::size_t>(columns);
  rows.assign(b, 0);
  dropped.assign(b, 0);
  weight.assign(b, 0);
  mean.assign(b * p, kCanonicalNaN);
  mean_residual.assign(b * p, kCanonicalNaN);
  scatter.assign(b * p * p, 0);
}

MomentsBatch::MomentsBatch(const Moments& moments) : MomentsBatch(1, moments.columns()) {
  const Index p = moments.columns();
  detail::require_shape("moments.scatter", moments.scatter, p);
  detail::require_size("moments.mean_residual", moments.mean_residual.size(), p);
  rows[0] = moments.rows;
  dropped[0] = moments.dropped;
  weight[0] = moments.weight;
  mean = moments.mean;
  mean_residual = moments.mean_residual;
  scatter.assign(moments.scatter.data(), moments.scatter.data() + p * p);
}

Moments MomentsBatch::operator[](Index problem) const {
  if (problem < 0 || problem >= problems()) {
    throw InvalidArgument("problem: " + std::to_string(problem) + "; the batch has " + std::to_string(problems()) +
                          " data sets, counted from 0");
  }
  const Index p = columns_;
  Moments result;
  result.rows = rows[problem];
  result.dropped = dropped[problem];
  result.weight = weight[problem];
  result.mean.assign(mean.begin() + problem * p, mean.begin() + (problem + 1) * p);
  result.mean_residual.assign(mean_residual.begin() + problem * p, mean_residual.begin() + (problem + 1) * p);
  result.scatter =
      Matrix(p, p, std::vector<double>(scatter.begin() + problem * p * p, scatter.begin() + (problem + 1) * p * p));
  return result;
}

MomentsView MomentsBatch::view() {
  return {problems(),    columns_,    rows.data(),          dropped.data(),
          weight.data(), mean.data(), mean_residual.data(), scatter.data()};
}

NonFiniteRow::NonFiniteRow(Index row, Index column, double value)
    : DataError(non_finite_message(row, column, value)), row_(row), column_(column) {}

Moments compute_moments(const Context& context, const RowsView& rows, const MomentsOptions& options) {
  rows.validate();
  MomentsAccumulator accumulator(context, rows.columns, options);
  accumulator.add(rows);
  return accumulator.finish();
}

MomentsBatch compute_grouped_moments(const Context& context, const RowsView& rows, std::span<const Index> offsets,
                                     const MomentsOptions& options) {
  rows.validate();
  if (offsets.empty()) throw InvalidArgument("offsets: empty; B groups need B + 1 offsets");
  for (std::size_t g = 0; g < offsets.size(); ++g) {
    const Index least = g == 0 ? 0 : offsets[g - 1];
    if (offsets[g] < least || offsets[g] > rows.rows) {
      throw InvalidArgument("offsets[" + std::to_string(g) + "]: " + std::to_string(offsets[g]) +
                            "; it must lie between " + std::to_string(least) + " and the number of rows, " +
                            std::to_string(rows.rows));
    }
  }
  const Index first = offsets.front();
  const RowsView grouped = rows.slice(first, offsets.back() - first);
  const WeightCheck check = check_weights(grouped, first);
  if (grouped.rows > 0 && !check.any_not_zero) throw_all_weights_zero(grouped.rows);
  if (check.scan_rows && options.missing == MissingRows::error) require_finite_rows(grouped, first);

  MomentsBatch result(static_cast<Index>(offsets.size()) - 1, rows.columns);
  const bool finite = context.operations().grouped_moments(rows, offsets, options.missing, result.view());
  if (!finite && options.missing == MissingRows::error) require_finite_rows(grouped, first);
  settle(result);
  return result;
}

Moments merge(const Moments& first, const Moments& second) {
  const Index p = first.columns();
  if (second.columns() != p) {
    throw InvalidArgument("merge: the first data set has " + std::to_string(p) + " columns, the second " +
                          std::to_string(second.columns()) + "; they must be equal");
  }
  MomentsBatch a(first), b(second);
  std::vector<double> delta(static_cast<std::size_t>(p));
  const steps::SerialTeam team;
  steps::merge_moments(team, p, {a.weight.data(), a.mean.data(), a.mean_residual.data(), a.scatter.data()},
                       {b.weight.data(), b.mean.data(), b.mean_residual.data(), b.scatter.data()}, delta.data());
  steps::mirror_lower(team, p, a.scatter.data());
  a.rows[0] += b.rows[0];
  a.dropped[0] += b.dropped[0];
  settle(a);
  return a[0];
}

// Blocks are numbered by place, so the pass must be fed whole blocks: rows beyond the last whole one wait in `open`.
struct MomentsAccumulator::State {
  std::unique_ptr<MomentsPass> pass;  // null once finished, or after an error
  MomentsOptions options;
  Index columns = 0;
  Index added = 0;        // rows taken, those in the open block included
  bool weighted = false;  // known once added > 0
  bool any_weight = false;
  std::vector<double> open, open_weights;  // row-major, widened: widening is exact, so the bits do not change
  Index open_rows = 0;

  /// The pass, taken out: whoever succeeds puts it back, so an error in between leaves the accumulator spent.
  std::unique_ptr<MomentsPass> take_pass() {
    if (pass == nullptr) {
      throw InvalidArgument("moments accumulator: it has been finished, or an error ended it; start a new one");
    }
    return std::move(pass);
  }
  RowsView open_block() const {
    const RowsView rows = RowsView::row_major(open.data(), open_rows, columns);
    return weighted ? rows.weighted(open_weights.data()) : rows;
  }
  void append_to_open(const RowsView& rows) {
    open.resize(static_cast<std::size_t>(kCanonicalBlock * columns));
    if (weighted) open_weights.resize(static_cast<std::size_t>(kCanonicalBlock));
    for (Index i = 0; i < rows.rows; ++i, ++open_rows) {
      for (Index j = 0; j < columns; ++j) open[open_rows * columns + j] = rows.at(i, j);
      if (weighted) open_weights[open_rows] = rows.weights[i];
    }
  }
  /// Hands rows to the pass; row 0 of them has the number `base`. On success nothing is scanned.
  void feed(MomentsPass& to, const RowsView& rows, Index base) const {
    if (!to.add(rows) && options.missing == MissingRows::error) require_finite_rows(rows, base);
  }
};

MomentsAccumulator::MomentsAccumulator(const Context& context, Index columns, const MomentsOptions& options)
    : state_(std::make_unique<State>()) {
  if (columns < 1) throw InvalidArgument("columns: " + std::to_string(columns) + "; there must be at least 1");
  state_->pass = context.operations().begin_moments(columns, options.missing);
  state_->options = options;
  state_->columns = columns;
}

MomentsAccumulator::~MomentsAccumulator() = default;
MomentsAccumulator::MomentsAccumulator(MomentsAccumulator&&) noexcept = default;
MomentsAccumulator& MomentsAccumulator::operator=(MomentsAccumulator&&) noexcept = default;

void MomentsAccumulator::add(const RowsView& rows) {
  State& state = *state_;
  rows.validate();
  if (rows.columns != state.columns) {
    throw InvalidArgument("rows: " + std::to_string(rows.columns) + " columns are added to moments of " +
                          std::to_string(state.columns) + " columns");
  }
  const bool weighted = rows.weights != nullptr;
  if (state.added > 0 && rows.rows > 0 && weighted != state.weighted) {
    throw InvalidArgument("rows: either all pieces bring weights or none does");
  }
  std::unique_ptr<MomentsPass> pass = state.take_pass();
  const WeightCheck check = check_weights(rows, state.added);
  if (check.scan_rows && state.options.missing == MissingRows::error) {
    require_finite_rows(state.open_block(), state.added - state.open_rows);
    require_finite_rows(rows, state.added);
  }
  if (rows.rows > 0) state.weighted = weighted;
  state.any_weight = state.any_weight || check.any_not_zero;

  Index taken = 0;
  if (state.open_rows > 0) {
    taken = std::min(kCanonicalBlock - state.open_rows, rows.rows);
    state.append_to_open(rows.slice(0, taken));
    if (state.open_rows == kCanonicalBlock) {
      state.feed(*pass, state.open_block(), state.added + taken - kCanonicalBlock);
      state.open_rows = 0;
    }
  }
  const Index whole = (rows.rows - taken) / kCanonicalBlock * kCanonicalBlock;
  if (whole > 0) state.feed(*pass, rows.slice(taken, whole), state.added + taken);
  state.append_to_open(rows.slice(taken + whole, rows.rows - taken - whole));
  state.added += rows.rows;
  state.pass = std::move(pass);
}

Index MomentsAccumulator::rows_added() const { return state_->added; }

Moments MomentsAccumulator::finish() {
  State& state = *state_;
  const std::unique_ptr<MomentsPass> pass = state.take_pass();
  if (state.added > 0 && !state.any_weight) throw_all_weights_zero(state.added);
  if (state.open_rows > 0) state.feed(*pass, state.open_block(), state.added - state.open_rows);
  MomentsBatch result(1, state.columns);
  pass->finish(result.view());
  settle(result);
  return result[0];
}

}  // namespace sigmahat
