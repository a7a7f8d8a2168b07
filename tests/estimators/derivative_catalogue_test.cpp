// The catalogue of derivatives: every entry holds on every device, and a closed form that is off does not.
#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>
#include <initializer_list>
#include <limits>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "backends/factory.hpp"
#include "sigmahat/derivative_catalogue.hpp"
#include "sigmahat/host/error.hpp"
#include "support/counting_operations.hpp"
#include "support/devices.hpp"

namespace sigmahat {
namespace {

using test::CallCounts;
using test::CountingOperations;

std::string text_of(const DerivativeCheck& check) {
  return check.entry + (check.precision == ScalarType::float32 ? ", float32, " : ", float64, ") + check.sizes +
         ": error " + std::to_string(check.error) + ", share of the bound " + std::to_string(check.share_of_bound);
}

class DerivativeCatalogue : public test::DeviceTest {
 protected:
  void expect_groups_hold(std::initializer_list<const char*> groups) const {
    for (const DerivativeEntry& entry : derivative_catalogue()) {
      if (std::find(groups.begin(), groups.end(), std::string_view(entry.group)) == groups.end()) continue;
      const std::vector<DerivativeCheck> checks = check_derivative(context(), entry.name);
      EXPECT_GE(checks.size(), 3U);
      for (const DerivativeCheck& check : checks) EXPECT_TRUE(check.passed()) << text_of(check);
    }
  }
};

TEST_P(DerivativeCatalogue, VectorsAndLayoutsHold) { expect_groups_hold({"vectors", "layouts"}); }
TEST_P(DerivativeCatalogue, MatricesHold) { expect_groups_hold({"matrices"}); }
TEST_P(DerivativeCatalogue, DifferentialsHold) { expect_groups_hold({"differentials"}); }
TEST_P(DerivativeCatalogue, CurvesHold) { expect_groups_hold({"curves"}); }
TEST_P(DerivativeCatalogue, TheTraceAndTheLinkHold) { expect_groups_hold({"trace", "link"}); }
TEST_P(DerivativeCatalogue, SymmetricArgumentsHold) { expect_groups_hold({"symmetric"}); }
TEST_P(DerivativeCatalogue, SecondDerivativesHold) { expect_groups_hold({"second order"}); }
TEST_P(DerivativeCatalogue, TheGaussianHolds) { expect_groups_hold({"gaussian"}); }
SIGMAHAT_ON_EVERY_DEVICE(DerivativeCatalogue);

TEST(DerivativeCatalogueTest, EntriesSayEverythingAndStandTogetherByGroup) {
  std::vector<std::string> groups;
  for (const DerivativeEntry& entry : derivative_catalogue()) {
    for (const char* text : {entry.name, entry.group, entry.formula, entry.sizes, entry.layout, entry.function,
                             entry.bound, entry.source, entry.proof}) {
      ASSERT_NE(text, nullptr) << entry.name;
      EXPECT_NE(std::string_view(text), "") << entry.name;
      EXPECT_THAT(text, ::testing::Not(::testing::HasSubstr("\n"))) << entry.name;
    }
    if (!groups.empty() && groups.back() == entry.group) continue;
    EXPECT_THAT(groups, ::testing::Not(::testing::Contains(entry.group))) << entry.name << " is in another folder";
    groups.emplace_back(entry.group);
  }
}

TEST(DerivativeCatalogueTest, NamesAreUniqueAndGroupsAreTheTestedOnes) {
  std::vector<std::string> seen;
  for (const DerivativeEntry& entry : derivative_catalogue()) {
    EXPECT_THAT(seen, ::testing::Not(::testing::Contains(entry.name)));
    seen.emplace_back(entry.name);
    EXPECT_THAT(std::string(entry.group), ::testing::AnyOf("vectors", "layouts", "matrices", "differentials", "curves",
                                                           "trace", "link", "symmetric", "second order", "gaussian"));
    EXPECT_EQ(find_derivative(entry.name), &entry);
  }
  EXPECT_GE(seen.size(), 40U);
  EXPECT_EQ(find_derivative("quadratic"), nullptr);
  EXPECT_THROW(check_derivative(Context({"reference", 0}), "quadratic"), InvalidArgument);
}

/// The CPU backend, which spoils the last number of every matrix function.
class FaultyOperations final : public CountingOperations {
 public:
  FaultyOperations(std::unique_ptr<Operations> inner, CallCounts& counts, double fault)
      : CountingOperations(std::move(inner), counts), fault_(fault) {}
  void matrix_function(const MatrixFunctionCall& call) override {
    CountingOperations::matrix_function(call);
    const Index last = call.items * shapes_of(call).out.entries() - 1;
    if (call.is_float) {
      spoil(static_cast<float*>(call.out)[last]);
    } else {
      spoil(static_cast<double*>(call.out)[last]);
    }
  }

 private:
  template <class T>
  void spoil(T& value) const {
    value = static_cast<T>(value + fault_ * std::max(1.0, std::abs(static_cast<double>(value))));
  }
  double fault_;
};

class FaultyDerivative : public ::testing::TestWithParam<double> {};

TEST_P(FaultyDerivative, IsFoundInEveryEntryThatUsesIt) {
  for (const DerivativeEntry& entry : derivative_catalogue()) {
    CallCounts counts;
    const Context context(std::make_unique<FaultyOperations>(backends::make_cpu(0), counts, GetParam()), "faulty");
    const std::vector<DerivativeCheck> checks = check_derivative(context, entry.name);
    ASSERT_GT(counts.matrix_functions, 0) << entry.name;
    for (const DerivativeCheck& check : checks) EXPECT_FALSE(check.passed()) << text_of(check);
  }
}
INSTANTIATE_TEST_SUITE_P(Faults, FaultyDerivative, ::testing::Values(1e-3, std::numeric_limits<double>::quiet_NaN()),
                         [](const auto& parameter) { return std::isnan(parameter.param) ? "NaN" : "Deviation"; });

}  // namespace
}  // namespace sigmahat
