// kernels/matrix_functions.cu against its definition, bit by bit where the level is D3.
#include "sigmahat/kernels/matrix_functions_launch.hpp"

#include "../support/matrix_function_cases.hpp"
#include "backends.hpp"
#include "kernel_test.hpp"

namespace sigmahat::test {
namespace {

class MatrixFunctions : public KernelTest {
 protected:
  Numbers launched(const MatrixCase& c) const {
    MatrixFunctionCall call = c.call;
    std::vector<DeviceArray<double>> operands;
    for (int which = 0; which < kMostOperands; ++which) {
      if (c.operands[which].empty()) continue;
      operands.push_back(put(stored(c.operands[which], call.is_float)));
      call.in[which].data = operands.back().get();
    }
    const Index count = call.items * c.out_entries();
    const DeviceArray<double> out(call.is_float ? (count + 1) / 2 : count);
    call.out = out.get();
    const DeviceArray<double> workspace(matrix_function_workspace(call));
    require_success(launch_matrix_function(stream(), call, workspace.get()));
    if (call.is_float) return fetch_floats(out, count);
    return fetch(out);
  }

  void expect_defined(const MatrixCase& c) const {
    const MatrixFunctionCall& call = c.call;
    SCOPED_TRACE(std::string(name_of(call.function)) + (call.is_float ? " float32 " : " float64 ") +
                 std::to_string(call.items) + " items, m n k = " + std::to_string(call.m) + " " +
                 std::to_string(call.n) + " " + std::to_string(call.k));
    const Numbers actual = launched(c), expected = defined(c);
    if (!kOnGpu || is_d3(call.function)) {
      EXPECT_TRUE(same_bits(actual, expected));
      return;
    }
    // A few last places of exp, log or tanh, in float64 before the result is rounded; sums of up to 70 terms.
    const double unit = 200 * (call.is_float ? 0x1p-24 : kRoundoff);
    ASSERT_EQ(actual.size(), expected.size());
    double scale = 0;
    for (const double value : expected) scale = std::isfinite(value) ? std::max(scale, std::abs(value)) : scale;
    for (std::size_t e = 0; e < actual.size(); ++e) {
      if (std::isfinite(expected[e])) {
        EXPECT_TRUE(within(actual[e], expected[e], unit * scale)) << "entry " << e;
      } else {
        EXPECT_TRUE(same_bits(actual[e], expected[e])) << "entry " << e;
      }
    }
  }

