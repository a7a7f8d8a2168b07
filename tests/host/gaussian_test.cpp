// The Gaussian operations on every backend against the reference: bits for p ≤ 64, rounding bounds above; a batch with a
// problem that is not positive definite; problems outside `active` untouched.
#include <cmath>

#include "compare.hpp"
#include "devices.hpp"
#include "operations_data.hpp"

namespace sigmahat::test {
namespace {

constexpr Index kProblems = 5;
constexpr Index kBad = 2;       // planted: not positive definite
constexpr Index kInactive = 3;  // never listed
constexpr double kCondition = 100;

class GaussianOperation : public DeviceTest {
 protected:
  static std::vector<Index> active() { return {4, 0, kBad, 1}; }

  /// Arrays with the planted problem and marks in what must stay untouched.
  static GaussianArrays prepare(Operations& operations, Index p) {
    GaussianArrays arrays(operations, kProblems, p);
    arrays.fill(static_cast<std::uint64_t>(p), kCondition);
    std::vector<double> covariance = GaussianArrays::host(arrays.covariance);
    covariance[static_cast<std::size_t>(kBad * p * p + p * p - 1)] = -1;
    arrays.covariance.upload(covariance);
    for (Buffer* output :
         {&arrays.factor, &arrays.offset, &arrays.whitened, &arrays.direction_mean, &arrays.direction_covariance,
          &arrays.to_mean, &arrays.to_covariance, &arrays.to_factor, &arrays.to_offset, &arrays.to_whitened}) {
      output->upload(std::vector<double>(output->size(), kMark));
    }
    return arrays;
  }

  /// Problem by problem: bits or a bound for the listed ones, the mark for the others.
  static void expect_equal(const Buffer& actual, const Buffer& expected, std::span<const Index> listed, Index p,
                           double bound, const char* what) {
    const std::vector<double> a = GaussianArrays::host(actual), e = GaussianArrays::host(expected);
    const std::size_t size = a.size() / kProblems;
    for (Index problem = 0; problem < kProblems; ++problem) {
      const std::span<const double> one(a.data() + static_cast<std::size_t>(problem) * size, size);
      const std::span<const double> other(e.data() + static_cast<std::size_t>(problem) * size, size);
      if (std::find(listed.begin(), listed.end(), problem) == listed.end()) {
        EXPECT_TRUE(same_bits(one, std::vector<double>(size, kMark)))
            << what << ": problem " << problem << " was written";
      } else if (p <= kSmallDimension) {
        EXPECT_TRUE(same_bits(one, other)) << what << ", problem " << problem << ", p = " << p;
      } else {
        EXPECT_TRUE(at_most(relative_error(one, other), bound)) << what << ", problem " << problem << ", p = " << p;
      }
    }
  }

