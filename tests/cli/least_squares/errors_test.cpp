// Everything that can be wrong with `least-squares fit`: one message, an exit code from the table, and no output file.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <map>

#include "exit_code.hpp"
#include "least_squares_support.hpp"

namespace sigmahat::cli::test {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

struct LeastSquaresError {
  std::string name;                    ///< of the test
  std::vector<std::string> arguments;  ///< IN/ stands for the folder of the files
  int code;
  std::vector<std::string> fragments;             ///< of the message
  std::map<std::string, std::string> files = {};  ///< beside those that are always there
};

void PrintTo(const LeastSquaresError& error, std::ostream* out) { *out << error.name; }

const std::vector<double> kNumbers{1, 2, 4, 3, 5, 9, 7, 8, 6, 2, 1, 3};

/// A table, a batch of 2 problems of 3 rows and 2 columns, and one problem of 6 rows.
std::map<std::string, std::string> standard_files() {
  const std::vector<double> six(kNumbers.begin(), kNumbers.begin() + 6);
  return {{"d.csv", "g,x,z,y,w\na,1,2,3,1\na,2,1,5,1\nb,4,4,4,1\nb,3,1,2,1\n"},
          {"X.npy", npy_numbers(kNumbers, "(2, 3, 2)")},
          {"y.npy", npy_numbers(six, "(2, 3)")},
          {"X2.npy", npy_numbers(kNumbers, "(6, 2)")},
          {"y2.npy", npy_numbers(six, "(6,)")}};
}

class LeastSquaresErrors : public ::testing::TestWithParam<LeastSquaresError> {};

TEST_P(LeastSquaresErrors, OneMessageCodeAndNoOutput) {
  const LeastSquaresError& error = GetParam();
  const Folder inputs, outputs;
  auto files = standard_files();
  for (const auto& [name, content] : error.files) files[name] = content;
  for (const auto& [name, content] : files) inputs.write(name, content);
  std::vector<std::string> arguments{"least-squares", "fit"};
  bool with_output = true;
  for (std::string argument : error.arguments) {
    with_output = with_output && argument != "--out";
    if (const std::size_t at = argument.find("IN/"); at != std::string::npos) argument.replace(at, 3, inputs.path(""));
    arguments.push_back(argument);
  }
  if (with_output) arguments.insert(arguments.end(), {"--out", outputs.path("fit.npz")});
  const Outcome outcome = run_sigmahat(arguments);
  EXPECT_EQ(outcome.code, error.code) << outcome.err;
  EXPECT_THAT(outcome.out, IsEmpty());
  EXPECT_THAT(outcome.err, StartsWith("sigmahat: error: "));
  EXPECT_EQ(std::count(outcome.err.begin(), outcome.err.end(), '\n'), 1) << outcome.err;
  for (const std::string& fragment : error.fragments) EXPECT_THAT(outcome.err, HasSubstr(fragment));
  EXPECT_THAT(outputs.names(), IsEmpty());
}

std::vector<std::string> table(std::vector<std::string> more) {
  more.insert(more.begin(), {"IN/d.csv", "--y", "y"});
  return more;
}
std::vector<std::string> tensors(std::vector<std::string> more) {
  more.insert(more.begin(), {"--X", "IN/X.npy", "--y", "IN/y.npy"});
  return more;
}
std::vector<std::string> ragged(std::vector<std::string> more = {}) {
  more.insert(more.begin(), {"--X", "IN/X2.npy", "--y", "IN/y2.npy", "--offsets", "IN/o.npy"});
  return more;
}

std::vector<LeastSquaresError> table_cases() {
  const std::vector<std::string> xz{"--x", "x,z"};
  const auto cells = [](const std::string& name, const std::string& content, std::vector<std::string> more,
                        std::vector<std::string> fragments) {
    return LeastSquaresError{name, table(std::move(more)), kExitData, std::move(fragments), {{"d.csv", content}}};
  };
  return {
      {"NoData", {"--y", "y"}, kExitUsage, {"a table FILE or an array --X is needed"}},
      {"NoResponse", {"IN/d.csv"}, kExitUsage, {"--y is needed"}},
      {"EmptyResponse", {"IN/d.csv", "--y", ""}, kExitUsage, {"--y: the name is empty"}},
      {"UnknownResponse", {"IN/d.csv", "--y", "yy"}, kExitUsage, {"--y: ", "no column 'yy'"}},
      {"UnknownPredictor",
       table({"--x", "x,zz"}),
       kExitUsage,
       {"--x: ", "no column 'zz'; its columns are: g, x, z, y, w"}},
      {"ResponseAmongPredictors", table({"--x", "x,y"}), kExitUsage, {"--x: column 'y' is the one that --y names"}},
      {"RepeatedPredictor", table({"--x", "x,z,x"}), kExitUsage, {"--x: column 'x' is named twice"}},
      {"WeightsAreTheResponse",
       table({"--x", "x", "--weights", "y"}),
       kExitUsage,
       {"--weights: column 'y' is the one that --y names"}},
      {"GroupIsAPredictor", table({"--x", "x,g", "--by", "g"}), kExitUsage, {"'g' is the one that --by names"}},
      {"NotNumeric",
       table({"--x", "x,g"}),
       kExitData,
       {"d.csv: row 1 (line 2), column 'g': 'a' is not a number", "choose others with --x"}},
      {"ResponseNotNumeric", {"IN/d.csv", "--y", "g"}, kExitData, {"column 'g': 'a' is not", "another with --y"}},
      {"WeightsNotNumeric",
       table({"--x", "x", "--weights", "g"}),
       kExitData,
       {"column 'g': 'a' is not a number", "choose another with --weights"}},
      {"Semicolons",
       table({}),
       kExitUsage,
       {"its columns are: y;a; the header has semicolons"},
       {{"d.csv", "y;a\n1;2\n"}}},
      {"Tabs", table({}), kExitUsage, {"its columns are: y\\ta; the header has tabs"}, {{"d.csv", "y\ta\n1\t2\n"}}},
      {"DecimalCommas",
       {"IN/d.csv", "--y", "y;a"},
       kExitUsage,
       {"no column is left to predict with", "the header has semicolons but no comma"},
       {{"d.csv", "y;a\n1,5;2\n"}}},
      {"CommaInAName", table({"--x", "z"}), kExitUsage, {"are: \"a,b\", c, y"}, {{"d.csv", "\"a,b\",c,y\n1,2,3\n"}}},
      {"BatchAsTable",
       {"IN/X.npy", "--y", "IN/y.npy"},
       kExitData,
       {"X.npy: the array has 3 dimensions (2 × 3 × 2)", "give a batch of problems as --X"}},
      {"ResponseOfATableIsAFile",
       {"IN/X2.npy", "--y", "IN/y2.npy"},
       kExitUsage,
       {"--y: ", "X2.npy is a table", "give the predictors as --X"}},
      {"NotNumericByDefault", table({}), kExitData, {"column 'g': 'a' is not a number", "--x"}},
      {"NoColumns",
       table({}),
       kExitUsage,
       {"no column is left to predict with, and --x names none", "gaussian fit"},
       {{"d.csv", "y\n1\n2\n"}}},
      cells("MissingCell", "x,z,y\n1,1,2\n,2,3\n4,5,6\n2,2,2\n", {},
            {"d.csv: row 2 (line 3), column 'x': the value is missing (NaN)", "--missing drop", "--missing status"}),
      cells("InfiniteResponse", "x,y\n1,1\n2,inf\n3,1\n4,4\n", {},
            {"row 2 (line 3), column 'y': the value is infinite"}),
      cells("MissingInAGroup", "g,x,y\na,1,1\nb,1,1\na,2,2\nb,NA,2\na,3,4\nb,3,5\n", {"--by", "g"},
            {"d.csv: row 4 (line 5), column 'x'"}),
      cells("MissingWeight", "x,y,w\n1,1,1\n2,1,NA\n3,1,1\n", {"--weights", "w"}, {"row 2 (line 3), column 'w'"}),
      cells("MissingLabel", "g,x,y\na,1,1\n,2,3\n", {"--by", "g", "--missing", "status"},
            {"the group label is missing"}),
      cells("NegativeWeight", "x,y,w\n1,1,1\n2,1,-2\n3,1,1\n", {"--weights", "w"},
            {"row 2 (line 3), column 'w': the weight -2 is negative"}),
      {"InterceptByName",
       table({}),
       kExitUsage,
       {"'intercept'", "--no-intercept"},
       {{"d.csv", "intercept,y\n1,2\n1,3\n"}}},
  };
}

std::vector<LeastSquaresError> tensor_cases() {
  std::vector<double> hole = kNumbers;
  hole[8] = kNaN;
  const auto offsets = [](const std::string& name, const std::string& file, std::vector<std::string> fragments) {
    return LeastSquaresError{name, ragged(), kExitData, std::move(fragments), {{"o.npy", file}}};
  };
  const auto x = [](const std::string& name, const std::string& file, std::vector<std::string> fragments) {
    return LeastSquaresError{name, tensors({}), kExitData, std::move(fragments), {{"X.npy", file}}};
  };
  return {
      {"NoFile", {"--X", "IN/none.npy", "--y", "IN/y.npy"}, kExitData, {"--X: ", "none.npy: cannot be read"}},
      {"MismatchedRows",
       {"--X", "IN/X.npy", "--y", "IN/y2.npy"},
       kExitData,
       {"--y: ", "y2.npy: the array has the shape (6,), but ", "X.npy with the shape (2, 3, 2) needs (2, 3)"}},
      {"ResponseWithOneAxisMore",
       tensors({}),
       kExitData,
       {"--y: ", "the array has the shape (2, 3, 1)", "needs (2, 3); leave its last axis out, y[..., 0] in NumPy"},
       {{"y.npy", npy_numbers(std::vector<double>(6, 1), "(2, 3, 1)")}}},
      {"WeightsWithOneAxisMore",
       tensors({"--weights", "IN/w.npy"}),
       kExitData,
       {"--weights: ", "needs (2, 3); leave its last axis out"},
       {{"w.npy", npy_numbers(std::vector<double>(6, 1), "(2, 3, 1)")}}},
      {"MismatchedWeights",
       tensors({"--weights", "IN/y2.npy"}),
       kExitData,
       {"--weights: ", "the array has the shape (6,)", "needs (2, 3)"}},
      {"NegativeTensorWeight",
       tensors({"--weights", "IN/w.npy"}),
       kExitData,
       {"w.npy: index (1, 0): the weight -1 is negative"},
       {{"w.npy", npy_numbers({1, 1, 1, -1, 1, 1}, "(2, 3)")}}},
      x("FourDimensions", npy_numbers(kNumbers, "(1, 2, 3, 2)"),
        {"X.npy: the array has the shape (1, 2, 3, 2); it must be "}),
      x("OneDimension", npy_numbers(kNumbers, "(12,)"),
        {"the array has the shape (12,); it must be (problems, rows, columns)"}),
      x("NoColumnsOfATensor", npy_numbers({}, "(2, 3, 0)"),
        {"the array has the shape (2, 3, 0): there are no columns"}),
      x("Overflow", npy_numbers({}, "(4294967296, 4294967296, 2)"), {"X.npy: the file is truncated"}),
      x("Truncated", npy_numbers(kNumbers, "(3, 3, 2)"), {"X.npy: the file is truncated: 3 × 3 × 2 numbers"}),
      x("MissingItem", npy_numbers(hole, "(2, 3, 2)"),
        {"X.npy: index (1, 1, 0): the value is missing (NaN)", "--missing"}),
      {"MissingItemOfTheResponse",
       tensors({}),
       kExitData,
       {"y.npy: index (0, 2): the value is missing (NaN)"},
       {{"y.npy", npy_numbers({1, 2, kNaN, 4, 5, 6}, "(2, 3)")}}},
      offsets("OffsetsDecrease", npy_integers({0, 4, 3, 6}),
              {"--offsets: ", "index (2): 3 comes after 4", "must not decrease"}),
      offsets("OffsetsRunPastTheEnd", npy_integers({0, 3, 7}),
              {"the last offset is 7; it must be 6, the number of rows of "}),
      offsets("OffsetsBeginLater", npy_integers({1, 6}), {"the first offset is 1; it must be 0"}),
      offsets("OffsetsAreEmpty", npy_integers({}), {"the array is empty; B problems have B + 1 offsets"}),
      offsets("OffsetsAreNoIntegers", npy_numbers({0, 6}, "(2,)"),
              {"the numbers are not integers; save them as int64"}),
      offsets("OffsetsOfTwoDimensions", npy_numbers({0, 6}, "(1, 2)"), {"the array has 2 dimensions (1 × 2)"}),
      {"MoreProblemsThanMemory",
       tensors({}),
       kExitInternal,
       {"out of memory"},
       {{"X.npy", npy_numbers({}, "(288230376151711744, 0, 1)")},
        {"y.npy", npy_numbers({}, "(288230376151711744, 0)")}}},
      {"MoreResultsThan64Bits",
       tensors({}),
       kExitUsage,
       {"does not fit into 64 bits"},
       {{"X.npy", npy_numbers({}, "(4611686018427387904, 0, 2)")},
        {"y.npy", npy_numbers({}, "(4611686018427387904, 0)")}}},
      {"OffsetsOfABatch",
       tensors({"--offsets", "IN/o.npy"}),
       kExitData,
       {"with --offsets it must be (rows, columns)"},
       {{"o.npy", npy_integers({0, 6})}}},
  };
}

std::vector<LeastSquaresError> argument_cases() {
  const auto usage = [](const std::string& name, std::vector<std::string> arguments,
                        std::vector<std::string> fragments) {
    return LeastSquaresError{name, std::move(arguments), kExitUsage, std::move(fragments)};
  };
  return {
      usage("FileWithTensor", tensors({"IN/d.csv"}), {"FILE cannot be combined with --X"}),
      usage("PredictorsWithTensor", tensors({"--x", "a"}), {"--x cannot be combined with --X"}),
      usage("ByWithTensor", tensors({"--by", "a"}), {"--by cannot be combined with --X", "--offsets"}),
      usage("OffsetsWithTable", table({"--offsets", "IN/o.npy"}), {"--offsets goes with the arrays of --X"}),
      usage("NegativeRidge", tensors({"--ridge", "-0.5"}), {"--ridge: -0.5; ", "at least 0"}),
      usage("InfiniteRidge", tensors({"--ridge", "inf"}), {"--ridge: 'inf' is not a finite number"}),
      usage("BadConfidence", tensors({"--confidence", "95"}), {"--confidence: 95; it must be between 0 and 1"}),
      usage("BadTolerance", tensors({"--rank-tolerance", "1"}), {"--rank-tolerance: 1; it must be"}),
      usage("UnknownRoute", tensors({"--route", "svd"}), {"--route", "svd"}),
      usage("UnknownPolicy", tensors({"--rank-policy", "guess"}), {"--rank-policy", "guess"}),
      usage("UnknownErrors", tensors({"--standard-errors", "hc4"}), {"--standard-errors", "hc4"}),
      usage("UnknownMissing", tensors({"--missing", "zero"}), {"--missing", "zero"}),
      usage("UnknownMethod", tensors({"--method", "magic"}), {"--method", "magic"}),
      usage("UnknownDevice", tensors({"--device", "gpu"}), {"--device: 'gpu' is not known"}),
      usage("UnknownOutput", tensors({"--outputs", "t,q"}), {"--outputs: 'q' is not known; possible are t, p, limits"}),
      usage("NearlyKnownOutput", tensors({"--outputs", "residual"}), {"(did you mean 'residuals'?)"}),
      usage("EmptyOutputs", tensors({"--outputs", ""}), {"--outputs: a name is empty; possible are t, p, limits"}),
      usage("EmptyOutputAmongOthers", tensors({"--outputs", "t,,p"}), {"--outputs: a name is empty"}),
      usage("NoneAmongOutputs", tensors({"--outputs", "none,t"}), {"--outputs: none stands alone"}),
      usage("ErrorsAsAnOutput", tensors({"--outputs", "se"}), {"--outputs: 'se'", "--standard-errors"}),
      usage("NoErrorsForT", tensors({"--standard-errors", "none", "--outputs", "t"}), {"--standard-errors none"}),
      usage("NoErrorsForCovariance", tensors({"--standard-errors", "none", "--covariance"}),
            {"--standard-errors none"}),
      usage("ConfidenceWithoutLimits", tensors({"--outputs", "t", "--confidence", "0.9"}), {"--confidence", "limits"}),
      usage("BothIntercepts", tensors({"--intercept", "--no-intercept"}), {"--intercept and --no-intercept"}),
      usage("AscentOptionWithoutAscent", tensors({"--max-iterations", "5"}), {"--max-iterations", "--compare"}),
      usage("TraceWithoutAscent", tensors({"--trace", "IN/t.csv"}), {"--trace", "--method ascent"}),
      usage("BadAscentOption", tensors({"--compare", "--step-growth", "0.5"}), {"--step-growth: 0.5; it must be"}),
      usage("UnknownEnding", tensors({"--out", "IN/fit.txt"}), {"--out: ", "neither in .npz nor in .json nor in .csv"}),
      usage("OnlyAnEnding", tensors({"--out", "IN/.npz"}), {"there is nothing before the ending; name it fit.npz"}),
      usage("ResidualsInCsv", tensors({"--out", "IN/fit.csv", "--residuals"}), {"--out: a .csv has no place for"}),
      usage("OutIsAPipe", tensors({"--out", "/dev/null"}), {"--out: /dev/null", "no regular file"}),
      usage("OutOverTheTrace", tensors({"--compare", "--trace", "IN/t.csv", "--out", "IN/t.csv"}),
            {"--trace: ", "that of --out"}),
      usage("OutOverTheData", {"IN/d.csv", "--y", "y", "--out", "IN/d.csv"}, {"--out: ", "the same file as the data"}),
      {"OutFolderMissing", tensors({"--out", "IN/none/fit.npz"}), kExitData, {"none/fit.npz: cannot be written"}},
      {"DeviceNotThere", tensors({"--device", "cuda:99"}), kExitDevice, {"error: --device: cuda:99"}},
  };
}

std::string name_of(const ::testing::TestParamInfo<LeastSquaresError>& info) { return info.param.name; }

INSTANTIATE_TEST_SUITE_P(Table, LeastSquaresErrors, ::testing::ValuesIn(table_cases()), name_of);
INSTANTIATE_TEST_SUITE_P(Tensor, LeastSquaresErrors, ::testing::ValuesIn(tensor_cases()), name_of);
INSTANTIATE_TEST_SUITE_P(Argument, LeastSquaresErrors, ::testing::ValuesIn(argument_cases()), name_of);

TEST(LeastSquaresFailure, WhatTheTextReportDoesNotShowNeedsAFile) {
  const Folder folder;
  const std::string data = folder.write("d.csv", "x,y\n1,2\n2,1\n3,3\n");
  for (const std::vector<std::string>& option : std::vector<std::vector<std::string>>{
           {"--covariance"}, {"--residuals"}, {"--fitted"}, {"--outputs", "t,fitted"}, {"--outputs", "covariance"}}) {
    std::vector<std::string> arguments = fit({data, "--y", "y"});
    arguments.insert(arguments.end(), option.begin(), option.end());
    const Outcome outcome = run_sigmahat(arguments);
    EXPECT_EQ(outcome.code, kExitUsage) << option.front();
    EXPECT_THAT(outcome.out, IsEmpty());
    EXPECT_THAT(outcome.err, AllOf(HasSubstr("error: " + option.front()), HasSubstr("the text report has no place"),
                                   HasSubstr("add --out FILE.npz"), HasSubstr("--json")));
    arguments.push_back("--json");
    EXPECT_EQ(run_sigmahat(arguments).code, 0) << option.front();
  }
}

TEST(LeastSquaresFailure, AnOlderOutputStaysAsItWas) {
  const Folder folder;
  const std::string data = folder.write("d.csv", "x,y\n1,2\n2,\n3,3\n"), out = folder.write("fit.npz", "old");
  EXPECT_EQ(run_sigmahat({"least-squares", "fit", data, "--y", "y", "--out", out}).code, kExitData);
  EXPECT_EQ(read_file(out), "old");
  EXPECT_THAT(folder.names(), ElementsAre("d.csv", "fit.npz"));
}

TEST(LeastSquaresFailure, AContainerBeyondTheSizeLimitIsReported) {
  const Folder folder;
  const std::string data = folder.write("d.csv", "x,y\n1,2\n2,1\n3,3\n");
  const Outcome outcome = run_sigmahat(
      {"least-squares", "fit", data, "--y", "y", "--out", folder.path("fit.npz")}, +[] {
        const rlimit limit{1024, 1024};
        setrlimit(RLIMIT_FSIZE, &limit);
      });
  EXPECT_EQ(outcome.code, kExitData);
  EXPECT_THAT(outcome.err, AllOf(HasSubstr("--out: "), HasSubstr("fit.npz: cannot be written: File too large")));
  EXPECT_THAT(folder.names(), ElementsAre("d.csv"));
}

TEST(LeastSquaresFailure, WhereStandardOutputFailsThereIsNoFile) {
  const Folder folder;
  const std::string data = folder.write("d.csv", "x,y\n1,2\n2,1\n3,3\n");
  const Outcome outcome = run_sigmahat(
      {"least-squares", "fit", data, "--y", "y", "--out", folder.path("fit.npz")},
      +[] { (void)std::freopen("/dev/full", "w", stdout); });
  EXPECT_EQ(outcome.code, kExitData);
  EXPECT_THAT(outcome.err, HasSubstr("standard output cannot be written"));
  EXPECT_THAT(folder.names(), ElementsAre("d.csv"));
}

}  // namespace
}  // namespace sigmahat::cli::test
