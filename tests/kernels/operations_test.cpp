// The CUDA backend's operations against the reference and the CPU backend: the same bits for p ≤ 64 where the level is
// D3, rounding above. On the emulated device the host code of the backend is tested, too.
#include <cmath>

#include "ascent_arrays.hpp"
#include "backends.hpp"
#include "kernel_test.hpp"
#include "sigmahat/host/error.hpp"

namespace sigmahat::test {
namespace {

/// Room for one backend's result.
struct Result {
  Result(Index problems, Index p)
      : rows(problems, -1),
        dropped(problems, -1),
        weight(problems, -1),
        mean(problems * p, -1),
        residual(problems * p, -1),
        scatter(problems * p * p, -1),
        columns(p) {}
  MomentsView view() {
    return {std::ssize(weight), columns,     rows.data(),     dropped.data(),
            weight.data(),      mean.data(), residual.data(), scatter.data()};
  }
  std::vector<Index> rows, dropped;
  std::vector<double> weight, mean, residual, scatter;
  Index columns;
};

void expect_same(const Result& actual, const Result& expected) {
  EXPECT_EQ(actual.rows, expected.rows);
  EXPECT_EQ(actual.dropped, expected.dropped);
  EXPECT_TRUE(same_bits(actual.weight, expected.weight));
  EXPECT_TRUE(same_bits(actual.mean, expected.mean));
  EXPECT_TRUE(same_bits(actual.residual, expected.residual));
  EXPECT_TRUE(same_bits(actual.scatter, expected.scatter));
}

/// max |a − b| ≤ bound · max |b|, and NaN only where b has one.
void expect_close(std::span<const double> actual, std::span<const double> expected, double bound,
                  const std::string& what) {
  ASSERT_EQ(actual.size(), expected.size());
  double scale = 0;
  for (const double value : expected) scale = std::isnan(value) ? scale : std::max(scale, std::abs(value));
  for (std::size_t i = 0; i < actual.size(); ++i) {
    if (std::isnan(expected[i])) {
      EXPECT_TRUE(same_bits(actual[i], kCanonicalNaN)) << what << " " << i;
    } else if (!(std::abs(actual[i] - expected[i]) <= bound * scale)) {
      ADD_FAILURE() << what << " " << i << " is " << actual[i] << ", expected " << expected[i];
      return;
    }
  }
}

void run_pass(Operations& operations, const RowsView& rows, MissingRows missing, const std::vector<Index>& cuts,
              Result& result) {
  const auto pass = operations.begin_moments(rows.columns, missing);
  for (std::size_t k = 0; k + 1 < cuts.size(); ++k) {
    EXPECT_TRUE(pass->add(rows.slice(cuts[k], cuts[k + 1] - cuts[k])));
  }
  pass->finish(result.view());
}

class CudaOperationsTest : public KernelTest {};

TEST_P(CudaOperationsTest, APassInPiecesHasTheBitsOfTheOtherBackends) {
  const Index b = kCanonicalBlock;
  const std::vector<std::vector<Index>> all_cuts{
      {0}, {0, 100}, {0, 5000}, {0, b, 4 * b, 4 * b, 11 * b, 5000}, {0, 3 * b, 10 * b, 10 * b + 1}, {0, 7 * b}};
  const auto cuda = make_cuda();
  const auto all = others();
  for (const Index p : {3, 17}) {
    for (const RowsCase& c : rows_cases(5000, p, true)) {
      for (const std::vector<Index>& cuts : all_cuts) {
        SCOPED_TRACE(describe(c) + ", pieces: " + std::to_string(cuts.size() - 1));
        const TestRows rows(c);
        Result actual(1, p);
        run_pass(*cuda, rows.view(), MissingRows::drop, cuts, actual);
        for (const Other& other : all) {
          SCOPED_TRACE(other.name);
          Result expected(1, p);
          run_pass(*other.operations, rows.view(), MissingRows::drop, cuts, expected);
          expect_same(actual, expected);
        }
      }
    }
  }
}

TEST_P(CudaOperationsTest, GroupsHaveTheBitsOfTheOtherBackends) {
  const std::vector<Index> offsets{0, 0, 3, 259, 259, 600, 4700, 4701, 5000, 5000};
  const auto cuda = make_cuda();
  const auto all = others();
  for (const Index p : {1, 4, 40}) {
    for (const RowsCase& c : rows_cases(5000, p, true)) {
      SCOPED_TRACE(describe(c));
      const TestRows rows(c);
      Result actual(9, p);
      EXPECT_TRUE(cuda->grouped_moments(rows.view(), offsets, MissingRows::drop, actual.view()));
      for (const Other& other : all) {
        SCOPED_TRACE(other.name);
        Result expected(9, p);
        EXPECT_TRUE(other.operations->grouped_moments(rows.view(), offsets, MissingRows::drop, expected.view()));
        expect_same(actual, expected);
      }
    }
  }
}

TEST_P(CudaOperationsTest, RowsThatAreNotFiniteAreReported) {
  for (const Index p : {2, 70}) {
    RowsCase c{600, p};
    c.holes = true;
    const TestRows rows(c);  // rows 0, 30 and 256
    const auto operations = make_cuda();
    const auto pass = operations->begin_moments(p, MissingRows::error);
    EXPECT_FALSE(pass->add(rows.view()));
    EXPECT_TRUE(operations->begin_moments(p, MissingRows::error)->add(rows.view().slice(31, 225)));
    Result result(2, p);
    EXPECT_FALSE(
        operations->grouped_moments(rows.view(), std::vector<Index>{0, 31, 600}, MissingRows::error, result.view()));
    EXPECT_TRUE(
        operations->grouped_moments(rows.view(), std::vector<Index>{31, 100, 256}, MissingRows::error, result.view()));
  }
}

TEST_P(CudaOperationsTest, LargeMomentsAgreeWithTheReference) {
  const auto cuda = make_cuda(600000);
  for (const Index p : {65, 100}) {
    for (const RowsCase& c : rows_cases(1500, p, true)) {
      SCOPED_TRACE(describe(c));
      const TestRows rows(c);
      const std::vector<Index> cuts{0, 512, 1500};
      Result actual(1, p), expected(1, p);
      run_pass(*cuda, rows.view(), MissingRows::drop, cuts, actual);
      run_pass(*backends::make_reference(), rows.view(), MissingRows::drop, cuts, expected);
      EXPECT_EQ(actual.rows, expected.rows);
      EXPECT_EQ(actual.dropped, expected.dropped);
      EXPECT_TRUE(same_bits(actual.weight, expected.weight));  // quarters add without rounding
      for (Index j = 0; j < p; ++j) {
        const double error = (actual.mean[j] - expected.mean[j]) + (actual.residual[j] - expected.residual[j]);
        EXPECT_TRUE(std::abs(error) <= 1e-15) << "column " << j << ": " << error;  // values up to 10, residuals rounded
      }
      expect_close(actual.scatter, expected.scatter, 1e-14, "scatter");  // chains of 1500 rows, random signs
      for (Index j = 0; j < p; ++j) {
        for (Index i = 0; i < j; ++i) EXPECT_TRUE(same_bits(actual.scatter[i + j * p], actual.scatter[j + i * p]));
      }
    }
  }
}

TEST_P(CudaOperationsTest, NoRowsGiveNaNMeansAndAScatterOfZero) {
  for (const Index p : {3, 70}) {
    Result actual(1, p), expected(1, p);
    const TestRows none({0, p});
    run_pass(*make_cuda(), none.view(), MissingRows::error, {0}, actual);
    run_pass(*backends::make_reference(), none.view(), MissingRows::error, {0}, expected);
    expect_same(actual, expected);
  }
}

/// Everything that one evaluation, score, target and move leave behind, array by array.
struct Outcome {
  struct Array {
    std::string name;
    std::vector<double> values;
    bool exact = true;  // of level D3 for p ≤ 64; else a logarithm, or a sum whose order is a backend's own
  };
  std::vector<Array> arrays;
  std::vector<ProblemStatus> status;

