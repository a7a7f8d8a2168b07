// Moments of rows: n, mean and scatter. The only thing that an estimator needs to know about the data.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "sigmahat/host/context.hpp"
#include "sigmahat/host/error.hpp"
#include "sigmahat/host/matrix.hpp"
#include "sigmahat/host/rows.hpp"

namespace sigmahat {

/// Moments of one data set of p columns: Σw, x̄ = Σ wᵢxᵢ/Σw and M₀ = Σ wᵢ(xᵢ − x̄)(xᵢ − x̄)ᵀ.
/// Units: mean as the data, scatter as their square times the weight.
/// A column counts as constant if M_jj/Σw ≤ (2⁻⁶⁵ x̄_j)², which rounding alone can leave; its row and column of the
/// scatter are then exactly 0. One row that is one unit in the last place off is seen among up to 10⁷.
struct Moments {
  Index rows = 0;                     ///< rows that count: not dropped, of positive weight
  Index dropped = 0;                  ///< rows left out because of a NaN or an infinity
  double weight = 0;                  ///< Σw; the number of rows where there are no weights
  std::vector<double> mean;           ///< [p] x̄: the sum of the pair, rounded
  std::vector<double> mean_residual;  ///< [p] what rounding left of x̄: the mean is the unevaluated sum of both
  Matrix scatter;                     ///< [p, p] M₀, symmetric; zeros for a column without variation (above)

  Index columns() const { return static_cast<Index>(mean.size()); }
  /// S = M₀/Σw, the maximum-likelihood covariance.
  Matrix covariance() const;
  /// M₀/(Σw − 1); Σw plays the part of n, so weights are frequencies here. NaN where Σw ≤ 1.
  Matrix unbiased_covariance() const;
  /// False where an entry overflowed or came from a value that is not finite.
  bool finite() const;
};

/// Moments of B data sets with the same columns, stored as arrays over data sets; layouts as in MomentsView.
class MomentsBatch {
 public:
  MomentsBatch() = default;
  MomentsBatch(Index problems, Index columns);
  /// A batch of one.
  explicit MomentsBatch(const Moments& moments);

  Index problems() const { return static_cast<Index>(weight.size()); }
  Index columns() const { return columns_; }
  Moments operator[](Index problem) const;
  MomentsView view();

  std::vector<Index> rows, dropped;
  std::vector<double> weight, mean, mean_residual, scatter;

 private:
  Index columns_ = 0;
};

struct MomentsOptions {
  MissingRows missing = MissingRows::error;
};

/// Thrown for the first row that is not finite where MissingRows::error is set. Rows and columns count from 0;
/// column −1 is the weight.
class NonFiniteRow : public DataError {
 public:
  NonFiniteRow(Index row, Index column, double value);
  Index row() const { return row_; }
  Index column() const { return column_; }

 private:
  Index row_, column_;
};

/// Moments in one pass over the rows, without a copy of them. D3 among the CPU backends; on the GPU D3 for p ≤ 64, D1
/// above (kernels/moments.hpp).
/// Errors: InvalidArgument for a bad shape; DataError for a negative weight, weights that are all zero, or (policy
/// error) NonFiniteRow. No rows at all give weight 0 and NaN means.
Moments compute_moments(const Context& context, const RowsView& rows, const MomentsOptions& options = {});

/// One data set per group: group g is rows offsets[g] … offsets[g+1]−1. One batched operation for all groups.
/// A group without weight gets weight 0 and NaN means; it is no error here. Other errors as compute_moments.
MomentsBatch compute_grouped_moments(const Context& context, const RowsView& rows, std::span<const Index> offsets,
                                     const MomentsOptions& options = {});

/// Moments of the union of two data sets (Chan, Golub, LeVeque). D1: the bits depend on where the data were cut.
Moments merge(const Moments& first, const Moments& second);

/// Moments of rows that arrive in pieces of any size; the bits are those of one pass over all of them, where that
/// is D3.
class MomentsAccumulator {
 public:
  MomentsAccumulator(const Context& context, Index columns, const MomentsOptions& options = {});
  ~MomentsAccumulator();
  MomentsAccumulator(MomentsAccumulator&&) noexcept;
  MomentsAccumulator& operator=(MomentsAccumulator&&) noexcept;

  /// Appends rows; either all calls bring weights or none does. Errors as compute_moments; rows in messages count from
  /// the first row ever added.
  void add(const RowsView& rows);
  Index rows_added() const;
  /// The result; the accumulator is spent.
  Moments finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace sigmahat
