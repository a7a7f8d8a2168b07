// Least squares by the CUDA backend against the reference and the CPU backend, bit by bit, whatever the chunks are.
#include <algorithm>
#include <numeric>

#include "backends.hpp"
#include "kernel_test.hpp"
#include "least_squares_fits.hpp"

namespace sigmahat::test {
namespace {

LeastSquaresResults fitted(Operations& operations, const LeastSquaresRows& rows, const LeastSquaresSpec& spec,
                           Wanted wanted) {
  LeastSquaresResults results(rows, spec);
  operations.least_squares(rows, spec, results.view(wanted));
  return results;
}

bool robust(const LeastSquaresSpec& spec) {
  return spec.standard_errors != StandardErrors::none && spec.standard_errors != StandardErrors::classical;
}

class CudaLeastSquares : public KernelTest {
 protected:
  void SetUp() override {
    KernelTest::SetUp();
    if (!IsSkipped() && !HasFatalFailure()) cuda_ = make_cuda();
  }
  void TearDown() override {
    cuda_.reset();  // before the search for leaks
    KernelTest::TearDown();
  }

  /// The same bits from the CUDA backend with small and large chunks, and from the others; returns them.
  LeastSquaresResults compared(const LeastSquaresRows& rows, const LeastSquaresSpec& spec, Wanted wanted) {
    const LeastSquaresResults actual = fitted(*cuda_, rows, spec, wanted);
    for (const Other& other : others_) {
      SCOPED_TRACE(other.name);
      const bool is_reference = other.name == std::string("reference");
      expect_same(actual, fitted(*other.operations, rows, spec, wanted), !is_reference && robust(spec));
    }
    return actual;
  }
  static LeastSquaresSpec make_spec(bool intercept, StandardErrors errors = StandardErrors::classical) {
    LeastSquaresSpec spec;
    spec.intercept = intercept;
    spec.standard_errors = errors;
    return spec;
  }

