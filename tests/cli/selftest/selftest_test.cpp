// `sigmahat selftest`: it passes, and it sees faults. What the stored results are worth: selftest_*_truth_test.cpp.
#include "selftest.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "application.hpp"
#include "backends/factory.hpp"
#include "cli_support.hpp"
#include "exit_code.hpp"
#include "sigmahat/host/error.hpp"
#include "support/counting_operations.hpp"

namespace sigmahat::cli::test {
namespace {

using selftest::Check;
using selftest::Expected;
using selftest::Kind;
using selftest::Levels;
using selftest::Quantity;
using DeviceRun = selftest::Run;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

Expected& entry(std::vector<Expected>& table, const std::string& name) {
  const auto place = std::find_if(table.begin(), table.end(), [&](const Expected& one) { return one.name == name; });
  if (place == table.end()) throw std::invalid_argument("no entry " + name);
  return *place;
}

double next(double value) { return std::nextafter(value, INFINITY); }

/// What the program prints and returns for these runs.
struct Reported {
  int code = -1;
  std::string out, err;
};
Reported reported(const std::vector<DeviceRun>& runs, bool json = false) {
  ::testing::internal::CaptureStdout();
  ::testing::internal::CaptureStderr();
  const int code = with_exit_code([&] {
    report_selftest(runs, json);
    return 0;
  });
  std::string out = ::testing::internal::GetCapturedStdout();
  return {code, std::move(out), ::testing::internal::GetCapturedStderr()};
}

TEST(Selftest, PassesOnEveryDevice) {
  const Outcome outcome = run_sigmahat({"selftest", "--json"});
  ASSERT_EQ(outcome.code, kExitOk) << outcome.err;
  const Json report = outcome.json();
  EXPECT_EQ(report.at("version"), SIGMAHAT_VERSION);
  EXPECT_EQ(report.at("failed"), 0);
  EXPECT_EQ(report.at("passed"), report.at("checks").size());
  EXPECT_GT(report.at("seconds").get<double>(), 0);
  std::set<std::string> runs, checked;
  for (const Json& run : report.at("runs")) {
    runs.insert(run.at("device").get<std::string>());
    EXPECT_FALSE(run.at("description").get<std::string>().empty());
    EXPECT_FALSE(run.at("instruction_set").get<std::string>().empty());
    EXPECT_TRUE(run.at("backend") != "cpu" || run.at("libraries").contains("OpenBLAS"));
  }
  for (const DeviceEntry& device : list_devices()) {
    EXPECT_EQ(runs.contains(device.name), device.available && device.name != "cpu") << device.name;
  }
  EXPECT_TRUE(runs.contains("cpu with 1 thread"));
  EXPECT_EQ(std::count_if(runs.begin(), runs.end(), [](const std::string& run) { return run.starts_with("cpu"); }), 2);
  for (const Json& check : report.at("checks")) {
    EXPECT_EQ(check.at("passed"), true);
    EXPECT_TRUE(check.at("expected").is_null());
    EXPECT_EQ(check.at("bound").is_null(), check.at("compared_with") != "bound");
    checked.insert(check.at("device").get<std::string>());
  }
  EXPECT_EQ(checked, runs) << "a device on which nothing was checked";
}

TEST(Selftest, NeedsNoFileAndNoThreads) {
  const Outcome outcome = run_sigmahat(
      {"selftest"}, +[] {
        setenv("OMP_NUM_THREADS", "1", 1);
        if (chdir("/") != 0) _exit(126);
      });
  ASSERT_EQ(outcome.code, kExitOk) << outcome.err;
  EXPECT_THAT(outcome.out, StartsWith(std::string("sigmahat ") + SIGMAHAT_VERSION + "\n"));
  EXPECT_THAT(outcome.out, HasSubstr("  cpu with 2 threads  ")) << "several threads on a single core, too";
  EXPECT_THAT(outcome.out, AllOf(HasSubstr("OpenBLAS"), HasSubstr("\nLongley's regression by QR: coefficients ")));
  EXPECT_THAT(outcome.out, Not(HasSubstr("FAILED")));
  EXPECT_THAT(outcome.out, HasSubstr(" passed, 0 failed, "));
  EXPECT_THAT(outcome.err, IsEmpty());
}

TEST(Selftest, OneDevice) {
  const Outcome outcome = run_sigmahat({"selftest", "--device", "reference", "--json"});
  ASSERT_EQ(outcome.code, kExitOk) << outcome.err;
  const Json report = outcome.json();
  ASSERT_EQ(report.at("runs").size(), 1u);
  EXPECT_EQ(report.at("runs")[0].at("device"), "reference");
  const Outcome unknown = run_sigmahat({"selftest", "--device", "tpu"});
  EXPECT_EQ(unknown.code, kExitUsage);
  EXPECT_THAT(unknown.err, HasSubstr("--device"));
  EXPECT_EQ(run_sigmahat({"selftest", "--device", "cuda:99"}).code, kExitDevice);
  EXPECT_EQ(run_sigmahat({"selftest", "--print-expected", "--json"}).code, kExitUsage);
}

TEST(SelftestExpected, TheTableIsWhatTheReferenceComputes) {
  const std::vector<Quantity> found = selftest::measure(Context({"reference", 0}));
  const std::string stored = read_file(SIGMAHAT_SELFTEST_EXPECTED);
  std::vector<std::string> names, in_table;
  for (const Quantity& quantity : found) {
    if (!selftest::has_entry(quantity)) continue;
    names.push_back(quantity.name);
    // Logarithms are those of the C library that wrote the table; Selftest.PassesOnEveryDevice has their bounds.
    if (!selftest::has_stored_bits(quantity)) continue;
    EXPECT_THAT(stored, HasSubstr(selftest::expected_entry(quantity)))
        << "if the change is meant: sigmahat selftest --print-expected > cli/selftest/expected.cpp";
  }
  for (const Expected& one : selftest::expected_results()) in_table.push_back(one.name);
  EXPECT_EQ(in_table, names);
  const Outcome outcome = run_sigmahat({"selftest", "--print-expected"});
  EXPECT_EQ(outcome.code, kExitOk);
  EXPECT_EQ(outcome.out, selftest::expected_source(found));
}

TEST(SelftestExpected, DigestsAreSha256OfTheBytes) {
  const double values[] = {1, -2.5}, swapped[] = {-2.5, 1};
  // printf '\0\0\0\0\0\0\360\77\0\0\0\0\0\0\4\300' | sha256sum
  EXPECT_EQ(selftest::digest(values), "f138ae8a7b9a72de60b736f59d2474dd5b2357f5817f0dfa3309f5da5e629d87");
  EXPECT_NE(selftest::digest(values), selftest::digest(swapped));
}

class SelftestFault : public ::testing::Test {
 protected:
  /// Runs on the CPU against the table, and expects one failure.
  void expect_failure(const std::string& name, const std::string& message) {
    std::vector<Quantity> found;
    const std::vector<DeviceRun> runs = {selftest_run(Context({"cpu", 1}), "cpu with 1 thread", table_, found)};
    const Reported report = reported(runs);
    EXPECT_EQ(report.code, kExitCheckFailed);
    EXPECT_THAT(report.err, AllOf(StartsWith("sigmahat: error: 1 of "), HasSubstr(" checks failed: " + name),
                                  HasSubstr(" on cpu with 1 thread"), HasSubstr(message)));
    EXPECT_THAT(report.out, AllOf(HasSubstr("FAILED: " + name), HasSubstr(", 1 failed, ")));
    const Json json = Json::parse(reported(runs, true).out);
    EXPECT_EQ(json.at("failed"), 1);
    for (const Json& check : json.at("checks")) {
      if (check.at("passed") == true) continue;
      EXPECT_EQ(check.at("check"), name);
      EXPECT_FALSE(check.at("expected").get<std::string>().empty());
      EXPECT_FALSE(check.at("found").get<std::string>().empty());
    }
  }