  static constexpr double kMark = 123.5;
};

TEST_P(GaussianOperation, MatchesTheReference) {
  Context reference({"reference", 1});
  for (const Index p : {1, 2, 31, 32, 33, 64, 65, 140}) {
    GaussianArrays expected = prepare(reference.operations(), p), actual = prepare(operations(), p);
    std::vector<GaussianEvaluation> expected_scalars(4), scalars(4);
    reference.operations().gaussian_evaluate(p, active(), expected.data(), expected.point(), expected_scalars);
    operations().gaussian_evaluate(p, active(), actual.data(), actual.point(), scalars);
    const std::vector<Index> good = {4, 0, 1};
    const double whitened = Tolerances<double>::whitened(p, kCondition);
    for (std::size_t k = 0; k < 4; ++k) {
      const auto &e = expected_scalars[k], &a = scalars[k];
      ASSERT_EQ(a.status, active()[k] == kBad ? ProblemStatus::not_positive_definite : ProblemStatus::ok);
      if (active()[k] == kBad) {
        EXPECT_TRUE(same_bits(std::vector{a.log_determinant, a.trace, a.distance_squared, a.deviation_squared},
                              std::vector<double>(4, kCanonicalNaN)));
        continue;
      }
      const double scale = e.trace + e.distance_squared + static_cast<double>(p);
      EXPECT_TRUE(within(a.log_determinant, e.log_determinant, whitened * static_cast<double>(p)));
      EXPECT_TRUE(within(a.trace, e.trace, whitened * scale));
      EXPECT_TRUE(within(a.distance_squared, e.distance_squared, whitened * scale));
      EXPECT_TRUE(within(std::sqrt(a.deviation_squared), std::sqrt(e.deviation_squared), whitened * scale));
    }
    // What a failed factorisation leaves in its own arrays is unspecified: give both backends the same for comparison.
    for (GaussianArrays* arrays : {&expected, &actual}) {
      for (Buffer* output : {&arrays->factor, &arrays->offset, &arrays->whitened}) {
        std::vector<double> values = GaussianArrays::host(*output);
        const std::size_t size = values.size() / kProblems;
        std::fill_n(values.begin() + static_cast<std::ptrdiff_t>(kBad * size), size, kMark);
        output->upload(values);
      }
    }
    expect_equal(actual.factor, expected.factor, good, p, whitened, "factor");
    expect_equal(actual.offset, expected.offset, good, p, whitened, "offset");
    expect_equal(actual.whitened, expected.whitened, good, p, whitened, "whitened");

    for (const CovarianceScore convention : {CovarianceScore::unrestricted, CovarianceScore::symmetric}) {
      std::vector<double> expected_slopes(3), slopes(3);
      reference.operations().gaussian_score(p, convention, good, expected.point(), expected.direction(),
                                            expected_slopes);
      operations().gaussian_score(p, convention, good, actual.point(), actual.direction(), slopes);
      const double bound = Tolerances<double>::score(p, kCondition);
      expect_equal(actual.direction_mean, expected.direction_mean, good, p, bound, "score of the mean");
      expect_equal(actual.direction_covariance, expected.direction_covariance, good, p, bound,
                   "score of the covariance");
      for (std::size_t k = 0; k < 3; ++k)
        EXPECT_TRUE(within(slopes[k], expected_slopes[k], 2 * bound * expected_slopes[k]));
    }
  }
}

TEST_P(GaussianOperation, TargetMoveAndCopyMatchTheReference) {
  Context reference({"reference", 1});
  const std::vector<double> keep = {0, 0.5, 1, 0.25}, step = {1, 0.5, 0.125, 0.75};
  const std::vector<std::uint8_t> mean_only = {0, 1, 0, 0};
  for (const Index p : {1, 2, 33, 64, 65, 140}) {
    GaussianArrays expected = prepare(reference.operations(), p), actual = prepare(operations(), p);
    std::vector<GaussianMove> expected_moves(4), moves(4);
    for (auto [backend, arrays, result] : {std::tuple(&reference.operations(), &expected, &expected_moves),
                                           std::tuple(&operations(), &actual, &moves)}) {
      backend->gaussian_target(p, active(), mean_only, arrays->data(), arrays->point(), arrays->direction());
      backend->gaussian_move(p, active(), keep, step, arrays->point(), arrays->direction(), arrays->to(), *result);
    }
    // One fma per entry, so the entries have the same bits whatever p is.
    const auto bits = [&](const Buffer& a, const Buffer& e, const char* what) {
      expect_equal(a, e, active(), 1, 0, what);
    };
    bits(actual.direction_mean, expected.direction_mean, "target of the mean");
    bits(actual.direction_covariance, expected.direction_covariance, "target of the covariance");
    bits(actual.to_mean, expected.to_mean, "moved mean");
    bits(actual.to_covariance, expected.to_covariance, "moved covariance");
    const double chain = Tolerances<double>::chain(p * p);
    for (std::size_t k = 0; k < 4; ++k) {
      const auto &a = moves[k], &e = expected_moves[k];
      EXPECT_TRUE(within(a.mean_change_squared, e.mean_change_squared, chain * e.mean_change_squared));
      EXPECT_TRUE(within(a.mean_norm_squared, e.mean_norm_squared, chain * e.mean_norm_squared));
      EXPECT_TRUE(
          within(a.covariance_change_squared, e.covariance_change_squared, chain * e.covariance_change_squared));
      EXPECT_TRUE(within(a.covariance_norm_squared, e.covariance_norm_squared, chain * e.covariance_norm_squared));
    }
    const std::vector<double> target = GaussianArrays::host(actual.direction_covariance),
                              moved = GaussianArrays::host(actual.to_covariance);
    const auto problem4 = [p](const std::vector<double>& v) {
      return std::span(v).subspan(static_cast<std::size_t>(4 * p * p));
    };
    EXPECT_TRUE(same_bits(problem4(moved), problem4(target))) << "keep 0, step 1 must give the target itself";

    Random random(3);
    for (auto [a, e] : {std::pair(&actual.factor, &expected.factor), std::pair(&actual.offset, &expected.offset),
                        std::pair(&actual.whitened, &expected.whitened)}) {
      const std::vector<double> values = random.normals(static_cast<Index>(a->size()));
      a->upload(values);
      e->upload(values);
    }
    operations().gaussian_copy(p, active(), actual.point(), actual.to());
    bits(actual.to_mean, expected.mean, "copied mean");
    bits(actual.to_covariance, expected.covariance, "copied covariance");
    bits(actual.to_factor, expected.factor, "copied factor");
    bits(actual.to_offset, expected.offset, "copied offset");
    bits(actual.to_whitened, expected.whitened, "copied whitened matrix");
  }
}

// LAPACK's thread count follows the context that calls it, not the one that was made last (p > 64 is D1: the bits may
// depend on the number of threads).
TEST(TwoContexts, DoNotChangeEachOthersThreads) {
  constexpr Index p = 300;
  Context first({"cpu", 1});
  const auto score_of = [](Context& context) {
    GaussianArrays arrays(context.operations(), 1, p);
    arrays.fill(p, kCondition);
    const std::vector<Index> active = {0};
    std::vector<GaussianEvaluation> evaluation(1);
    std::vector<double> slope(1);
    context.operations().gaussian_evaluate(p, active, arrays.data(), arrays.point(), evaluation);
    context.operations().gaussian_score(p, CovarianceScore::symmetric, active, arrays.point(), arrays.direction(),
                                        slope);
    return GaussianArrays::host(arrays.direction_covariance);
  };
  const std::vector<double> alone = score_of(first);
  Context second({"cpu", 2});
  const std::vector<double> of_two_threads = score_of(second);
  EXPECT_TRUE(same_bits(score_of(first), alone));
  EXPECT_TRUE(same_bits(score_of(second), of_two_threads));
  EXPECT_EQ(first.operations().info().threads, 1);
  EXPECT_EQ(second.operations().info().threads, 2);
}

SIGMAHAT_ON_EVERY_DEVICE(GaussianOperation);

}  // namespace
}  // namespace sigmahat::test
