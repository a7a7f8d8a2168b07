// From the rows of a problem to its Gram matrix: blocks become nodes, nodes merge along the binary tree (step 1 of
// kernels/least_squares.hpp).
#pragma once

#include <cstdlib>
#include <memory>
#include <vector>

#include "least_squares_gram.hpp"
#include "sigmahat/host/least_squares_rows.hpp"
#include "sigmahat/kernels/least_squares.hpp"

namespace sigmahat::backends {

/// Numbers that start on a cache line, zero at first.
class LineArray {
 public:
  LineArray() = default;
  explicit LineArray(Index count);
  double* data() const { return memory_.get(); }

 private:
  struct Free {
    void operator()(double* memory) const { std::free(memory); }
  };
  std::unique_ptr<double[], Free> memory_;
};

/// One node of the tree. Without an intercept `sums` is as GramKernel::form leaves it; with one it is the packed triangle,
/// and there is a mean pair.
struct GramNode {
  double weight = 0;  ///< 0: empty, the arrays are then zero
  Index rows = 0;     ///< of positive weight
  Index dropped = 0;
  LineArray sums, mean, residual;
};

/// One object per thread; the arguments must outlive it.
class NodeBuilder {
 public:
  NodeBuilder(const LeastSquaresRows& rows, const LeastSquaresSpec& spec);

  GramNode make_node() const;
  /// Place in the packed triangle of each number of a node's sums, −1 where it is none.
  const std::vector<Index>& places() const { return places_; }
  /// The node of the problem's blocks first … last−1, first being a multiple of a power of two not less than their number.
  void form(Index problem, Index first, Index last, GramNode& node);
  /// The nodes of this problem and the next one, together where that is faster; else returns false and does nothing.
  bool form_two(Index problem, GramNode& node, GramNode& next);
  /// earlier ← the node of both.
  void merge(GramNode& earlier, const GramNode& later);

 private:
  struct BlockRows {
    Index first, count, positive, dropped;
    double weight;
    const double* weights;
  };
  BlockRows describe(Index first, Index count);
  const double* x_at(Index row) const;
  const double* y_at(Index row) const;
  GramBlock stage(const BlockRows& rows);
  void form_in_place(Index first, Index count, GramNode& node) const;
  void form_block(Index first, Index count, GramNode& node);
  void close_centred(GramNode& node) const;
  void merge_centred(GramNode& earlier, const GramNode& later);

  const LeastSquaresRows& rows_;
  const LeastSquaresSpec& spec_;
  Index k_, q_;
  GramKernel kernel_;
  std::vector<Index> places_, kernel_places_;
  Index last_ = 0;  // place of yᵀy among the kernel's sums
  bool x_in_place_, y_in_place_;
  bool in_place_ = false;    // both, and nothing but the rows themselves is needed
  std::vector<Index> kept_;  // rows of the block that are not dropped; empty: all
  std::vector<double> kept_weights_, delta_;
  LineArray staged_x_, staged_y_, centred_x_, centred_y_, centred_sums_;
  std::vector<GramNode> stack_;
};

}  // namespace sigmahat::backends