  std::vector<Expected> table_ = selftest::expected_results();
};

TEST_F(SelftestFault, OneStoredBit) {
  double& value = entry(table_, "Longley's regression by QR: standard errors").values[2];
  const std::string was = fmt::format("0x{:016x}", std::bit_cast<std::uint64_t>(value));
  value = next(value);
  expect_failure("Longley's regression by QR: standard errors", was);
}

TEST_F(SelftestFault, ADigest) {
  entry(table_, "60 ragged regressions").sha256.front() ^= 1;
  expect_failure("60 ragged regressions", "expected SHA-256 ");
}

TEST_F(SelftestFault, ADigestBesideValues) {
  entry(table_, "Cholesky factor of 8 columns").sha256.front() ^= 1;
  expect_failure("Cholesky factor of 8 columns", "expected SHA-256 ");
}

TEST_F(SelftestFault, AStoredValueBeyondItsBound) {
  double& value = entry(table_, "log-likelihood of 100 columns").values[0];
  value *= 1 + 3e-12;
  expect_failure("log-likelihood of 100 columns", "within 1e-12");
}

TEST_F(SelftestFault, ANanInTheTable) {
  entry(table_, "log-likelihood of 100 columns").values[0] = kCanonicalNaN;
  expect_failure("log-likelihood of 100 columns", "nan");
}

TEST_F(SelftestFault, AMissingEntry) {
  std::erase_if(table_, [](const Expected& one) { return one.name == "moments of 33 columns"; });
  expect_failure("moments of 33 columns", "an entry in the table");
}

TEST_F(SelftestFault, AMissingResult) {
  table_.push_back({"what nobody computes", "", {1}});
  expect_failure("what nobody computes", "expected a result, found none");
}

TEST_F(SelftestFault, AMissingValue) {
  entry(table_, "regression on 100 columns: 24 numbers").values.pop_back();
  expect_failure("regression on 100 columns: 24 numbers", "expected 23 values, found 24 values");
}

/// A GPU with one wrong bit in its Cholesky factors.
class WrongFactor : public sigmahat::test::CountingOperations {
 public:
  using CountingOperations::CountingOperations;
  BackendInfo info() const override {
    BackendInfo info = CountingOperations::info();
    info.name = "cuda";
    return info;
  }
  ProblemStatus cholesky(Index p, const double* a, double* l) override {
    const ProblemStatus status = CountingOperations::cholesky(p, a, l);
    l[1] = next(l[1]);
    return status;
  }
};

TEST(SelftestDevice, OneWrongBitIsSeen) {
  sigmahat::test::CallCounts counts;
  const Context faulty(std::make_unique<WrongFactor>(backends::make_reference(), counts), "cuda:0");
  std::vector<Quantity> found;
  const DeviceRun run = selftest_run(faulty, "cuda:0", selftest::expected_results(), found);
  std::set<std::string> failed;
  for (const Check& check : run.checks) {
    if (!check.passed) failed.insert(check.name);
  }
  // The distances follow from the factor; everything else has its own.
  EXPECT_THAT(failed, ::testing::ElementsAre("Cholesky factor of 8 columns",
                                             "Mahalanobis distances of 1000 rows of 8 columns"));
  const Reported report = reported({run});
  EXPECT_EQ(report.code, kExitCheckFailed);
  EXPECT_THAT(report.err, HasSubstr("Cholesky factor of 8 columns on cuda:0, stored bits: expected value 1: 2.0877"));
}

/// A GPU that fails.
class Broken : public sigmahat::test::CountingOperations {
 public:
  using CountingOperations::CountingOperations;
  ProblemStatus cholesky(Index, const double*, double*) override {
    throw DeviceError("cusolverDnDpotrf: CUSOLVER_STATUS_EXECUTION_FAILED (6)");
  }
};

TEST(SelftestDevice, OneThatFailsDoesNotHideTheOthers) {
  const auto runs_of = [](const std::string& device) {
    if (device != "cuda:0") return selftest_runs(device, selftest::expected_results());
    sigmahat::test::CallCounts counts;
    const Context broken(std::make_unique<Broken>(backends::make_reference(), counts), device);
    std::vector<Quantity> found;
    return std::vector{selftest_run(broken, device, selftest::expected_results(), found)};
  };
  const Reported report = reported(collect_runs({"cuda:0", "reference"}, runs_of));
  EXPECT_EQ(report.code, kExitCheckFailed);
  EXPECT_THAT(report.out, AllOf(HasSubstr("checks on cuda:0, reference: "), HasSubstr(", 1 failed, ")));
  EXPECT_THAT(report.err, HasSubstr("every result on cuda:0, stored bits: expected one, found cusolverDnDpotrf: "
                                    "CUSOLVER_STATUS_EXECUTION_FAILED"));
  EXPECT_THROW(collect_runs({"cuda:0"}, runs_of), DeviceError) << "the only device, asked for";
}

/// A GPU that computes its logarithms differently from time to time.
class Unsteady : public WrongFactor {
 public:
  using WrongFactor::WrongFactor;
  void gaussian_evaluate(Index p, std::span<const Index> active, const GaussianData& data, const GaussianPoint& point,
                         std::span<GaussianEvaluation> evaluations) override {
    CountingOperations::gaussian_evaluate(p, active, data, point, evaluations);
    for (GaussianEvaluation& evaluation : evaluations) {
      if (++calls_ % 2 == 0) evaluation.log_determinant = next(evaluation.log_determinant);
    }
  }

