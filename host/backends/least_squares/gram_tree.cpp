#include "gram_tree.hpp"

#include <cmath>
#include <utility>

#include "moments.hpp"

namespace sigmahat::backends {
namespace {

double weight_of(const StagedBlock& block, Index i) { return block.weights == nullptr ? 1.0 : block.weights[i]; }

}  // namespace

GramTree::GramTree(Index columns, bool intercept) : q_(columns + 1), intercept_(intercept) {}

/// z ← deviations from the block's mean, whose pair goes into the node.
void GramTree::centre(const StagedBlock& block, Node& node, std::vector<double>& z) const {
  for (Index j = 0; j < q_; ++j) {
    double s = 0, t = 0;
    for (Index i = 0; i < block.count; ++i) s = std::fma(weight_of(block, i), z[i * q_ + j], s);
    node.mean[j] = s / node.weight;
    for (Index i = 0; i < block.count; ++i) {
      z[i * q_ + j] = z[i * q_ + j] - node.mean[j];
      t = std::fma(weight_of(block, i), z[i * q_ + j], t);
    }
    node.residual[j] = t / node.weight;
  }
}

GramTree::Node GramTree::block_node(const StagedBlock& block) const {
  const auto size = static_cast<std::size_t>(q_);
  Node node{0, std::vector<double>(size), std::vector<double>(size), std::vector<double>(size * size)};
  for (Index i = 0; i < block.count; ++i) node.weight += weight_of(block, i);
  if (node.weight == 0) return node;
  std::vector<double> z(block.z, block.z + block.count * q_);
  if (intercept_) centre(block, node, z);
  for (Index j = 0; j < q_; ++j) {
    for (Index i = j; i < q_; ++i) {
      double sum = 0;
      for (Index row = 0; row < block.count; ++row) {
        sum = std::fma(weight_of(block, row) * z[row * q_ + i], z[row * q_ + j], sum);
      }
      if (intercept_) sum = std::fma(-(node.weight * node.residual[i]), node.residual[j], sum);
      node.gram[i + j * q_] = sum;
    }
  }
  return node;
}

void GramTree::merge(Node& earlier, Node& later) const {
  if (intercept_) {
    std::vector<double> delta(static_cast<std::size_t>(q_));
    const auto step = [](Node& node) {
      return steps::MomentsNode{&node.weight, node.mean.data(), node.residual.data(), node.gram.data()};
    };
    steps::merge_moments(steps::SerialTeam{}, q_, step(earlier), step(later), delta.data());
    return;
  }
  if (later.weight == 0) return;
  if (earlier.weight == 0) {
    std::swap(earlier, later);
    return;
  }
  earlier.weight += later.weight;
  for (std::size_t place = 0; place < earlier.gram.size(); ++place) earlier.gram[place] += later.gram[place];
}

/// Node over the leaves first … first+count−1: the children cover powers of two of them.
GramTree::Node GramTree::tree(Index first, Index count) {
  if (count == 0) return {};
  if (count == 1) return std::move(leaves_[static_cast<std::size_t>(first)]);
  Index left = 1;
  while (2 * left < count) left *= 2;
  Node a = tree(first, left), b = tree(first + left, count - left);
  merge(a, b);
  return a;
}

ProblemGram GramTree::form(ProblemRows& rows) {
  ProblemGram result;
  leaves_.clear();
  for (Index number = 0; number < rows.blocks(); ++number) {
    const StagedBlock block = rows.block(number);
    leaves_.push_back(block_node(block));
    result.dropped += rows.block_rows() - block.count;
    for (Index i = 0; i < block.count; ++i) result.rows += weight_of(block, i) > 0 ? 1 : 0;
  }
  root_ = tree(0, rows.blocks());
  const auto size = static_cast<std::size_t>(q_);
  if (root_.gram.empty())
    root_ = {0, std::vector<double>(size), std::vector<double>(size), std::vector<double>(size * size)};
  packed_.resize(static_cast<std::size_t>(steps::packed(q_, 0)));
  for (Index i = 0; i < q_; ++i) {
    for (Index j = 0; j <= i; ++j) packed_[steps::packed(i, j)] = root_.gram[i + j * q_];
  }
  result.weight = root_.weight;
  result.mean = intercept_ ? root_.mean.data() : nullptr;
  result.residual = intercept_ ? root_.residual.data() : nullptr;
  result.gram = packed_.data();
  return result;
}

}  // namespace sigmahat::backends
