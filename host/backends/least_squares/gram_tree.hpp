// Step 1 of kernels/least_squares.hpp, sentence by sentence, for one problem: the reference.
#pragma once

#include <vector>

#include "problem.hpp"
#include "problem_rows.hpp"

namespace sigmahat::backends {

/// The Gram matrix of the problem that `rows` has open; arrays belong to this object.
class GramTree {
 public:
  GramTree(Index columns, bool intercept);
  ProblemGram form(ProblemRows& rows);

 private:
  /// Weight, mean pair (with an intercept) and a q × q lower triangle, column-major; weight 0: empty.
  struct Node {
    double weight = 0;
    std::vector<double> mean, residual, gram;
  };
  Node block_node(const StagedBlock& block) const;
  void centre(const StagedBlock& block, Node& node, std::vector<double>& z) const;
  Node tree(Index first, Index count);
  void merge(Node& earlier, Node& later) const;

  Index q_;
  bool intercept_;
  std::vector<Node> leaves_;
  std::vector<double> packed_;
  Node root_;
};

}  // namespace sigmahat::backends
