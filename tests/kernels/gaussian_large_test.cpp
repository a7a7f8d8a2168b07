// kernels/gaussian_large.cu against loops on the host: bits where an entry is a formula, bounds where it is a sum.
//
// Bound of a sum of k terms in any order: each term meets at most k roundings of size u = 2⁻⁵³ on its way (its own, and
// the additions of numbers that are not 0), so the error is at most (k + 1)·u·Σ |terms|.
#include "sigmahat/kernels/gaussian_large_launch.hpp"

#include "gaussian_batch.hpp"
#include "steps/gaussian.hpp"

namespace sigmahat::test {
namespace {

constexpr Index kSizes[] = {1, 31, 32, 33, 65, 257};  // around warps, tiles and blocks

/// A sum on the host, and the bound for its computed value.
struct Sum {
  void add(long double term) {
    value += term;
    size += std::abs(term);
    ++terms;
  }
  ::testing::AssertionResult agrees_with(double actual) const {
    return within(actual, static_cast<double>(value),
                  static_cast<double>(static_cast<long double>(terms + 1) * size) * kRoundoff);
  }
  long double value = 0, size = 0;
  Index terms = 0;
};

/// A matrix and numbers beside it, as a launcher leaves them.
struct Result {
  std::vector<double> matrix, sums;
  std::vector<double> numbers() const {
    std::vector<double> all = matrix;
    all.insert(all.end(), sums.begin(), sums.end());
    return all;
  }
};

class LargeGaussianKernels : public KernelTest {
 protected:
  /// Runs launcher(matrix, sums) on a copy of the matrix.
  template <class F>
  Result computed(const std::vector<double>& matrix, Index sums, F&& launcher) const {
    return same_in_every_order([&] {
      const auto matrix_device = put(matrix);
      const auto sums_device = put(std::vector<double>(sums, kNaN));
      require_success(launcher(matrix_device.get(), sums_device.get()));
      return Result{fetch(matrix_device), fetch(sums_device)};
    });
  }
};

TEST_P(LargeGaussianKernels, MirrorAndClearTouchTheUpperTriangleAlone) {
  for (const Index p : kSizes) {
    SCOPED_TRACE("p = " + std::to_string(p));
    const std::vector<double> a = normals(p * p, 1);
    std::vector<double> mirrored = a, cleared = a;
    for (Index j = 0; j < p; ++j) {
      for (Index i = 0; i < j; ++i) {
        mirrored[i + j * p] = a[j + i * p];
        cleared[i + j * p] = 0;
      }
    }
    const auto mirror = [&](double* matrix, double*) { return launch_mirror_lower(stream(), p, matrix); };
    const auto clear = [&](double* matrix, double*) { return launch_clear_upper(stream(), p, matrix); };
    EXPECT_TRUE(same_bits(computed(a, 0, mirror).matrix, mirrored));
    EXPECT_TRUE(same_bits(computed(a, 0, clear).matrix, cleared));
  }
}

TEST_P(LargeGaussianKernels, DeviationHasTheDefinedBits) {
  for (const Index p : kSizes) {
    SCOPED_TRACE("p = " + std::to_string(p));
    const std::vector<double> mean = normals(p, 1), residual = normals(p, 2), mu = normals(p, 3);
    const auto mean_device = put(mean), residual_device = put(residual), mu_device = put(mu);
    const DeviceArray<double> d(p);
    require_success(
        launch_large_deviation(stream(), p, mean_device.get(), residual_device.get(), mu_device.get(), d.get()));
    std::vector<double> expected;
    for (Index i = 0; i < p; ++i) expected.push_back((mean[i] - mu[i]) + residual[i]);
    EXPECT_TRUE(same_bits(fetch(d), expected));
  }
}

TEST_P(LargeGaussianKernels, WhitenedAddsTheOuterProductToTheLowerTriangle) {
  for (const Index p : kSizes) {
    SCOPED_TRACE("p = " + std::to_string(p));
    const std::vector<double> z = normals(p, 4);
    std::vector<double> expected = normals(p * p, 5);
    const auto z_device = put(z);
    const Result actual = computed(expected, p, [&](double* w, double* sums) {
      return launch_large_whitened(stream(), p, z_device.get(), w, sums);
    });
    for (Index j = 0; j < p; ++j) {
      Sum sum;
      for (Index i = j; i < p; ++i) {
        expected[i + j * p] = std::fma(z[i], z[j], expected[i + j * p]);
        const double deviation = expected[i + j * p] - (i == j ? 1.0 : 0.0);
        sum.add((i == j ? 1.0L : 2.0L) * deviation * deviation);
      }
      EXPECT_TRUE(sum.agrees_with(actual.sums[j])) << "column " << j;
    }
    EXPECT_TRUE(same_bits(actual.matrix, expected));
  }
}

/// What an evaluation reads, on the host.
struct Point {
  explicit Point(Index dimension) : p(dimension), l(normals(p * p, 6)), z(normals(p, 7)), w(normals(p * p, 8)) {
    for (Index j = 0; j < p; ++j) l[j + j * p] = 0.5 + std::abs(l[j + j * p]);
    for (const double value : normals(p, 9)) column_sums.push_back(value * value);
  }
  Index p;
  int info = 0;
  std::vector<double> l, z, w, column_sums;
};

struct Evaluation {
  GaussianEvaluation value;
  std::vector<double> numbers() const {
    return {value.log_determinant, value.trace, value.distance_squared, value.deviation_squared,
            static_cast<double>(value.status)};
  }
};

class LargeEvaluation : public LargeGaussianKernels {
 protected:
  GaussianEvaluation evaluated(const Point& point) const {
    return same_in_every_order([&] {
             const auto info = put(std::vector{point.info});
             const auto l = put(point.l), z = put(point.z), w = put(point.w), sums = put(point.column_sums);
             const auto result = put(std::vector<GaussianEvaluation>(1));
             require_success(launch_large_evaluation(stream(), point.p, info.get(), l.get(), z.get(), w.get(),
                                                     sums.get(), result.get()));
             return Evaluation{fetch(result)[0]};
           })
        .value;
  }
};

TEST_P(LargeEvaluation, SumsTheDiagonalsAndTheColumns) {
  for (const Index p : kSizes) {
    SCOPED_TRACE("p = " + std::to_string(p));
    const Point point(p);
    const GaussianEvaluation actual = evaluated(point);
    Sum trace, distance, deviation;
    double log_determinant = 0;
    for (Index j = 0; j < p; ++j) {
      log_determinant += 2 * std::log(point.l[j + j * p]);
      trace.add(point.w[j + j * p]);
      distance.add(static_cast<long double>(point.z[j]) * point.z[j]);
      deviation.add(0.5L * point.column_sums[j]);
    }
    EXPECT_EQ(actual.status, ProblemStatus::ok);
    EXPECT_TRUE(within(actual.log_determinant, log_determinant, log_determinant_bound(p, point.l)));
    EXPECT_TRUE(trace.agrees_with(actual.trace));
    EXPECT_TRUE(distance.agrees_with(actual.distance_squared));
    EXPECT_TRUE(deviation.agrees_with(actual.deviation_squared));
  }
}

TEST_P(LargeEvaluation, ABadFactorHasAStatusAndNaNScalars) {
  const auto expect_bad = [&](const Point& point) {
    const GaussianEvaluation actual = evaluated(point);
    EXPECT_EQ(actual.status, ProblemStatus::not_positive_definite);
    for (const double value :
         {actual.log_determinant, actual.trace, actual.distance_squared, actual.deviation_squared}) {
      EXPECT_TRUE(same_bits(value, kCanonicalNaN));
    }
  };
  for (const Index p : {1, 33, 257}) {
    for (const int info : {1, -4}) {
      SCOPED_TRACE("p = " + std::to_string(p) + ", info = " + std::to_string(info));
      Point point(p);
      point.info = info;
      expect_bad(point);
    }
    for (const double pivot : {0.0, -1.0, kNaN}) {
      for (const Index j : {Index{0}, p / 2, p - 1}) {
        SCOPED_TRACE("p = " + std::to_string(p) + ", pivot " + std::to_string(j) + " is " + std::to_string(pivot));
        Point point(p);
        point.l[j + j * p] = pivot;
        expect_bad(point);
      }
    }
  }
}

TEST_P(LargeGaussianKernels, ScoreStartsFromTheDeviationFromTheIdentity) {
  for (const Index p : kSizes) {
    SCOPED_TRACE("p = " + std::to_string(p));
    std::vector<double> expected = normals(p * p, 10);
    const auto w = put(expected);
    const Result actual = computed(std::vector<double>(p * p, kNaN), 0, [&](double* a, double*) {
      return launch_large_score_start(stream(), p, w.get(), a);
    });
    for (Index j = 0; j < p; ++j) expected[j + j * p] -= 1;
    EXPECT_TRUE(same_bits(actual.matrix, expected));
  }
}

TEST_P(LargeGaussianKernels, ScoreClosesInEitherConvention) {
  for (const CovarianceScore convention : {CovarianceScore::unrestricted, CovarianceScore::symmetric}) {
    const bool symmetric = convention == CovarianceScore::symmetric;
    for (const Index p : kSizes) {
      SCOPED_TRACE("p = " + std::to_string(p) + (symmetric ? ", symmetric" : ", unrestricted"));
      std::vector<double> expected = normals(p * p, 11);
      const Result actual = computed(expected, p, [&](double* a, double* sums) {
        return launch_large_score_close(stream(), p, convention, a, sums);
      });
      for (Index j = 0; j < p; ++j) {
        Sum sum;
        for (Index i = j; i < p; ++i) {
          expected[i + j * p] *= i > j && symmetric ? 1.0 : 0.5;
          const long double value = expected[i + j * p];
          sum.add((i > j && !symmetric ? 2 : 1) * value * value);
        }
        EXPECT_TRUE(sum.agrees_with(actual.sums[j])) << "column " << j;
      }
      EXPECT_TRUE(same_bits(actual.matrix, expected));
    }
  }
}

TEST_P(LargeGaussianKernels, SlopeAddsTheColumnsAndTheMean) {
  for (const Index p : kSizes) {
    SCOPED_TRACE("p = " + std::to_string(p));
    std::vector<double> columns = normals(p, 12);
    for (double& value : columns) value *= value;
    const std::vector<double> score_mean = normals(p, 13);
    const auto columns_device = put(columns), mean_device = put(score_mean);
    const Result actual = computed({}, 1, [&](double*, double* slope) {
      return launch_large_slope(stream(), p, columns_device.get(), mean_device.get(), slope);
    });
    Sum sum;
    for (Index j = 0; j < p; ++j) {
      sum.add(columns[j]);
      sum.add(static_cast<long double>(score_mean[j]) * score_mean[j]);
    }
    EXPECT_TRUE(sum.agrees_with(actual.sums[0]));
  }
}

/// Batches: every dimension with few active problems, and many problems with a small dimension.
constexpr BatchShape kBatchShapes[] = {{1, 0},  {1, 257}, {1, 31}, {3, 32}, {3, 33}, {31, 2},
                                       {32, 1}, {33, 3},  {65, 2}, {65, 0}, {257, 1}};

TEST_P(LargeGaussianKernels, TargetHasTheDefinedBits) {
  for (const BatchShape& shape : kBatchShapes) {
    const Index p = shape.p;
    SCOPED_TRACE(describe(shape));
    GaussianBatch expected(p, shape.active);
    const GaussianBatchOnDevice device(*this, expected);
    std::vector<std::uint8_t> mean_only(expected.active.size(), 0);
    for (std::size_t k = 1; k < mean_only.size(); k += 2) mean_only[k] = 1;
    const auto flags = put(mean_only);
    require_success(
        launch_large_target(stream(), p, device.active(), flags.get(), device.data(), device.point(), device.along()));
    const GaussianBatch actual = device.fetched(*this);
    for (std::size_t k = 0; k < expected.active.size(); ++k) {
      const Index v = expected.active[k] * p, m = v * p;
      const auto d = [&](Index i) { return (expected.mean[v + i] - expected.mu[v + i]) + expected.residual[v + i]; };
      for (Index j = 0; j < p; ++j) {
        expected.direction_mean[v + j] = expected.mean[v + j];
        for (Index i = 0; i < p; ++i) {
          const Index place = m + i + j * p;
          expected.direction[place] =
              mean_only[k] != 0 ? expected.sigma[place] : std::fma(d(i), d(j), expected.s[place]);
        }
      }
    }
    EXPECT_TRUE(same_bits(actual.direction_mean, expected.direction_mean));
    EXPECT_TRUE(same_bits(actual.direction, expected.direction));
  }
}

/// A batch's points after a move, and how far it went.
struct Moved {
  GaussianBatch batch;
  std::vector<GaussianMove> moves;

