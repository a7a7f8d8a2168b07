// One thread's part of a batch: problems are gathered until there is one for each lane of a vector, solved side by side and
// written; those that the lanes cannot finish go to ProblemSolver, with their Gram matrices untouched.
#pragma once

#include <memory>
#include <vector>

#include "../least_squares/problem.hpp"
#include "least_squares_lanes.hpp"
#include "least_squares_nodes.hpp"

namespace sigmahat::backends {

class GroupSolver {
 public:
  /// The arguments must outlive the object.
  GroupSolver(const LeastSquaresRows& rows, const LeastSquaresSpec& spec, const LeastSquaresView& result);

  /// Problems first … last−1, of which those with more than `most_rows` rows are left out.
  void run(Index first, Index last, Index most_rows);
  /// A problem whose node (of make_node()) is formed already.
  void add(Index problem, GramNode& node);
  /// Solves what is gathered. Results are complete after it.
  void finish();

  NodeBuilder& builder() { return builder_; }

 private:
  void gather_nodes();
  void solve_lanes();
  void write(unsigned flagged);
  void write_sums(Index lane, Index problem);
  void write_gram(Index lane, Index problem);
  void write_items(double* out, const double* lanes);
  ProblemGram gram_of(Index lane);
  void solve_alone(Index problem, const ProblemGram& gram);

  const LeastSquaresRows& rows_;
  const LeastSquaresSpec& spec_;
  const LeastSquaresView& out_;
  Index k_, q_, first_coefficient_, count_;  // count_ = K
  bool plain_, errors_wanted_, rss_wanted_, summary_wanted_, sums_wanted_;
  NodeBuilder builder_;
  LaneKernel kernel_;
  Index lanes_;
  Index gathered_ = 0;
  Index problems_[kMostLanes] = {};
  std::vector<GramNode> nodes_;
  LineArray gram_, weight_, row_counts_, mean_, residual_, coefficients_, errors_, rss_, condition_, scratch_, items_;
  std::vector<double> packed_;
  std::unique_ptr<ProblemSolver> solver_;
};

}  // namespace sigmahat::backends
