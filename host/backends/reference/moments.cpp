// Moments as kernels/moments.hpp defines them, sentence by sentence.
#include <cmath>
#include <utility>
#include <vector>

#include "moments.hpp"
#include "reference.hpp"

namespace sigmahat::backends {
namespace {

/// A node of the tree or of a level: weight, mean pair, and (p ≤ 64) the scatter's lower triangle.
struct Node {
  double weight = 0;
  std::vector<double> mean, residual, scatter;

  steps::MomentsNode step() { return {&weight, mean.data(), residual.data(), scatter.data()}; }
};

/// Rows of one block: values, what is to be added to them after centring (level ≥ 1: the residuals), and weights.
struct Block {
  std::vector<std::vector<double>> high, low;
  std::vector<double> weight;
};

bool row_is_finite(const RowsView& rows, Index row) {
  bool finite = std::isfinite(rows.weight(row));
  for (Index j = 0; j < rows.columns; ++j) finite = finite && std::isfinite(rows.at(row, j));
  return finite;
}

class ReferenceMomentsPass final : public MomentsPass {
 public:
  ReferenceMomentsPass(Index columns, MissingRows missing) : p_(columns), missing_(missing) {}

  bool add(const RowsView& rows) override {
    bool finite = true;
    for (Index first = 0; first < rows.rows; first += kCanonicalBlock) {
      Block block;
      for (Index i = first; i < std::min(first + kCanonicalBlock, rows.rows); ++i) append_row(rows, i, block);
      Node node = moments_of(block);
      for (const double m : node.mean) finite = finite && std::isfinite(m);
      if (p_ <= kSmallDimension) {
        leaves_.push_back(std::move(node));
      } else {
        append(0, std::move(node));
      }
    }
    return finite;
  }

  void finish(const MomentsView& result) override {
    const Node root = p_ <= kSmallDimension ? tree(0, static_cast<Index>(leaves_.size())) : collapse_all();
    *result.rows = rows_;
    *result.dropped = dropped_;
    *result.weight = root.weight;
    const std::vector<double>& scatter = p_ <= kSmallDimension ? root.scatter : total_;
    for (Index i = 0; i < p_; ++i) {
      const bool empty = root.weight == 0;
      result.mean[i] = empty ? kCanonicalNaN : root.mean[i];
      result.mean_residual[i] = empty ? kCanonicalNaN : root.residual[i];
      for (Index j = 0; j <= i; ++j) {
        const double value = scatter.empty() ? 0.0 : scatter[i + j * p_];
        result.scatter[i + j * p_] = result.scatter[j + i * p_] = value;
      }
    }
  }

 private:
  void append_row(const RowsView& rows, Index row, Block& block) {
    if (missing_ == MissingRows::drop && !row_is_finite(rows, row)) {
      ++dropped_;
      return;
    }
    std::vector<double> values(static_cast<std::size_t>(p_));
    for (Index j = 0; j < p_; ++j) values[j] = rows.at(row, j);
    block.high.push_back(std::move(values));
    block.low.emplace_back(static_cast<std::size_t>(p_), 0.0);
    block.weight.push_back(rows.weight(row));
    if (rows.weight(row) > 0) ++rows_;
  }

  /// n_b, (m, c) and M of a block of weighted rows.
  Node moments_of(const Block& block) const {
    Node node{0, std::vector<double>(p_, 0.0), std::vector<double>(p_, 0.0), std::vector<double>(p_ * p_, 0.0)};
    const std::size_t count = block.weight.size();
    for (const double w : block.weight) node.weight += w;
    if (node.weight == 0) return node;
    std::vector<std::vector<double>> r = block.high;
    for (Index j = 0; j < p_; ++j) {
      double s = 0, t = 0;
      for (std::size_t k = 0; k < count; ++k) s = std::fma(block.weight[k], block.high[k][j], s);
      node.mean[j] = s / node.weight;
      for (std::size_t k = 0; k < count; ++k) {
        r[k][j] = (block.high[k][j] - node.mean[j]) + block.low[k][j];
        t = std::fma(block.weight[k], r[k][j], t);
      }
      node.residual[j] = t / node.weight;
    }
    for (Index j = 0; j < p_; ++j) {
      for (Index i = j; i < p_; ++i) {
        double sum = 0;
        for (std::size_t k = 0; k < count; ++k) sum = std::fma(block.weight[k] * r[k][i], r[k][j], sum);
        node.scatter[i + j * p_] = std::fma(-(node.weight * node.residual[i]), node.residual[j], sum);
      }
    }
    return node;
  }

  /// Node over the leaves first … first+count−1: the children cover powers of two of them.
  Node tree(Index first, Index count) {
    if (count == 0) return {};
    if (count == 1) return std::move(leaves_[static_cast<std::size_t>(first)]);
    Index left = 1;
    while (2 * left < count) left *= 2;
    Node a = tree(first, left), b = tree(first + left, count - left);
    std::vector<double> delta(static_cast<std::size_t>(p_));
    steps::merge_moments(steps::SerialTeam{}, p_, a.step(), b.step(), delta.data());
    return a;
  }

  /// Level ≥ 0: the node joins the open block of the next level; its scatter joins C.
  void append(std::size_t level, Node node) {
    if (total_.empty()) total_.assign(static_cast<std::size_t>(p_ * p_), 0.0);
    for (std::size_t i = 0; i < total_.size(); ++i) total_[i] += node.scatter[i];
    if (levels_.size() <= level) levels_.resize(level + 1);
    Block& open = levels_[level];
    open.high.push_back(std::move(node.mean));
    open.low.push_back(std::move(node.residual));
    open.weight.push_back(node.weight);
    if (open.weight.size() == static_cast<std::size_t>(kCanonicalBlock)) collapse(level);
  }
  void collapse(std::size_t level) { append(level + 1, moments_of(std::exchange(levels_[level], {}))); }

  Node collapse_all() {
    for (std::size_t level = 0; level < levels_.size(); ++level) {
      Block& open = levels_[level];
      if (level + 1 == levels_.size() && open.weight.size() == 1)
        return {open.weight[0], open.high[0], open.low[0], {}};
      if (!open.weight.empty()) collapse(level);
    }
    return {};
  }

  Index p_;
  MissingRows missing_;
  Index rows_ = 0, dropped_ = 0;
  std::vector<Node> leaves_;   // p ≤ 64
  std::vector<double> total_;  // p > 64: C
  std::vector<Block> levels_;  // p > 64: the open block of each level, level 0 of nodes being levels_[0]
};

}  // namespace

std::unique_ptr<MomentsPass> ReferenceOperations::begin_moments(Index columns, MissingRows missing) {
  return std::make_unique<ReferenceMomentsPass>(columns, missing);
}

bool ReferenceOperations::grouped_moments(const RowsView& rows, std::span<const Index> offsets, MissingRows missing,
                                          const MomentsView& result) {
  bool finite = true;
  for (std::size_t g = 0; g + 1 < offsets.size(); ++g) {
    ReferenceMomentsPass pass(rows.columns, missing);
    finite = pass.add(rows.slice(offsets[g], offsets[g + 1] - offsets[g])) && finite;
    pass.finish(result.problem(static_cast<Index>(g)));
  }
  return finite;
}

}  // namespace sigmahat::backends
