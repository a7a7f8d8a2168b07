// Level D3 across CPU instruction sets: every vector target of this processor gives the bits of the scalar one.
#include "compare.hpp"
#include "only_targets.hpp"
#include "operations_data.hpp"

namespace sigmahat::test {
namespace {

struct Results {
  std::string instruction_set;
  std::vector<double> values;
};

/// Least squares by every route: 17 problems, of which one is deficient, one nearly so, and one needs refinement.
std::vector<double> regressions_of(Operations& operations) {
  constexpr Index kProblems = 17;
  std::vector<double> values;
  for (const Index k : {1, 4, 9, 20, 64}) {
    for (const Index m : {70, 300}) {
      Random random(static_cast<std::uint64_t>(100 * k + m));
      std::vector<double> x = random.normals(kProblems * m * k);
      const std::vector<double> y = random.normals(kProblems * m);
      const double distances[] = {0, 0x1p-25, 0x1p-6};  // of the last column from the first
      for (Index b = 0; b < 3 && k > 1; ++b) {
        for (double* row = x.data() + 4 * b * m * k; row < x.data() + (4 * b + 1) * m * k; row += k) {
          row[k - 1] = row[0] + distances[b] * row[k - 1];
        }
      }
      LeastSquaresRows rows;
      rows.x = RowsView::row_major(x.data(), kProblems * m, k);
      rows.y = RowsView::row_major(y.data(), kProblems * m, 1);
      rows.problems = kProblems;
      rows.rows_per_problem = m;
      for (const bool intercept : {false, true}) {
        for (const auto route : {LeastSquaresRoute::automatic, LeastSquaresRoute::qr}) {
          LeastSquaresSpec spec;
          spec.intercept = intercept;
          spec.route = route;
          spec.standard_errors = StandardErrors::classical;
          const Index count = k + (intercept ? 1 : 0);
          std::vector<double> coefficients(static_cast<std::size_t>(kProblems * count)), errors(coefficients.size());
          std::vector<double> rss(static_cast<std::size_t>(kProblems)), condition(rss.size());
          LeastSquaresView view;
          view.coefficients = coefficients.data();
          view.standard_errors = errors.data();
          view.rss = rss.data();
          view.condition = condition.data();
          operations.least_squares(rows, spec, view);
          for (const auto* part : {&coefficients, &errors, &rss, &condition}) {
            values.insert(values.end(), part->begin(), part->end());
          }
        }
      }
    }
  }
  return values;
}

/// Regressions, moments, factors, whitened matrices, scores and distances of a few problems, all in one list.
Results results_of(Context& context) {
  Operations& operations = context.operations();
  Results results{operations.info().instruction_set, {}};
  const auto append = [&results](const std::vector<double>& more) {
    results.values.insert(results.values.end(), more.begin(), more.end());
  };
  append(regressions_of(operations));
  for (const Index p : {1, 5, 17, 64, 90}) {
    Random random(static_cast<std::uint64_t>(p));
    const std::vector<double> rows = random.normals(3000 * p);
    std::vector<double> weights = random.normals(3000);
    for (double& weight : weights) weight *= weight;
    for (const double* w : {static_cast<const double*>(nullptr), static_cast<const double*>(weights.data())}) {
      const MomentsResult moments = moments_of(operations, RowsView::row_major(rows.data(), 3000, p).weighted(w));
      for (const auto* part : {&moments.weight, &moments.mean, &moments.residual, &moments.scatter}) append(*part);
    }
    if (p > kSmallDimension) continue;
    GaussianArrays arrays(operations, 2, p);
    arrays.fill(7, 100);
    const std::vector<Index> active = {0, 1};
    std::vector<GaussianEvaluation> evaluations(2);
    operations.gaussian_evaluate(p, active, arrays.data(), arrays.point(), evaluations);
    std::vector<double> slopes(2);
    operations.gaussian_score(p, CovarianceScore::symmetric, active, arrays.point(), arrays.direction(), slopes);
    for (const GaussianEvaluation& e : evaluations) append({e.trace, e.distance_squared, e.deviation_squared});
    append(slopes);
    for (const Buffer* part :
         {&arrays.factor, &arrays.offset, &arrays.whitened, &arrays.direction_mean, &arrays.direction_covariance}) {
      append(GaussianArrays::host(*part));
    }
    std::vector<double> distances(3000);
    const std::vector<double> mean(static_cast<std::size_t>(p), 0.25);
    const std::vector<double> factor = GaussianArrays::host(arrays.factor);
    operations.mahalanobis_squared(RowsView::row_major(rows.data(), 3000, p), mean.data(), factor.data(),
                                   distances.data());
    append(distances);
  }
  return results;
}

TEST(InstructionSets, AllGiveTheSameBits) {
  std::vector<Results> all;
  for (const std::int64_t target : targets_of_processor()) {
    const OnlyTargets only(target);
    Context context({"cpu", 2});
    all.push_back(results_of(context));
    EXPECT_EQ(all.back().instruction_set, hwy::TargetName(target));
  }
  for (const Results& one : all) {
    EXPECT_TRUE(same_bits(one.values, all.back().values))
        << one.instruction_set << " against " << all.back().instruction_set;
  }
  Context reference({"reference", 1});
  EXPECT_TRUE(same_bits(all.back().values, results_of(reference).values)) << "scalar target against the reference";
}

}  // namespace
}  // namespace sigmahat::test
