// Level D3 across CPU instruction sets: every vector target of this processor gives the bits of the scalar one.
#include <hwy/highway.h>

#include "compare.hpp"
#include "operations_data.hpp"

namespace sigmahat::test {
namespace {

/// Lets the dispatch see only some targets, and all of them again at the end.
class OnlyTargets {
 public:
  explicit OnlyTargets(std::int64_t targets) {
    hwy::SetSupportedTargetsForTest(targets);
    hwy::GetChosenTarget().Update(targets);
  }
  ~OnlyTargets() {
    hwy::SetSupportedTargetsForTest(0);
    hwy::GetChosenTarget().DeInit();
  }
  OnlyTargets(const OnlyTargets&) = delete;
  OnlyTargets& operator=(const OnlyTargets&) = delete;
};

struct Results {
  std::string instruction_set;
  std::vector<double> values;
};

/// Moments, factors, whitened matrices, scores and distances of a few problems, all in one list.
Results results_of(Context& context) {
  Operations& operations = context.operations();
  Results results{operations.info().instruction_set, {}};
  const auto append = [&results](const std::vector<double>& more) {
    results.values.insert(results.values.end(), more.begin(), more.end());
  };
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
  std::vector<std::int64_t> targets;
  for (const std::int64_t target : {HWY_AVX3, HWY_AVX2}) {
    if (hwy::SupportedTargets() & target) targets.push_back(target);
  }
  targets.push_back(HWY_SCALAR);
  std::vector<Results> all;
  for (const std::int64_t target : targets) {
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
