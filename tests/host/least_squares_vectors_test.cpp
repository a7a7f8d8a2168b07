// Level D3 of least squares on the CPU: vectors, threads, layouts and places in the batch change no bit of what the
// reference's sequential loops give.
#include <gtest/gtest.h>

#include <string>

#include "compare.hpp"
#include "only_targets.hpp"
#include "random.hpp"
#include "sigmahat/host/context.hpp"

namespace sigmahat::test {
namespace {

/// Problems one below the other, and the same numbers in other layouts.
struct Data {
  Index k = 0;
  std::vector<Index> offsets;
  std::vector<double> x, y, weights;

  Index rows() const { return offsets.back(); }
};

/// Rows with a few different scales, so that no sum is exact; small whole numbers are exact in float32 as well.
Data make_data(Index k, const std::vector<Index>& rows, std::uint64_t seed, bool whole = false) {
  Random random(seed);
  Data data;
  data.k = k;
  data.offsets = {0};
  for (const Index count : rows) data.offsets.push_back(data.offsets.back() + count);
  data.x = random.normals(data.rows() * k);
  data.y = random.normals(data.rows());
  data.weights = random.normals(data.rows());
  for (double& value : data.x) value += 0.25;
  for (double& weight : data.weights) weight = weight < -1 ? 0 : weight * weight;
  if (whole) {
    for (auto* const values : {&data.x, &data.y}) {
      for (double& value : *values) value = static_cast<double>(static_cast<float>(value));
    }
  }
  return data;
}

enum class Form { in_place, padded, column_major, float32, float32_column_major };

/// The rows of `data`, which must outlive it, in a form of storage.
class Stored {
 public:
  Stored(const Data& data, Form form, bool weighted) {
    const Index n = data.rows(), k = data.k;
    const bool columns = form == Form::column_major || form == Form::float32_column_major;
    const Index ld = columns ? n + 2 : form == Form::padded ? k + 3 : k, y_ld = form == Form::padded ? 2 : 1;
    x_.assign(static_cast<std::size_t>(columns ? ld * k : ld * n), kCanonicalNaN);
    y_.assign(static_cast<std::size_t>(y_ld * n), kCanonicalNaN);
    for (Index i = 0; i < n; ++i) {
      for (Index j = 0; j < k; ++j) x_[columns ? i + j * ld : i * ld + j] = data.x[i * k + j];
      y_[i * y_ld] = data.y[i];
    }
    narrow_x_.assign(x_.begin(), x_.end());
    narrow_y_.assign(y_.begin(), y_.end());
    rows.problems = std::ssize(data.offsets) - 1;
    rows.offsets = data.offsets;
    if (form == Form::float32 || form == Form::float32_column_major) {
      rows.x =
          columns ? RowsView::column_major(narrow_x_.data(), n, k, ld) : RowsView::row_major(narrow_x_.data(), n, k);
      rows.y = RowsView::row_major(narrow_y_.data(), n, 1);
    } else {
      rows.x = columns ? RowsView::column_major(x_.data(), n, k, ld) : RowsView::row_major(x_.data(), n, k, ld);
      rows.y = columns ? RowsView::column_major(y_.data(), n, 1) : RowsView::row_major(y_.data(), n, 1, y_ld);
    }
    if (weighted) rows.x.weights = data.weights.data();
  }
  Stored(const Stored&) = delete;

  LeastSquaresRows rows;

