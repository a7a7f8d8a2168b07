#include <algorithm>
#include <utility>

#include "gram_solve.hpp"
#include "least_squares_gram.hpp"

namespace sigmahat::backends {
namespace {

/// Writes down which entry each number of a node is, in the order in which the kernel stores its vectors.
class Places {
 public:
  Places(Index lanes, Index columns) : n_(lanes), k_(columns) {}

  std::vector<Index> all() && {
    for (Index column = 0; column < k_; column += 2 * n_) {
      const Index groups = k_ - column > n_ ? 2 : 1;
      own(column, groups);
      for (Index earlier = 0; earlier < column; earlier += n_) {
        for (Index g = 0; g < groups; ++g) with_earlier(column + g * n_, earlier);
      }
    }
    places_.resize(static_cast<std::size_t>(node_size(n_, k_)), -1);
    places_.back() = steps::packed(k_, k_);
    return std::move(places_);
  }

 private:
  void add(Index i, Index j) {
    const bool exists = i < k_ && j < k_;
    places_.push_back(exists ? steps::packed(std::max(i, j), std::min(i, j)) : -1);
  }

  void own(Index column, Index groups) {
    for (Index g = 0; g < groups; ++g) {
      for (Index s = 0; s < std::max<Index>(n_ / 2, 1); ++s) {
        for (Index i = 0; i < n_; ++i) add(column + g * n_ + i, column + g * n_ + (i + s) % n_);
      }
    }
    for (Index g = 0; g < 2 && n_ > 1; ++g) {  // shift N/2: half a vector for each group
      for (Index i = 0; i < n_ / 2; ++i) {
        if (g < groups) {
          add(column + g * n_ + i, column + g * n_ + i + n_ / 2);
        } else {
          places_.push_back(-1);
        }
      }
    }
    if (groups == 2) with_earlier(column + n_, column);
    for (Index i = column; i < column + groups * n_; ++i) places_.push_back(i < k_ ? steps::packed(k_, i) : -1);
  }

  void with_earlier(Index column, Index earlier) {
    for (Index j = 0; j < n_; ++j) {
      for (Index i = 0; i < n_; ++i) add(column + i, earlier + j);
    }
  }

  Index n_, k_;
  std::vector<Index> places_;
};

}  // namespace

std::vector<Index> gram_places(int lanes, Index columns) { return Places(lanes, columns).all(); }

}  // namespace sigmahat::backends