 private:
  /// `count` float32 numbers; the last double may be half unwritten, so it is not read.
  Numbers fetch_floats(const DeviceArray<double>& array, Index count) const {
    std::vector<float> narrow(static_cast<std::size_t>(count));
    synchronise();
    if (count > 0) {
      require_success(
          cudaMemcpyAsync(narrow.data(), array.get(), narrow.size() * sizeof(float), cudaMemcpyDeviceToHost, stream()));
      synchronise();
    }
    return Numbers(narrow.begin(), narrow.end());
  }
};

/// The entries of kronecker_pairs grow as n⁴.
Index affordable(MatrixFunction function, Index n) {
  return function == MatrixFunction::kronecker_pairs && n > 9 ? 9 : n;
}

TEST_P(MatrixFunctions, HaveTheDefinedBitsWithANaNAndASingularItemAmongTheOthers) {
  const Index extents[][3] = {{1, 1, 1}, {2, 3, 5}, {5, 2, 3}, {9, 16, 4}, {31, 32, 33}, {33, 31, 2}};
  for (const MatrixFunction function : all_matrix_functions()) {
    for (const auto& [m, n, k] : extents) {
      for (const bool is_float : {false, true}) {
        expect_defined(matrix_case(function, m > 30 ? 4 : 7, m, affordable(function, n), k, is_float));
      }
    }
  }
}

TEST_P(MatrixFunctions, HaveTheDefinedBitsWhereABlockTakesAnItem) {
  for (const MatrixFunction function : all_matrix_functions()) {
    expect_defined(matrix_case(function, 2, 70, affordable(function, 65), 9, false));
  }
  expect_defined(matrix_case(MatrixFunction::multiply, 1, 5, 4, 300, true));
}

TEST_P(MatrixFunctions, KeepScratchInTheWorkspaceWhereSharedMemoryIsTooSmall) {
  const MatrixCase inverse = matrix_case(MatrixFunction::inverse, 2, 1, 80, 1, false);
  EXPECT_EQ(matrix_function_workspace(inverse.call), 2 * (2 * 80 * 80 + 4 * 80));
  expect_defined(inverse);
  EXPECT_EQ(matrix_function_workspace(matrix_case(MatrixFunction::inverse, 2, 1, 64, 1, false).call), 0);
}

TEST_P(MatrixFunctions, AnOperandMayServeAllItemsAndOthersMayHaveGaps) {
  for (const MatrixFunction function : all_matrix_functions()) {
    for (int shared = -1; shared < kMostOperands; ++shared) {
      expect_defined(matrix_case(function, 5, 4, 3, 2, shared == 1, shared, 2));
    }
  }
}

TEST_P(MatrixFunctions, ElementFunctionsAndTheirDerivatives) {
  for (const auto element : {ElementFunction::exp, ElementFunction::log, ElementFunction::tanh,
                             ElementFunction::logistic, ElementFunction::power}) {
    for (const MatrixFunction function : {MatrixFunction::map, MatrixFunction::map_differential}) {
      for (const double exponent : {1.5, 0.0, -2.0}) {
        MatrixCase c = matrix_case(function, 3, 4, 3, 1, false);
        c.call.element = element;
        c.call.exponent = exponent;
        expect_defined(c);
      }
    }
  }
}

TEST_P(MatrixFunctions, AProductWithoutC) {
  for (const bool is_float : {false, true}) {
    MatrixCase c = matrix_case(MatrixFunction::multiply, 3, 6, 7, 5, is_float);
    c.operands[2].clear();
    c.call.in[2].stride = 0;
    expect_defined(c);
  }
}

TEST_P(MatrixFunctions, NoItemsAreNoWork) {
  for (const MatrixFunction function : all_matrix_functions()) {
    MatrixFunctionCall call;
    call.function = function;
    require_success(launch_matrix_function(stream(), call, nullptr));
    EXPECT_EQ(matrix_function_workspace(call), 0);
  }
  synchronise();
}

TEST_P(MatrixFunctions, ThreadsWalkOnThroughMoreItemsThanTheGridHasRoomFor) {
  expect_defined(matrix_case(MatrixFunction::dot, 2048 * 16 + 5, 1, 1, 1, false));
  expect_defined(matrix_case(MatrixFunction::bilinear_form, 2048 * 4 + 3, 6, 11, 1, true));
}

TEST_P(MatrixFunctions, AWarpTakesALargerItemWhereThereAreMany) {
  expect_defined(matrix_case(MatrixFunction::quadratic_form_gradient, 2049, 1, 23, 1, false));
}

TEST_P(MatrixFunctions, FunctionsByEntryTakeADenseBatchAsOneRowOfNumbers) {
  for (const Index items : {2048 * 3 / 6, 2048 * 3 / 6 + 1, 7}) {
    expect_defined(matrix_case(MatrixFunction::combine, items, 2, 3, 1, false));
    expect_defined(matrix_case(MatrixFunction::hadamard, items, 3, 2, 1, true));
  }
}

SIGMAHAT_ON_DEVICE(MatrixFunctions);

class MatrixFunctionOperations : public KernelTest {};

TEST_P(MatrixFunctionOperations, HaveTheBitsOfTheOtherBackends) {
  const auto cuda = make_cuda();
  const auto all = others();
  for (const MatrixFunction function : all_matrix_functions()) {
    if (kOnGpu && !is_d3(function)) continue;  // compared above, within their accuracy
    for (const bool is_float : {false, true}) {
      const MatrixCase c = matrix_case(function, 9, 6, 5, 7, is_float);
      const Numbers actual = computed(*cuda, c);
      for (const Other& other : all) {
        EXPECT_TRUE(same_bits(actual, computed(*other.operations, c))) << name_of(function) << " on " << other.name;
      }
    }
  }
  const MatrixCase large = matrix_case(MatrixFunction::adjugate, 2, 1, 79, 1, false);  // scratch in the workspace
  EXPECT_TRUE(same_bits(computed(*cuda, large), defined(large)));
}

SIGMAHAT_ON_DEVICE(MatrixFunctionOperations);

}  // namespace
}  // namespace sigmahat::test