  void note(std::string name, std::vector<double> values) { arrays.push_back({std::move(name), std::move(values)}); }
  /// One member of each of the results.
  template <class T>
  void note(std::string name, const std::vector<T>& results, double T::*member, bool exact) {
    std::vector<double> values;
    for (const T& result : results) values.push_back(result.*member);
    arrays.push_back({std::move(name), std::move(values), exact});
  }
};

Outcome evaluate_score_and_move(Operations& operations, Index p, CovarianceScore convention) {
  const std::vector<Index> active{2, 0};
  const std::vector<std::uint8_t> mean_only{0, 1};
  const std::vector<double> keep{0, 0.5}, step{1, 0.5};
  Outcome outcome;
  Ascent ascent(operations, 3, p), moved(operations, 3, p);
  const auto note_direction = [&](const std::string& name) {
    outcome.note("mean's " + name, ascent.vectors(ascent.direction_mean));
    outcome.note("covariance's " + name, ascent.matrices(ascent.direction));
  };
  std::vector<GaussianEvaluation> evaluations(2);
  operations.gaussian_evaluate(p, active, ascent.data(), ascent.point(), evaluations);
  for (const GaussianEvaluation& e : evaluations) outcome.status.push_back(e.status);
  outcome.note("log-determinant", evaluations, &GaussianEvaluation::log_determinant, false);
  outcome.note("trace", evaluations, &GaussianEvaluation::trace, true);
  outcome.note("squared distance", evaluations, &GaussianEvaluation::distance_squared, true);
  outcome.note("squared deviation", evaluations, &GaussianEvaluation::deviation_squared, true);
  outcome.note("factor", ascent.matrices(ascent.factor));
  outcome.note("whitened scatter", ascent.matrices(ascent.whitened));
  outcome.note("whitened offset", ascent.vectors(ascent.offset));

  std::vector<double> slopes(2);
  operations.gaussian_score(p, convention, active, ascent.point(), ascent.along(), slopes);
  outcome.note("slope", slopes);
  note_direction("score");
  operations.gaussian_target(p, active, mean_only, ascent.data(), ascent.point(), ascent.along());
  note_direction("target");

  std::vector<GaussianMove> moves(2);
  operations.gaussian_move(p, active, keep, step, ascent.point(), ascent.along(), moved.point(), moves);
  outcome.note("moved mean", moved.vectors(moved.mean));
  outcome.note("moved covariance", moved.matrices(moved.sigma));
  outcome.note("squared change of the mean", moves, &GaussianMove::mean_change_squared, false);
  outcome.note("squared norm of the mean", moves, &GaussianMove::mean_norm_squared, false);
  outcome.note("squared change of the covariance", moves, &GaussianMove::covariance_change_squared, false);
  outcome.note("squared norm of the covariance", moves, &GaussianMove::covariance_norm_squared, false);
  operations.gaussian_copy(p, active, ascent.point(), moved.point());
  EXPECT_TRUE(same_bits(moved.matrices(moved.sigma), ascent.matrices(ascent.sigma)));
  EXPECT_TRUE(same_bits(moved.vectors(moved.offset), ascent.vectors(ascent.offset)));
  return outcome;
}

TEST_P(CudaOperationsTest, TheGaussianOperationsAgreeWithTheOtherBackends) {
  const auto cuda = make_cuda();
  for (const Index p : {1, 5, 33, 64, 65, 100}) {
    for (const CovarianceScore convention : {CovarianceScore::unrestricted, CovarianceScore::symmetric}) {
      const Outcome actual = evaluate_score_and_move(*cuda, p, convention);
      EXPECT_EQ(actual.status, std::vector(2, ProblemStatus::ok));
      for (const Other& other : others()) {
        SCOPED_TRACE(std::string(other.name) + ", p = " + std::to_string(p));
        const Outcome expected = evaluate_score_and_move(*other.operations, p, convention);
        // Condition numbers of these Σ are below 10: p·ε·10 with room for three operations after one another.
        const double bound = 30 * static_cast<double>(p) * 0x1p-52;
        ASSERT_EQ(actual.arrays.size(), expected.arrays.size());
        for (std::size_t k = 0; k < actual.arrays.size(); ++k) {
          const Outcome::Array &mine = actual.arrays[k], &theirs = expected.arrays[k];
          if (mine.exact && p <= kSmallDimension) {
            EXPECT_TRUE(same_bits(mine.values, theirs.values)) << mine.name;
          } else {
            expect_close(mine.values, theirs.values, bound, mine.name);
          }
        }
      }
    }
  }
}

TEST_P(CudaOperationsTest, ABadProblemHasAStatusAndNaNScalars) {
  const auto cuda = make_cuda();
  for (const Index p : {4, 70}) {
    Ascent a(*cuda, 3, p);
    std::vector<double> sigma = a.matrices(a.sigma);
    sigma[2 * p * p - 1] = -1;  // the middle one
    cuda->upload(sigma.data(), a.sigma, sigma.size());
    std::vector<GaussianEvaluation> e(3);
    cuda->gaussian_evaluate(p, std::vector<Index>{0, 1, 2}, a.data(), a.point(), e);
    EXPECT_EQ(e[0].status, ProblemStatus::ok);
    EXPECT_EQ(e[1].status, ProblemStatus::not_positive_definite);
    EXPECT_EQ(e[2].status, ProblemStatus::ok);
    for (const double value : {e[1].log_determinant, e[1].trace, e[1].distance_squared, e[1].deviation_squared}) {
      EXPECT_TRUE(same_bits(value, kCanonicalNaN));
    }
    EXPECT_TRUE(std::isfinite(e[0].trace) && std::isfinite(e[2].trace));
  }
}

TEST_P(CudaOperationsTest, SingleFactorsAgreeWithTheOtherBackends) {
  const auto cuda = make_cuda();
  for (const Index p : {1, 64, 65, 90}) {
    std::vector<double> matrix = covariances(1, p, 9), actual(p * p), expected(p * p);
    EXPECT_EQ(cuda->cholesky(p, matrix.data(), actual.data()), ProblemStatus::ok);
    for (const Other& other : others()) {
      SCOPED_TRACE(std::string(other.name) + ", p = " + std::to_string(p));
      EXPECT_EQ(other.operations->cholesky(p, matrix.data(), expected.data()), ProblemStatus::ok);
      expect_close(actual, expected, p <= kSmallDimension ? 0 : 1e-13, "factor");
      EXPECT_EQ(cuda->rank(p, expected.data(), 1e-12), other.operations->rank(p, expected.data(), 1e-12));
    }
    for (const double bad : {0.0, kNaN}) {
      matrix[p * p - 1] = bad;
      EXPECT_EQ(cuda->cholesky(p, matrix.data(), actual.data()), ProblemStatus::not_positive_definite);
      EXPECT_TRUE(same_bits(actual, std::vector<double>(p * p, kCanonicalNaN)));
    }
  }
}

TEST_P(CudaOperationsTest, DistancesAgreeWithTheOtherBackends) {
  const auto cuda = make_cuda();
  const auto all = others();
  for (const Index p : {3, 64, 65, 100}) {
    const std::vector<double> matrix = covariances(1, p, 10), mean = normals(p, 11);
    std::vector<double> factor(p * p);
    ASSERT_EQ(all[0].operations->cholesky(p, matrix.data(), factor.data()), ProblemStatus::ok);
    for (const RowsCase& c : rows_cases(300, p, true)) {
      SCOPED_TRACE(describe(c));
      const TestRows rows(c);
      std::vector<double> actual(300), expected(300);
      cuda->mahalanobis_squared(rows.view(), mean.data(), factor.data(), actual.data());
      for (const Other& other : all) {
        SCOPED_TRACE(other.name);
        other.operations->mahalanobis_squared(rows.view(), mean.data(), factor.data(), expected.data());
        expect_close(actual, expected, p <= kSmallDimension ? 0 : 1e-13, "distance of row");
      }
    }
  }
}

TEST_P(CudaOperationsTest, TheFactoryNamesDevicesAndRefusesUnknownOnes) {
  const std::vector<std::string> names = backends::list_cuda().names;
  ASSERT_FALSE(names.empty());
  if (!kOnGpu) {
    EXPECT_EQ(names, std::vector<std::string>{"emulated GPU (sm_80)"});
  }
  EXPECT_EQ(backends::make_cuda(0)->info().instruction_set.substr(0, 3), "sm_");
  std::vector<std::string> libraries;  // the GPU's, and the host's for what runs there
  for (const auto& [name, version] : backends::make_cuda(0)->info().libraries) libraries.push_back(name);
  EXPECT_EQ(libraries, (std::vector<std::string>{"CUDA driver", "CUDA runtime", "cuBLAS", "cuSOLVER", "OpenBLAS",
                                                 "OpenBLAS core"}));
  EXPECT_THROW((void)backends::make_cuda(static_cast<int>(names.size())), DeviceError);
}

SIGMAHAT_ON_DEVICE(CudaOperationsTest);

}  // namespace
}  // namespace sigmahat::test