 private:
  int calls_ = 0;
};

TEST(SelftestDevice, BitsThatChangeFromRunToRunAreSeen) {
  sigmahat::test::CallCounts counts;
  const Context faulty(std::make_unique<Unsteady>(backends::make_reference(), counts), "cuda:0");
  std::vector<Quantity> found;
  const DeviceRun run = selftest_run(faulty, "cuda:0", selftest::expected_results(), found);
  EXPECT_TRUE(std::any_of(run.checks.begin(), run.checks.end(), [](const Check& check) {
    return check.kind == Kind::same_bits && !check.passed && check.name.starts_with("log-likelihood");
  }));
}

constexpr Levels kD1, kD2OnCpu{Determinism::d2, Determinism::d1}, kD3OnCpu{Determinism::d3, Determinism::d1},
    kD3{Determinism::d3, Determinism::d3};

Quantity quantity(Levels levels, std::vector<double> values, std::optional<double> bound = {},
                  std::vector<double> truth = {}) {
  return {"x", levels, std::move(values), bound, std::move(truth), false};
}

/// Whether all checks of the quantity pass, of which there must be `count`.
bool passes(const Quantity& found, const Quantity& stored, const std::vector<Quantity>& earlier, bool on_gpu,
            std::size_t count) {
  const std::vector<Check> checks =
      selftest::compare({found}, {{"x", selftest::digest(stored.values), stored.values}}, earlier, on_gpu);
  EXPECT_EQ(checks.size(), count);
  return std::all_of(checks.begin(), checks.end(), [](const Check& check) { return check.passed; });
}

TEST(SelftestCompare, LevelsSayWhatIsCompared) {
  const Quantity one = quantity(kD3, {1});
  for (const bool on_gpu : {false, true}) {
    EXPECT_TRUE(passes(quantity(kD3, {1}), one, {}, on_gpu, 1));
    EXPECT_FALSE(passes(quantity(kD3, {next(1)}), one, {}, on_gpu, 1));
    EXPECT_FALSE(passes(quantity(kD2OnCpu, {next(1)}, 1), one, {one}, on_gpu, 2));
    EXPECT_TRUE(passes(quantity(kD2OnCpu, {next(1)}, 1), one, {quantity(kD1, {next(1)})}, on_gpu, 2));
  }
  EXPECT_FALSE(passes(quantity(kD3OnCpu, {next(1)}), one, {}, false, 1));
  EXPECT_TRUE(passes(quantity(kD3OnCpu, {next(1)}, 1e-15), one, {}, true, 1));
  EXPECT_FALSE(passes(quantity(kD3OnCpu, {next(1)}), one, {one}, true, 1)) << "from run to run";
  EXPECT_FALSE(passes(quantity(kD1, {next(1)}, 1), one, {one}, true, 2)) << "from run to run";
  EXPECT_TRUE(passes(quantity(kD1, {next(1)}, 1), one, {one}, false, 1)) << "threads may differ";
}

TEST(SelftestCompare, BitsAreMoreThanValues) {
  const Quantity zero = quantity(kD3, {0.0}), nan = quantity(kD3, {kCanonicalNaN});
  EXPECT_FALSE(passes(quantity(kD3, {-0.0}), zero, {}, false, 1));
  EXPECT_TRUE(passes(nan, nan, {}, false, 1)) << "a NaN that is expected";
  EXPECT_FALSE(passes(quantity(kD3, {-kCanonicalNaN}), nan, {}, false, 1));
  EXPECT_FALSE(passes(quantity(kD3, {0, 0}), zero, {}, false, 1));
  EXPECT_FALSE(passes(quantity(kD3, {}), zero, {}, false, 1));
}

TEST(SelftestCompare, BoundsAreRelativeAndRefuseNan) {
  const auto within = [](double found, double truth, double bound) {
    return passes(quantity(kD1, {found}, bound, {truth}), quantity(kD1, {}), {}, false, 1);
  };
  EXPECT_TRUE(within(101, 100, 0.01));
  EXPECT_FALSE(within(101.01, 100, 0.01));
  EXPECT_FALSE(within(98.99, 100, 0.01));
  EXPECT_TRUE(within(0.01, 0, 0.01));
  EXPECT_FALSE(within(-0.02, 0, 0.01));
  for (const double bound : {0.01, 1e300}) {
    EXPECT_FALSE(within(kCanonicalNaN, 1, bound));
    EXPECT_FALSE(within(1, kCanonicalNaN, bound));
    EXPECT_FALSE(within(INFINITY, 1, bound));
    EXPECT_FALSE(within(INFINITY, INFINITY, bound));
  }
  const Quantity none = quantity(kD1, {}, 1);
  EXPECT_FALSE(passes(none, none, {}, false, 1)) << "nothing that was checked is nothing that passed";
  const std::vector<Check> checks =
      selftest::compare({quantity(kD1, {5, kCanonicalNaN, 1}, 1, {1, 1, 1})}, {{"x", "", {}}}, {}, false);
  EXPECT_TRUE(std::isnan(checks.at(0).error)) << "the worst error is the NaN, wherever it stands";
  EXPECT_THAT(checks.at(0).expected, StartsWith("value 0: 1 within 1"));
}

TEST(SelftestReport, ManyFailuresAreCutShort) {
  DeviceRun run{"cpu with 1 thread", {}, {}, 0};
  for (int k = 0; k < 30; ++k) {
    run.checks.push_back({fmt::format("check {}", k), Kind::stored_bits, 0, 0, false, "a", "b"});
  }
  const Reported report = reported({run});
  EXPECT_EQ(report.code, kExitCheckFailed);
  EXPECT_THAT(report.out,
              HasSubstr("FAILED: check 19 on cpu with 1 thread, stored bits: expected a, found b\nand 10 more"));
  EXPECT_EQ(
      report.err,
      "sigmahat: error: 30 of 30 checks failed: check 0 on cpu with 1 thread, stored bits: expected a, found b; and "
      "29 more\n");
}

}  // namespace
}  // namespace sigmahat::cli::test