 private:
  std::vector<double> x_, y_;
  std::vector<float> narrow_x_, narrow_y_;
};

/// Everything that the fast path may write, as one list of numbers for each problem.
std::vector<std::vector<double>> fit(Operations& operations, const LeastSquaresRows& rows,
                                     const LeastSquaresSpec& spec) {
  const std::size_t b = rows.problems, q = rows.columns() + 1, k = q - 1 + (spec.intercept ? 1 : 0);
  std::vector<double> coefficients(b * k), errors(b * k), rss(b), tss(b), dof(b), weight(b), gram(b * q * q),
      mean(b * q), condition(b);
  std::vector<Index> counts(b), dropped(b);
  std::vector<std::int32_t> rank(b);
  std::vector<RouteTaken> route(b);
  std::vector<ProblemStatus> status(b);
  LeastSquaresView view;
  view.coefficients = coefficients.data();
  view.standard_errors = errors.data();
  view.gram = gram.data();
  view.mean = mean.data();
  view.rows = counts.data();
  view.dropped = dropped.data();
  view.condition = condition.data();
  view.rank = rank.data();
  view.route = route.data();
  view.status = status.data();
  view.weight = weight.data();
  if (spec.ridge == 0) {
    view.rss = rss.data();
    view.tss = tss.data();
    view.residual_dof = dof.data();
  }
  operations.least_squares(rows, spec, view);
  std::vector<std::vector<double>> results(b);
  for (std::size_t i = 0; i < b; ++i) {
    const auto append = [&](const std::vector<double>& values, std::size_t size) {
      results[i].insert(results[i].end(), values.begin() + static_cast<Index>(i * size),
                        values.begin() + static_cast<Index>((i + 1) * size));
    };
    append(coefficients, k);
    append(errors, k);
    append(gram, q * q);
    append(mean, q);
    for (const auto* const values : {&rss, &tss, &dof, &weight, &condition}) append(*values, 1);
    for (const auto number : {static_cast<Index>(rank[i]), static_cast<Index>(route[i]), static_cast<Index>(status[i]),
                              counts[i], dropped[i]}) {
      results[i].push_back(static_cast<double>(number));
    }
  }
  return results;
}

void expect_same(const std::vector<std::vector<double>>& actual, const std::vector<std::vector<double>>& expected,
                 const std::string& what) {
  ASSERT_EQ(actual.size(), expected.size()) << what;
  for (std::size_t problem = 0; problem < actual.size(); ++problem) {
    ASSERT_TRUE(same_bits(actual[problem], expected[problem])) << what << ", problem " << problem;
  }
}

/// Every instruction set, with 1, 2 and 3 threads, against `expected`.
void expect_same_everywhere(const LeastSquaresRows& rows, const LeastSquaresSpec& spec,
                            const std::vector<std::vector<double>>& expected, const std::string& what) {
  for (const std::int64_t target : targets_of_processor()) {
    const OnlyTargets only(target);
    for (const int threads : {1, 2, 3}) {
      Context context({"cpu", threads});
      expect_same(fit(context.operations(), rows, spec), expected,
                  what + ", " + hwy::TargetName(target) + ", threads " + std::to_string(threads));
      if (::testing::Test::HasFatalFailure()) return;
    }
  }
}

LeastSquaresSpec spec_of(bool intercept, LeastSquaresRoute route = LeastSquaresRoute::automatic) {
  LeastSquaresSpec spec;
  spec.intercept = intercept;
  spec.route = route;
  spec.standard_errors = StandardErrors::classical;
  return spec;
}

std::vector<std::vector<double>> reference(const LeastSquaresRows& rows, const LeastSquaresSpec& spec) {
  Context context({"reference", 1});
  return fit(context.operations(), rows, spec);
}

class LeastSquaresVectors : public ::testing::TestWithParam<Index> {};

TEST_P(LeastSquaresVectors, RaggedProblemsHaveTheReferencesBits) {
  const Index k = GetParam();
  const Data data = make_data(k, {0, 1, k, k + 1, k + 2, 31, 32, 33, 255, 256, 257, 1000, 100}, 3);
  for (const bool intercept : {false, true}) {
    for (const bool weighted : {false, true}) {
      const Stored stored(data, Form::in_place, weighted);
      const auto spec = spec_of(intercept);
      expect_same_everywhere(stored.rows, spec, reference(stored.rows, spec),
                             std::string(intercept ? "intercept" : "no intercept") + (weighted ? ", weights" : ""));
    }
  }
}

TEST_P(LeastSquaresVectors, LayoutsHaveTheReferencesBits) {
  const Index k = GetParam();
  const Data data = make_data(k, {40 + k, 300, 7, 70 + k, 256, 64 + k, 65 + k, 66 + k, 67 + k, 68 + k}, 4, true);
  for (const bool intercept : {false, true}) {
    const auto spec = spec_of(intercept, LeastSquaresRoute::cholesky);
    const auto expected = reference(Stored(data, Form::in_place, false).rows, spec);
    for (const Form form : {Form::padded, Form::column_major, Form::float32, Form::float32_column_major}) {
      const Stored stored(data, form, false);
      expect_same(reference(stored.rows, spec), expected, "reference, form " + std::to_string(static_cast<int>(form)));
      expect_same_everywhere(stored.rows, spec, expected, "form " + std::to_string(static_cast<int>(form)));
    }
  }
}

TEST_P(LeastSquaresVectors, UniformProblemsHaveTheReferencesBitsInEveryPlace) {
  const Index k = GetParam(), problems = 19;
  for (const Index m : {k, k + 3, Index{35} + k}) {
    const Data data = make_data(k, std::vector<Index>(problems, m), 5);
    const Stored stored(data, Form::in_place, false);
    const auto spec = spec_of(false);
    const auto expected = reference(stored.rows, spec);
    expect_same_everywhere(stored.rows, spec, expected, "rows " + std::to_string(m));
    LeastSquaresRows part = stored.rows;
    part.problems = 11;
    part.offsets = part.offsets.subspan(3, 12);
    expect_same_everywhere(part, spec, {expected.begin() + 3, expected.begin() + 14}, "from problem 3 on");
  }
}

TEST_P(LeastSquaresVectors, DroppedRowsHaveTheReferencesBits) {
  const Index k = GetParam();
  Data data = make_data(k, {50 + k, 300, 90 + k}, 6);
  Random random(7);
  for (int i = 0; i < 40; ++i) data.x[random.below(std::ssize(data.x))] = kCanonicalNaN;
  for (int i = 0; i < 10; ++i) data.y[random.below(std::ssize(data.y))] = std::numeric_limits<double>::infinity();
  for (const bool intercept : {false, true}) {
    for (const bool weighted : {false, true}) {
      const Stored stored(data, Form::in_place, weighted);
      auto spec = spec_of(intercept);
      spec.drop_missing = true;
      expect_same_everywhere(stored.rows, spec, reference(stored.rows, spec), intercept ? "intercept" : "no intercept");
    }
  }
}

TEST_P(LeastSquaresVectors, BadNeighboursChangeNoBit) {
  const Index k = GetParam(), problems = 21, m = 3 * k + 5;
  const Data clean = make_data(k, std::vector<Index>(problems, m), 8);
  Data planted = clean;
  planted.x[10 * m * k + 2] = kCanonicalNaN;
  planted.y[12 * m] = std::numeric_limits<double>::infinity();
  std::fill_n(planted.x.begin() + 13 * m * k, m * k, 0.0);
  for (const bool intercept : {false, true}) {
    const auto spec = spec_of(intercept);
    const Stored good(clean, Form::in_place, false), bad(planted, Form::in_place, false);
    auto expected = reference(good.rows, spec);
    const auto failed = reference(bad.rows, spec);
    for (const std::size_t problem : {10, 12, 13}) {
      EXPECT_FALSE(same_bits(failed[problem], expected[problem])) << problem;
      expected[problem] = failed[problem];
    }
    expect_same_everywhere(bad.rows, spec, expected, intercept ? "intercept" : "no intercept");
  }
}

TEST_P(LeastSquaresVectors, RidgeHasTheReferencesBits) {
  const Index k = GetParam();
  const Data data = make_data(k, {k / 2 + 1, 2 * k, 257, 40, 41, 42, 43, 44, 45}, 9);
  for (const bool intercept : {false, true}) {
    auto spec = spec_of(intercept);
    spec.standard_errors = StandardErrors::none;
    spec.ridge = 0.75;
    const Stored stored(data, Form::in_place, false);
    expect_same_everywhere(stored.rows, spec, reference(stored.rows, spec), intercept ? "intercept" : "no intercept");
  }
}

INSTANTIATE_TEST_SUITE_P(Columns, LeastSquaresVectors,
                         ::testing::Values(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 24, 25, 31, 32,
                                           33, 63, 64),
                         ::testing::PrintToStringParamName());

TEST(LeastSquaresThreads, TallProblemsHaveTheReferencesBits) {
  for (const Index k : {3, 8, 17}) {
    const Data data = make_data(k, {100, 130'000, 257, 20'000, 0, 31}, 10);
    for (const bool intercept : {false, true}) {
      for (const bool weighted : {false, true}) {
        const Stored stored(data, Form::in_place, weighted);
        const auto spec = spec_of(intercept);
        const auto expected = reference(stored.rows, spec);
        for (const int threads : {1, 2, 3, 7}) {
          Context context({"cpu", threads});
          expect_same(fit(context.operations(), stored.rows, spec), expected,
                      "columns " + std::to_string(k) + ", threads " + std::to_string(threads));
        }
      }
    }
  }
}

TEST(LeastSquaresThreads, EmptyBlocksLeaveNoTrace) {
  const Index k = 5;
  Data data = make_data(k, {256 * 70}, 11);
  for (const Index block : {0, 1, 4, 5, 6, 7, 33, 69}) std::fill_n(data.weights.begin() + block * 256, 256, 0.0);
  std::fill_n(data.x.begin() + 5 * 256 * k, 256 * k, kCanonicalNaN);  // of weight 0
  for (const bool intercept : {false, true}) {
    const Stored stored(data, Form::in_place, true);
    const auto spec = spec_of(intercept);
    const auto expected = reference(stored.rows, spec);
    EXPECT_FALSE(std::isnan(expected[0][0]));
    expect_same_everywhere(stored.rows, spec, expected, intercept ? "intercept" : "no intercept");
  }
}

TEST(LeastSquaresThreads, ManyProblemsHaveTheBitsOfOneThread) {
  for (const Index k : {2, 4, 6}) {
    std::vector<Index> sizes;
    sizes.reserve(4000);
    Random random(12);
    for (int i = 0; i < 4000; ++i) sizes.push_back(i % 100 < 50 ? 32 : random.below(60));
    const Data data = make_data(k, sizes, 13);
    const Stored stored(data, Form::in_place, false);
    const auto spec = spec_of(false);
    Context alone({"cpu", 1});
    const auto expected = fit(alone.operations(), stored.rows, spec);
    for (const int threads : {2, 3, 5}) {
      Context context({"cpu", threads});
      expect_same(fit(context.operations(), stored.rows, spec), expected, "threads " + std::to_string(threads));
    }
  }
}

}  // namespace
}  // namespace sigmahat::test