  std::vector<double> numbers() const {
    std::vector<double> all = batch.mu;
    all.insert(all.end(), batch.sigma.begin(), batch.sigma.end());
    for (const GaussianMove& move : moves) {
      for (const double value : {move.mean_change_squared, move.mean_norm_squared, move.covariance_change_squared,
                                 move.covariance_norm_squared}) {
        all.push_back(value);
      }
    }
    return all;
  }
};

class LargeMove : public LargeGaussianKernels {
 protected:
  Moved moved(const GaussianBatch& from, const GaussianBatch& to, const std::vector<double>& keep,
              const std::vector<double>& step) const {
    return same_in_every_order([&] {
      const Index count = std::ssize(from.active);
      const GaussianBatchOnDevice from_device(*this, from), to_device(*this, to);
      const auto keep_device = put(keep), step_device = put(step);
      const DeviceArray<double> column_sums(count * 2 * (from.p + 1));
      const DeviceArray<GaussianMove> moves(count);
      require_success(launch_large_move(stream(), from.p, from_device.active(), keep_device.get(), step_device.get(),
                                        from_device.point(), from_device.along(), to_device.point(), column_sums.get(),
                                        moves.get()));
      return Moved{to_device.fetched(*this), fetch(moves)};
    });
  }
};

/// to ← keep·from + step·direction for `count` numbers, with the squares of its change and of itself.
void defined_move(Index count, double keep, double step, const double* from, const double* direction, double* to,
                  Sum& change, Sum& norm) {
  for (Index i = 0; i < count; ++i) {
    to[i] = std::fma(step, direction[i], keep * from[i]);
    const long double difference = to[i] - from[i];
    change.add(difference * difference);
    norm.add(static_cast<long double>(to[i]) * to[i]);
  }
}

TEST_P(LargeMove, HasTheDefinedBitsAndMeasuresItself) {
  const double keeps[] = {0, 1, 0.75}, steps_along[] = {1, 0.5, 0.25};
  for (const BatchShape& shape : kBatchShapes) {
    const Index p = shape.p;
    SCOPED_TRACE(describe(shape));
    GaussianBatch from(p, shape.active), expected(p, shape.active);
    from.direction = normals(from.problems * p * p, 14);
    from.direction_mean = normals(from.problems * p, 15);
    std::vector<double> keep, step;
    for (std::size_t k = 0; k < from.active.size(); ++k) {
      keep.push_back(keeps[k % 3]);
      step.push_back(steps_along[k % 3]);
    }
    const Moved actual = moved(from, expected, keep, step);
    for (std::size_t k = 0; k < from.active.size(); ++k) {
      SCOPED_TRACE("problem " + std::to_string(from.active[k]));
      const Index v = from.active[k] * p, m = v * p;
      Sum mean_change, mean_norm, change, norm;
      defined_move(p, keep[k], step[k], from.mu.data() + v, from.direction_mean.data() + v, expected.mu.data() + v,
                   mean_change, mean_norm);
      defined_move(p * p, keep[k], step[k], from.sigma.data() + m, from.direction.data() + m, expected.sigma.data() + m,
                   change, norm);
      EXPECT_TRUE(mean_change.agrees_with(actual.moves[k].mean_change_squared));
      EXPECT_TRUE(mean_norm.agrees_with(actual.moves[k].mean_norm_squared));
      EXPECT_TRUE(change.agrees_with(actual.moves[k].covariance_change_squared));
      EXPECT_TRUE(norm.agrees_with(actual.moves[k].covariance_norm_squared));
    }
    EXPECT_TRUE(same_bits(actual.batch.mu, expected.mu));
    EXPECT_TRUE(same_bits(actual.batch.sigma, expected.sigma));
  }
}

SIGMAHAT_ON_DEVICE(LargeGaussianKernels);
SIGMAHAT_ON_DEVICE(LargeEvaluation);
SIGMAHAT_ON_DEVICE(LargeMove);

}  // namespace
}  // namespace sigmahat::test
