// Least squares as an objective for gradient_ascent: the derivative ∂l/∂β = 2Xᵀ(Xβ − y), taken on the Gram matrix.
// Derivation: docs/math/least_squares.md.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "sigmahat/gradient_ascent.hpp"

namespace sigmahat {

/// Gram matrices of z = (x, y) of B problems, as sigmahat/kernels/least_squares.hpp defines them; host memory.
struct GramBatch {
  Index problems = 0;
  Index columns = 0;  ///< k
  bool intercept = false;
  double ridge = 0;            ///< λ
  std::vector<double> gram;    ///< [B, q, q] centred with an intercept
  std::vector<double> mean;    ///< [B, q]
  std::vector<double> weight;  ///< [B] N
};

/// The metric in which the ascent direction is steepest.
enum class LeastSquaresMetric {
  newton,  ///< the Hessian XᵀWX + λI itself: the direction leads to the maximum, which the unit step reaches
  euclidean,  ///< the gradient XᵀW(y − Xβ) − λβ in columns of like length, over the Hessian's trace; intercept as above
};
const char* to_string(LeastSquaresMetric metric);

/// f(α, β) = −½[Σ w (y − α − xᵀβ)² + λ‖β‖²]/Σ w (y − ȳ)², free of units, from α = 0, β = 0. The score norm, in
/// either metric, is the length of X·(Newton step) over that of y: √(∇ᵀH⁻¹∇/Σ w (y − ȳ)²).
/// A problem without a regular Gram matrix is not feasible. k³/3 flops once, 4k² an evaluation.
class LeastSquaresObjective final : public AscentObjective {
 public:
  explicit LeastSquaresObjective(GramBatch batch, LeastSquaresMetric metric = LeastSquaresMetric::newton);
  ~LeastSquaresObjective() override;

  /// The current coefficients of a problem, K of them, the intercept first.
  std::vector<double> current(Index problem) const;

  Index problems() const override;
  double maximum_step() const override;
  void evaluate(std::span<const Index> active, std::span<Evaluation> evaluations) override;
  void accept(std::span<const Index> active) override;
  void direction(std::span<const Index> active, std::span<Direction> directions) override;
  void move(std::span<const Index> active, std::span<const double> steps, std::span<double> relative_changes) override;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace sigmahat