  std::unique_ptr<Operations> cuda_;
  const std::vector<Other> others_ = others();
};

TEST_P(CudaLeastSquares, RaggedBatchesHaveTheBitsOfTheOtherBackends) {
  const std::vector<Index> offsets{0, 0, 40, 41, 100, 356, 613, 620, 1700, 1700, 1800};
  for (const Index k : {1, 3, 8, 9, 22}) {
    for (const RowsCase& c : rows_cases(1800, k + 1, true)) {
      for (const bool intercept : {false, true}) {
        SCOPED_TRACE(describe(c) + (intercept ? ", intercept" : ""));
        const TestRows z(c);
        LeastSquaresSpec spec = make_spec(intercept);
        spec.drop_missing = true;
        const LeastSquaresResults all = compared(regression_rows(z.view(), offsets), spec, Wanted::plain);
        EXPECT_EQ(all.status[0], ProblemStatus::too_few_rows);
        EXPECT_EQ(all.status[7], ProblemStatus::ok);
      }
    }
  }
}

TEST_P(CudaLeastSquares, TheLargestKernelsHaveTheBitsOfTheOtherBackends) {
  for (const Index k : {32, 63, 64}) {
    const TestRows z({1100, k + 1});
    const std::vector<Index> offsets{0, 200, 800, 1100};
    const LeastSquaresResults all = compared(regression_rows(z.view(), offsets), make_spec(true), Wanted::plain);
    EXPECT_EQ(all.status, std::vector<ProblemStatus>(3, ProblemStatus::ok));
  }
}

TEST_P(CudaLeastSquares, WhatTheFastPathLeavesOverIsFinished) {
  for (const Index k : {2, 4, 12}) {
    for (const Index rows : {50, 300}) {
      for (const bool weighted : {false, true}) {
        for (const bool intercept : {false, true}) {
          SCOPED_TRACE("k = " + std::to_string(k) + ", " + std::to_string(rows) + " rows" +
                       (weighted ? ", weighted" : "") + (intercept ? ", intercept" : ""));
          const DifficultBatch batch(rows, k, weighted);
          const LeastSquaresResults all = compared(batch.view(), make_spec(intercept), Wanted::plain);
          EXPECT_EQ(all.status[1], ProblemStatus::rank_deficient);
          EXPECT_EQ(all.route[2], RouteTaken::refined_cholesky);
          EXPECT_EQ(all.status[3], ProblemStatus::refined_by_qr);
          EXPECT_EQ(all.status[6], ProblemStatus::not_finite);
          EXPECT_EQ(all.status[7], weighted ? ProblemStatus::too_few_rows : ProblemStatus::ok);
          for (const Index b : {0, 8, 9, 10, 11}) EXPECT_EQ(all.route[b], RouteTaken::cholesky);
        }
      }
    }
  }
}

TEST_P(CudaLeastSquares, EveryOptionHasTheBitsOfTheOtherBackends) {
  const DifficultBatch small(60, 3, true), large(290, 3, false);
  std::vector<LeastSquaresSpec> specs;
  for (const bool intercept : {false, true}) {
    for (const LeastSquaresRoute route :
         {LeastSquaresRoute::automatic, LeastSquaresRoute::cholesky, LeastSquaresRoute::qr}) {
      specs.push_back(make_spec(intercept, StandardErrors::none));
      specs.back().route = route;
    }
    for (const StandardErrors errors : {StandardErrors::hc1, StandardErrors::hc3}) {
      specs.push_back(make_spec(intercept, errors));
    }
    specs.push_back(make_spec(intercept));
    specs.back().ridge = 2.5;
    specs.push_back(make_spec(intercept));
    specs.back().rank_policy = RankPolicy::drop_aliased;
    specs.push_back(make_spec(intercept));
    specs.back().drop_missing = true;
  }
  for (std::size_t number = 0; number < specs.size(); ++number) {
    for (const Wanted wanted : {Wanted::coefficients, Wanted::plain, Wanted::everything}) {
      SCOPED_TRACE("specification " + std::to_string(number) + ", wanted " + std::to_string(static_cast<int>(wanted)));
      compared(small.view(), specs[number], wanted);
      compared(large.view(), specs[number], wanted);
    }
  }
}

TEST_P(CudaLeastSquares, GramMatricesAreWrittenBesideTheFastPath) {
  const DifficultBatch batch(40, 5, true);
  for (const bool intercept : {false, true}) {
    const LeastSquaresRows rows = batch.view();
    const LeastSquaresSpec spec = make_spec(intercept);
    const auto computed = [&](Operations& operations) {
      LeastSquaresResults results(rows, spec);
      LeastSquaresView view = results.view(Wanted::plain);
      view.gram = results.gram.data();
      view.mean = results.mean.data();
      operations.least_squares(rows, spec, view);
      return results;
    };
    const LeastSquaresResults actual = computed(*cuda_);
    for (const Other& other : others_) expect_same(actual, computed(*other.operations));
  }
}

TEST_P(CudaLeastSquares, ChunksChangeNoBit) {
  const std::vector<Index> offsets{0, 30, 90, 700, 701, 800, 3400, 3450, 3700, 3700, 5000};
  for (const Index k : {4, 10}) {
    for (const Layout layout : {Layout::row_major, Layout::column_major}) {
      RowsCase c{5000, k + 1};
      c.layout = layout;
      c.weighted = true;
      const TestRows z(c);
      const LeastSquaresRows rows = regression_rows(z.view(), offsets);
      const LeastSquaresSpec spec = make_spec(true);
      const LeastSquaresResults expected = fitted(*make_cuda(Index{1} << 26), rows, spec, Wanted::plain);
      for (const Index chunk_bytes : {1000, 60000, 250000}) {
        SCOPED_TRACE("chunks of " + std::to_string(chunk_bytes) + " bytes");
        expect_same(fitted(*make_cuda(chunk_bytes), rows, spec, Wanted::plain), expected);
        expect_same(fitted(*make_cuda(chunk_bytes), rows, spec, Wanted::everything),
                    fitted(*cuda_, rows, spec, Wanted::everything));
      }
      const LeastSquaresResults reference = fitted(*others_[0].operations, rows, spec, Wanted::plain);
      expect_same(expected, reference);
    }
  }
}

TEST_P(CudaLeastSquares, NoProblemsAndNoRowsAreNoWork) {
  const TestRows none({0, 4});
  LeastSquaresRows rows = regression_rows(none.view(), {0});
  compared(rows, make_spec(true), Wanted::plain);
  const std::vector<Index> offsets{0, 0, 0};
  rows = regression_rows(none.view(), offsets);
  EXPECT_EQ(compared(rows, make_spec(true), Wanted::everything).status,
            std::vector<ProblemStatus>(2, ProblemStatus::too_few_rows));
}

TEST_P(CudaLeastSquares, MoreColumnsThanTheKernelsTakeGoToTheLibraries) {
  const DifficultBatch batch(150, 70, false);
  const LeastSquaresResults all = fitted(*cuda_, batch.view(), make_spec(true), Wanted::plain);
  EXPECT_EQ(all.status[0], ProblemStatus::ok);
  EXPECT_EQ(all.status[1], ProblemStatus::rank_deficient);
}

SIGMAHAT_ON_DEVICE(CudaLeastSquares);

}  // namespace
}  // namespace sigmahat::test
