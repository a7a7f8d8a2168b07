#include "least_squares_nodes.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <string>

#include "gram_solve.hpp"
#include "moments.hpp"
#include "sigmahat/host/error.hpp"

namespace sigmahat::backends {
namespace {

bool row_is_finite(const LeastSquaresRows& rows, Index row) {
  if (!std::isfinite(rows.x.weight(row)) || !std::isfinite(rows.y.at(row, 0))) return false;
  for (Index j = 0; j < rows.columns(); ++j) {
    if (!std::isfinite(rows.x.at(row, j))) return false;
  }
  return true;
}

/// out[i·ld + j] ← entry (row_of(i), j), widened.
template <class T, class RowOf>
void copy_rows(const RowsView& view, Index count, const RowOf& row_of, Index ld, double* out) {
  const T* const data = static_cast<const T*>(view.data);
  if (view.layout == Layout::row_major) {
    for (Index i = 0; i < count; ++i) {
      const T* const row = data + row_of(i) * view.leading_dimension;
      for (Index j = 0; j < view.columns; ++j) out[i * ld + j] = static_cast<double>(row[j]);
    }
    return;
  }
  constexpr Index kTogether = 8;  // columns read side by side, so that each written cache line is filled at once
  for (Index first = 0; first < view.columns; first += kTogether) {
    const Index last = std::min(first + kTogether, view.columns);
    for (Index i = 0; i < count; ++i) {
      const T* const entry = data + row_of(i);
      for (Index j = first; j < last; ++j) out[i * ld + j] = static_cast<double>(entry[j * view.leading_dimension]);
    }
  }
}

template <class RowOf>
void copy_rows(const RowsView& view, Index count, const RowOf& row_of, Index ld, double* out) {
  if (view.type == ScalarType::float64) {
    copy_rows<double>(view, count, row_of, ld, out);
  } else {
    copy_rows<float>(view, count, row_of, ld, out);
  }
}

/// Distance of neighbouring numbers of a single column.
Index stride(const RowsView& column) { return column.layout == Layout::row_major ? column.leading_dimension : 1; }

}  // namespace

LineArray::LineArray(Index count) {
  constexpr std::size_t kLine = 64;
  const std::size_t bytes =
      (static_cast<std::size_t>(std::max<Index>(count, 1)) * sizeof(double) + kLine - 1) / kLine * kLine;
  memory_.reset(static_cast<double*>(std::aligned_alloc(kLine, bytes)));
  if (memory_ == nullptr) {
    throw DeviceError("host memory: cannot allocate " + std::to_string(count) + " numbers of 8 bytes");
  }
  std::fill_n(memory_.get(), bytes / sizeof(double), 0.0);
}

NodeBuilder::NodeBuilder(const LeastSquaresRows& rows, const LeastSquaresSpec& spec)
    : rows_(rows),
      spec_(spec),
      k_(rows.columns()),
      q_(k_ + 1),
      kernel_(gram_kernel(k_, rows.x.weights != nullptr)),
      kernel_places_(gram_places(kernel_.lanes, k_)),
      x_in_place_(rows.x.type == ScalarType::float64 && rows.x.layout == Layout::row_major),
      y_in_place_(rows.y.type == ScalarType::float64) {
  in_place_ = x_in_place_ && y_in_place_ && !spec.intercept && !spec.drop_missing && rows.x.weights == nullptr;
  last_ = std::ssize(kernel_places_) - 1;
  places_ = kernel_places_;
  const Index ld = CentredRows::leading_dimension(k_);
  if (!x_in_place_ || spec.drop_missing) staged_x_ = LineArray(kCanonicalBlock * ld);
  if (!y_in_place_ || spec.drop_missing) staged_y_ = LineArray(kCanonicalBlock);
  if (!spec.intercept) return;
  centred_x_ = LineArray(kCanonicalBlock * ld);
  centred_y_ = LineArray(kCanonicalBlock);
  centred_sums_ = LineArray(std::ssize(places_));
  const Index entries = steps::packed(q_, 0);
  delta_.resize(static_cast<std::size_t>(q_));
  places_.assign(static_cast<std::size_t>((entries + 7) / 8 * 8), -1);
  for (Index i = 0; i < entries; ++i) places_[static_cast<std::size_t>(i)] = i;
}

GramNode NodeBuilder::make_node() const {
  GramNode node;
  node.sums = LineArray(std::ssize(places_));
  if (spec_.intercept) {
    node.mean = LineArray(q_);
    node.residual = LineArray(q_);
  }
  return node;
}

NodeBuilder::BlockRows NodeBuilder::describe(Index first, Index count) {
  const double* const weights = rows_.x.weights;
  BlockRows block{first, count, count, 0, static_cast<double>(count), weights == nullptr ? nullptr : weights + first};
  kept_.clear();
  if (spec_.drop_missing) {
    for (Index row = first; row < first + count; ++row) {
      if (row_is_finite(rows_, row)) kept_.push_back(row);
    }
    block.count = block.positive = std::ssize(kept_);
    block.dropped = count - block.count;
    block.weight = static_cast<double>(block.count);
    if (block.dropped == 0) {
      kept_.clear();
    } else if (weights != nullptr) {
      kept_weights_.clear();
      for (const Index row : kept_) kept_weights_.push_back(weights[row]);
      block.weights = kept_weights_.data();
    }
  }
  if (block.weights != nullptr) {
    block.weight = 0;
    block.positive = 0;
    for (Index i = 0; i < block.count; ++i) {
      block.weight += block.weights[i];
      block.positive += block.weights[i] > 0 ? 1 : 0;
    }
  }
  return block;
}

const double* NodeBuilder::x_at(Index row) const {
  return static_cast<const double*>(rows_.x.data) + row * rows_.x.leading_dimension;
}
const double* NodeBuilder::y_at(Index row) const {
  return static_cast<const double*>(rows_.y.data) + row * stride(rows_.y);
}

GramBlock NodeBuilder::stage(const BlockRows& rows) {
  const bool all = rows.dropped == 0;
  const auto row_of = [&](Index i) { return all ? rows.first + i : kept_[static_cast<std::size_t>(i)]; };
  GramBlock block{nullptr, nullptr, rows.weights, CentredRows::leading_dimension(k_), 1, rows.count, k_};
  if (x_in_place_ && all) {
    block.leading_dimension = rows_.x.leading_dimension;
    block.x = x_at(rows.first);
  } else {
    copy_rows(rows_.x, rows.count, row_of, block.leading_dimension, staged_x_.data());
    block.x = staged_x_.data();
  }
  if (y_in_place_ && all) {
    block.y_stride = stride(rows_.y);
    block.y = y_at(rows.first);
  } else {
    copy_rows(rows_.y, rows.count, row_of, 1, staged_y_.data());
    block.y = staged_y_.data();
  }
  return block;
}

void NodeBuilder::form_block(Index first, Index count, GramNode& node) {
  const BlockRows rows = describe(first, count);
  node.weight = rows.weight;
  node.rows = rows.positive;
  node.dropped = rows.dropped;
  if (rows.weight == 0) {
    std::fill_n(node.sums.data(), places_.size(), 0.0);
    if (spec_.intercept) {
      std::fill_n(node.mean.data(), q_, 0.0);
      std::fill_n(node.residual.data(), q_, 0.0);
    }
    return;
  }
  GramBlock block = stage(rows);
  if (!spec_.intercept) return kernel_.form(block, node.sums.data(), node.sums.data() + last_);
  kernel_.centre(block, rows.weight, {centred_x_.data(), centred_y_.data(), node.mean.data(), node.residual.data()});
  block.x = centred_x_.data();
  block.leading_dimension = CentredRows::leading_dimension(k_);
  block.y = centred_y_.data();
  block.y_stride = 1;
  kernel_.form(block, centred_sums_.data(), centred_sums_.data() + last_);
  close_centred(node);
}

bool NodeBuilder::form_two(Index problem, GramNode& node, GramNode& next) {
  if (!in_place_ || kernel_.form_two == nullptr) return false;
  const Index count = rows_.rows_of(problem);
  if (count == 0 || count > kCanonicalBlock || rows_.rows_of(problem + 1) != count) return false;
  for (GramNode* const one : {&node, &next}) {
    one->weight = static_cast<double>(count);
    one->rows = count;
    one->dropped = 0;
  }
  const Index first = rows_.first_row(problem), ld = rows_.x.leading_dimension, y_stride = stride(rows_.y);
  GramBlock a{x_at(first), y_at(first), nullptr, ld, y_stride, count, k_}, b = a;
  b.x += count * ld;
  b.y += count * y_stride;
  double *const sums = node.sums.data(), *const next_sums = next.sums.data();
  kernel_.form_two(a, b, sums, next_sums, sums + last_, next_sums + last_);
  return true;
}

/// The packed triangle, and −(n·c_i)·c_j as the last link of every chain.
void NodeBuilder::close_centred(GramNode& node) const {
  double* const packed = node.sums.data();
  const double* const sums = centred_sums_.data();
  const double* const c = node.residual.data();
  for (std::size_t s = 0; s < kernel_places_.size(); ++s) {
    if (kernel_places_[s] >= 0) packed[kernel_places_[s]] = sums[s];
  }
  for (Index i = 0; i < q_; ++i) kernel_.add_multiple(i + 1, -(node.weight * c[i]), c, packed + steps::packed(i, 0));
}

void NodeBuilder::merge(GramNode& earlier, const GramNode& later) {
  earlier.rows += later.rows;
  earlier.dropped += later.dropped;
  if (later.weight == 0) return;
  if (earlier.weight == 0) {
    earlier.weight = later.weight;
    std::copy_n(later.sums.data(), places_.size(), earlier.sums.data());
    if (!spec_.intercept) return;
    std::copy_n(later.mean.data(), q_, earlier.mean.data());
    std::copy_n(later.residual.data(), q_, earlier.residual.data());
    return;
  }
  if (spec_.intercept) return merge_centred(earlier, later);
  earlier.weight += later.weight;
  kernel_.add(std::ssize(places_), later.sums.data(), earlier.sums.data());
}

/// As steps::merge_moments, for packed triangles.
void NodeBuilder::merge_centred(GramNode& earlier, const GramNode& later) {
  const double n = earlier.weight + later.weight, share = later.weight / n, factor = earlier.weight * share;
  double *const mean = earlier.mean.data(), *const residual = earlier.residual.data();
  double* const delta = delta_.data();
  for (Index i = 0; i < q_; ++i) delta[i] = (later.mean.data()[i] - mean[i]) + (later.residual.data()[i] - residual[i]);
  kernel_.add(std::ssize(places_), later.sums.data(), earlier.sums.data());
  for (Index i = 0; i < q_; ++i) {
    kernel_.add_multiple(i + 1, factor * delta[i], delta, earlier.sums.data() + steps::packed(i, 0));
    const steps::Pair pair = steps::two_sum(mean[i], std::fma(delta[i], share, residual[i]));
    mean[i] = pair.sum;
    residual[i] = pair.error;
  }
  earlier.weight = n;
}

/// The short way for a block that is read as it lies.
void NodeBuilder::form_in_place(Index first, Index count, GramNode& node) const {
  node.weight = static_cast<double>(count);
  node.rows = count;
  node.dropped = 0;
  kernel_.form({x_at(first), y_at(first), nullptr, rows_.x.leading_dimension, stride(rows_.y), count, k_},
               node.sums.data(), node.sums.data() + last_);
}

void NodeBuilder::form(Index problem, Index first, Index last, GramNode& node) {
  const Index begin = rows_.first_row(problem), end = begin + rows_.rows_of(problem);
  const auto block = [&](Index number, GramNode& out) {
    const Index row = begin + number * kCanonicalBlock;
    const Index count = std::min(kCanonicalBlock, end - row);
    if (in_place_ && count > 0) {
      form_in_place(row, count, out);
    } else {
      form_block(row, std::max<Index>(count, 0), out);
    }
  };
  if (last - first <= 1) return block(first, node);
  // A binary counter: after block number b, as many merges as b − first + 1 has factors of two; at the end what is left
  // merges from the right, missing children being skipped.
  std::size_t size = 0;
  const auto merge_last = [&] {
    merge(stack_[size - 2], stack_[size - 1]);
    --size;
  };
  for (Index number = first; number < last; ++number) {
    if (size == stack_.size()) stack_.push_back(make_node());
    block(number, stack_[size++]);
    const auto done = static_cast<std::uint64_t>(number - first + 1);
    for (int merges = std::countr_zero(done); merges > 0; --merges) merge_last();
  }
  while (size > 1) merge_last();
  std::swap(node, stack_[0]);
}

}  // namespace sigmahat::backends
