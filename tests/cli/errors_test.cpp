// Everything that can be wrong: one message, an exit code from the table, and no output file.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstdio>
#include <map>

#include "cli_support.hpp"
#include "exit_code.hpp"

namespace sigmahat::cli::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

struct ErrorCase {
  std::string name;                    ///< of the test
  std::string file;                    ///< name of the data file
  std::string content;                 ///< what it holds; kAbsent: it is not there
  std::vector<std::string> arguments;  ///< after FILE
  int code;
  std::vector<std::string> fragments;              ///< of the message
  std::map<std::string, std::string> others = {};  ///< further files in the folder
};

constexpr const char* kAbsent = "(absent)";
const std::string kGood = "x,y,w,g\n1,2,1,a\n3,1,1,a\n5,7,1,b\n2,2,1,b\n";
const std::vector<std::string> kXy{"--columns", "x,y"};

std::vector<std::string> xy(std::vector<std::string> more = {}) {
  more.insert(more.begin(), kXy.begin(), kXy.end());
  return more;
}

std::string model(const std::string& covariance) {
  return R"({"format": "sigmahat-gaussian-model", "version": 1, "mean": [0, 0], "covariance": )" + covariance + "}";
}

void PrintTo(const ErrorCase& error, std::ostream* out) { *out << error.name; }

class Errors : public ::testing::TestWithParam<ErrorCase> {};

TEST_P(Errors, OneMessageCodeAndNoOutput) {
  const ErrorCase& error = GetParam();
  const Folder inputs, outputs;
  if (error.content != kAbsent) inputs.write(error.file, error.content);
  for (const auto& [name, content] : error.others) inputs.write(name, content);

  std::vector<std::string> arguments{"gaussian", "fit", inputs.path(error.file), "--json"};
  bool grouped = false, with_outputs = true;
  for (std::string argument : error.arguments) {
    grouped = grouped || argument == "--by";
    with_outputs = with_outputs && argument != "--no-outputs";
    if (const std::size_t at = argument.find("IN/"); at != std::string::npos) {
      argument.replace(at, 3, inputs.path(""));
    }
    if (argument != "--no-outputs") arguments.push_back(argument);
  }
  if (with_outputs) {
    arguments.insert(arguments.end(), {"--compare", "--trace", outputs.path("trace.csv")});
    if (!grouped) arguments.insert(arguments.end(), {"--out", outputs.path("model.json")});
  }

  const Outcome outcome = run_sigmahat(arguments);
  EXPECT_EQ(outcome.code, error.code) << outcome.err;
  EXPECT_THAT(outcome.out, IsEmpty());
  EXPECT_THAT(outcome.err, ::testing::StartsWith("sigmahat: error: "));
  EXPECT_EQ(std::count(outcome.err.begin(), outcome.err.end(), '\n'), 1) << outcome.err;
  EXPECT_THAT(outcome.err, Not(HasSubstr("json.exception")));
  for (const std::string& fragment : error.fragments) EXPECT_THAT(outcome.err, HasSubstr(fragment));
  EXPECT_THAT(outputs.names(), IsEmpty());
}

std::vector<ErrorCase> file_cases() {
  const std::string array = npy_matrix({1, 2, 3, 4, 5, 6}, 3, 2);
  std::string swapped_magic = array;
  swapped_magic[0] = 'X';
  const std::string cube = npy_file(npy_header_text("<f8", false, "(1, 3, 2)"), bytes_of(std::vector<double>(6)));
  const std::string complex = npy_file(npy_header_text("<c16", false, "(3,)"), bytes_of(std::vector<double>(6)));
  return {
      {"MissingCsv", "d.csv", kAbsent, {}, kExitData, {"d.csv: cannot be read: No such file"}},
      {"MissingNpy", "d.npy", kAbsent, {}, kExitData, {"d.npy: cannot be read: No such file"}},
      {"EmptyCsv", "d.csv", "", {}, kExitData, {"d.csv: the file is empty"}},
      {"EmptyNpy", "d.npy", "", {}, kExitData, {"d.npy: the file is empty"}},
      {"HeaderOnly", "d.csv", "x,y\n", {}, kExitData, {"d.csv: the file has a header but no rows"}},
      {"UnknownEnding", "d.dat", kGood, {}, kExitData, {"d.dat: the name ends neither in .csv nor in .npy"}},
      {"TruncatedNpy", "d.npy", array.substr(0, array.size() - 1), {}, kExitData, {"d.npy: the file is truncated"}},
      {"TruncatedNpyHeader", "d.npy", array.substr(0, 40), {}, kExitData, {"d.npy: the file is truncated"}},
      {"CorruptNpy", "d.npy", swapped_magic, {}, kExitData, {"d.npy: is not a .npy file"}},
      {"CorruptCsv", "d.csv", std::string("\xFF\xFEx\0,\0", 6), {}, kExitData, {"d.csv: line 1", "not UTF-8"}},
      {"WrongShape", "d.npy", cube, {}, kExitData, {"d.npy: the array has 3 dimensions (1 × 3 × 2)"}},
      {"WrongType", "d.npy", complex, {}, kExitData, {"d.npy: dtype '<c16' (complex) is not supported"}},
  };
}

std::vector<ErrorCase> cell_cases() {
  const double nan = std::numeric_limits<double>::quiet_NaN(), inf = std::numeric_limits<double>::infinity();
  return {
      {"NonNumericCell", "d.csv", "x,y\n1,2\n3,abc\n", {}, kExitData, {"d.csv: row 2 (line 3), column 'y': 'abc'"}},
      {"NonNumericColumn", "d.csv", kGood, {}, kExitData, {"column 'g': 'a' is not a number", "--columns"}},
      {"EmptyCell", "d.csv", "x,y\n1,2\n3,\n", {}, kExitData, {"d.csv: row 2 (line 3), column 'y'", "missing (NaN)"}},
      {"NaNCell", "d.csv", "x,y\n1,2\nNA,4\n", {}, kExitData, {"row 2 (line 3), column 'x'", "--missing drop"}},
      {"InfiniteCell", "d.csv", "x,y\n1,2\n-inf,4\n", {}, kExitData, {"column 'x'", "infinite (-inf)"}},
      {"NaNInNpy",
       "d.npy",
       npy_matrix({1, 2, 3, nan, 5, 6}, 3, 2),
       {},
       kExitData,
       {"d.npy: row index 1, column index 1", "missing (NaN)"}},
      {"InfinityInNpyColumn",
       "d.npy",
       npy_matrix({1, 2, 3, 4, 5, inf}, 3, 2),
       {"--columns", "1"},
       kExitData,
       {"d.npy: row index 2, column index 1", "infinite (inf)"}},
      {"NaNInAGroup",
       "d.csv",
       "g,x\nb,1\na,2\nb,3\na,NA\nb,4\n",
       {"--by", "g"},
       kExitData,
       {"d.csv: row 4 (line 5), column 'x'"}},
      {"NaNWeight", "d.csv", "x,w\n1,1\n3,nan\n", {"--weights", "w"}, kExitData, {"row 2 (line 3), column 'w'"}},
      {"MissingLabel", "d.csv", "g,x\na,1\n,2\n", {"--by", "g"}, kExitData, {"row 2 (line 3), column 'g'"}},
      {"RaggedRow",
       "d.csv",
       "x,y\n1,2\n3\n",
       {},
       kExitData,
       {"d.csv: row 2 (line 3) has 1 cell, but the header has 2"}},
      {"RepeatedHeader", "d.csv", "x,x\n1,2\n", {}, kExitData, {"d.csv: line 1", "'x' appears twice"}},
      {"NegativeWeight",
       "d.csv",
       "x,w\n1,1\n3,-2\n",
       {"--weights", "w"},
       kExitData,
       {"d.csv: row 2 (line 3), column 'w': the weight -2 is negative"}},
      {"NegativeWeightInAGroup",
       "d.csv",
       "g,x,w\nb,1,1\na,2,-2\nb,3,1\n",
       {"--weights", "w", "--by", "g"},
       kExitData,
       {"d.csv: row 2 (line 3), column 'w'"}},
      {"WeightsAllZero",
       "d.csv",
       "x,w\n1,0\n3,0\n",
       {"--weights", "w"},
       kExitData,
       {"d.csv: column 'w': all weights are zero"}},
      {"NegativePrice",
       "d.csv",
       "x,y\n1,2\n3,-1\n",
       {"--log-returns"},
       kExitData,
       {"d.csv: row 2 (line 3), column 'y': the value -1 is not positive"}},
  };
}

std::vector<ErrorCase> argument_cases() {
  const auto usage = [](const std::string& name, std::vector<std::string> arguments, std::vector<std::string> parts) {
    return ErrorCase{name, "d.csv", kGood, std::move(arguments), kExitUsage, std::move(parts)};
  };
  return {
      usage("UnknownColumn", {"--columns", "x,yy"}, {"--columns: ", "no column 'yy'; its columns are: x, y, w, g"}),
      usage("RepeatedColumn", {"--columns", "x,y,x"}, {"--columns: column 'x' is named twice"}),
      usage("EmptyColumnName", {"--columns", "x,,y"}, {"--columns 'x,,y': a column name is empty"}),
      usage("UnknownBy", xy({"--by", "species"}), {"--by: ", "no column 'species'"}),
      usage("UnknownWeights", xy({"--weights", "v"}), {"--weights: ", "no column 'v'"}),
      usage("WeightsAreColumns", {"--columns", "x,w", "--weights", "w"}, {"'w' is the one that --weights names"}),
      usage("UnknownOption", xy({"--colums", "x"}), {"--colums", "--help"}),
      usage("UnknownMethod", xy({"--method", "magic"}), {"--method", "magic"}),
      usage("UnknownMetric", xy({"--metric", "euclid"}), {"--metric", "euclid", "newton"}),
      usage("UnknownMissing", xy({"--missing", "ignore"}), {"--missing", "ignore"}),
      usage("UnknownDevice", xy({"--device", "gpu"}), {"error: --device: 'gpu' is not known", "cuda"}),
      usage("BadThreads", xy({"--threads", "-1"}), {"--threads: '-1' is not a whole number from 0 to 1024"}),
      usage("TooManyThreads", xy({"--threads", "1025"}), {"--threads: '1025' is not a whole number from 0 to 1024"}),
      usage("EmptyBy", xy({"--by", ""}), {"--by: the name is empty"}),
      usage("EmptyByWithEqualsSign", xy({"--by="}), {"--by: the value is empty"}),
      usage("EmptyWeights", xy({"--weights", ""}), {"--weights: the name is empty"}),
      usage("EmptyColumns", {"--columns", ""}, {"--columns: the name is empty"}),
      usage("EmptyOut", xy({"--out", "", "--no-outputs"}), {"--out: the name is empty"}),
      usage("EmptyTrace", xy({"--compare", "--trace", "", "--no-outputs"}), {"--trace: the name is empty"}),
      usage("EmptyStart", xy({"--start", ""}), {"--start: the name is empty"}),
      usage("UnknownStart", xy({"--start", "identiti"}),
            {"--start: 'identiti' is no existing file; possible are identity, diagonal, or a model file"}),
      usage("IterationsBeyond64Bits", xy({"--max-iterations", "9223372036854775808"}),
            {"--max-iterations: '9223372036854775808' is not a whole number"}),
      usage("OctalIterations", xy({"--max-iterations", "010"}), {"--max-iterations: '010' is not a whole number"}),
      usage("InfiniteTolerance", xy({"--score-tolerance", "inf"}), {"--score-tolerance: 'inf' is not a finite number"}),
      usage("OutIsAPipe", xy({"--out", "/dev/null", "--no-outputs"}), {"--out: /dev/null", "no regular file"}),
      usage("BadIterations", xy({"--max-iterations", "many"}), {"--max-iterations", "many"}),
      usage("BadStepReduction", xy({"--step-reduction", "1.5"}), {"--step-reduction: 1.5; it must be"}),
      usage("BadRankTolerance", xy({"--rank-tolerance", "-1"}), {"--rank-tolerance: -1; it must be"}),
      usage("UnbiasedAscent", xy({"--unbiased", "--method", "ascent"}), {"--unbiased", "--method ascent"}),
      usage("OutWithGroups", xy({"--by", "g", "--out", "IN/model.json"}), {"--out", "--by"}),
      usage("MetricWithoutAscent", xy({"--metric", "vech", "--no-outputs"}), {"--metric", "--compare"}),
      usage("TraceWithoutAscent", xy({"--trace", "IN/t.csv", "--no-outputs"}), {"--trace", "--method ascent"}),
      usage("TraceOverData", xy({"--compare", "--trace", "IN/d.csv", "--no-outputs"}), {"--trace", "the data"}),
      usage("ReturnsWithWeights", xy({"--log-returns", "--weights", "w"}), {"--log-returns", "--weights"}),
      usage("ColumnNameForNpy", {"--columns", "z"}, {"no column 'z'"}),
  };
}

std::vector<ErrorCase> start_and_device_cases() {
  const auto start = [](const std::string& name, const std::string& text, int code, std::vector<std::string> parts) {
    return ErrorCase{
        name, "d.csv", kGood, xy({"--start", "IN/start.json"}), code, std::move(parts), {{"start.json", text}}};
  };
  return {
      start("StartNotPositiveDefinite", model("[[1, 2], [2, 1]]"), kExitNumerical,
            {"error: --start: ", "start.json", "not positive definite"}),
      start("StartNotSymmetric", model("[[1, 0.5], [0, 1]]"), kExitData,
            {"error: --start: ", "start.json", "symmetric"}),
      start("StartOfAnotherSize",
            R"({"format": "sigmahat-gaussian-model", "version": 1, "mean": [0],)"
            R"( "covariance": [[1]]})",
            kExitData, {"start.json: the model has dimension 1, but 2 columns are to be fitted"}),
      start("StartIsNoJson", "x,y\n", kExitData, {"error: --start: ", "start.json: line 1, column 1: not valid JSON"}),
      start("StartIsCutOff", "{\n\"format\":", kExitData,
            {"start.json: line 2, column 10: not valid JSON: the text ends"}),
      start("StartIsEmpty", "", kExitData, {"error: --start: ", "start.json: the file is empty"}),
      start("StartHasHugeNumber", "[1e999]", kExitData, {"start.json: it holds a number beyond the range of float64"}),
      start("StartOfOtherColumns",
            R"({"format": "sigmahat-gaussian-model", "version": 1, "columns": ["x", "z"], "mean": [0, 0],)"
            R"( "covariance": [[1, 0], [0, 1]]})",
            kExitData, {"the model's columns are x, z, but x, y are to be fitted"}),
      start("StartIsNoModel", "{}", kExitData, {"error: --start: ", "start.json", "format"}),
      {"StartIsMissing",
       "d.csv",
       kGood,
       xy({"--start", "IN/none.json"}),
       kExitData,
       {"--start: ", "none.json' is no existing file"}},
      // Either CUDA is not compiled in, or there are not so many GPUs.
      {"DeviceNotThere", "d.csv", kGood, xy({"--device", "cuda:99"}), kExitDevice, {"error: --device: cuda:99"}},
      {"OutFolderMissing",
       "d.csv",
       kGood,
       xy({"--out", "IN/none/m.json", "--no-outputs"}),
       kExitData,
       {"none/m.json: cannot be written"}},
      {"OutIsAFolder",
       "d.csv",
       kGood,
       xy({"--out", "IN/", "--no-outputs"}),
       kExitUsage,
       {"--out: ", "it is a directory"}},
  };
}

std::string name_of(const ::testing::TestParamInfo<ErrorCase>& info) { return info.param.name; }

INSTANTIATE_TEST_SUITE_P(File, Errors, ::testing::ValuesIn(file_cases()), name_of);
INSTANTIATE_TEST_SUITE_P(Cell, Errors, ::testing::ValuesIn(cell_cases()), name_of);
INSTANTIATE_TEST_SUITE_P(Argument, Errors, ::testing::ValuesIn(argument_cases()), name_of);
INSTANTIATE_TEST_SUITE_P(StartAndDevice, Errors, ::testing::ValuesIn(start_and_device_cases()), name_of);

TEST(Usage, NeedsASubcommandAndAFile) {
  for (const std::vector<std::string>& arguments :
       {std::vector<std::string>{}, {"gaussian"}, {"gaussian", "fit"}, {"regress"}, {"info", "extra"}}) {
    const Outcome outcome = run_sigmahat(arguments);
    EXPECT_EQ(outcome.code, kExitUsage);
    EXPECT_THAT(outcome.err, ::testing::StartsWith("sigmahat: error: "));
  }
}

TEST(Data, ADirectoryIsNoFile) {
  const Folder folder;
  std::filesystem::create_directory(folder.path("d.csv"));
  const Outcome outcome = run_sigmahat({"gaussian", "fit", folder.path("d.csv")});
  EXPECT_EQ(outcome.code, kExitData);
  EXPECT_THAT(outcome.err, HasSubstr("d.csv: is a directory"));
}

TEST(Numerical, ASingularModelIsReportedButNotSaved) {
  const Folder folder;
  const std::string path = folder.write("d.csv", "x,y\n1,2\n2,4\n3,6\n");
  const Outcome outcome = run_sigmahat({"gaussian", "fit", path, "--json", "--out", folder.path("m.json")});
  EXPECT_EQ(outcome.code, kExitNumerical);
  EXPECT_EQ(outcome.json().at("status"), "rank_deficient");
  EXPECT_THAT(outcome.err, AllOf(HasSubstr("m.json was not written"), HasSubstr("rank 1 of 2")));
  EXPECT_THAT(folder.names(), ElementsAre("d.csv"));
}

TEST(Usage, OutputsAreNeitherStandardOutputNorEachOther) {
  const Folder folder;
  const std::string path = folder.write("d.csv", kGood);
  // Standard output is a file here, so that /dev/stdout leads to a regular one.
  const Outcome out = run_sigmahat({"gaussian", "fit", path, "--columns", "x,y", "--out", "/dev/stdout"});
  EXPECT_EQ(out.code, kExitUsage);
  EXPECT_THAT(out.out, IsEmpty());
  EXPECT_THAT(out.err, HasSubstr("--out: /dev/stdout: cannot be written: it is standard output"));
  std::filesystem::create_directory(folder.path("sub"));
  std::filesystem::create_symlink("m.json", folder.path("link"));
  folder.write("m.json", "old");
  for (const char* trace : {"m.json", "sub/../m.json", "link"}) {
    const Outcome same = run_sigmahat({"gaussian", "fit", path, "--columns", "x,y", "--compare", "--out",
                                       folder.path("m.json"), "--trace", folder.path(trace)});
    EXPECT_EQ(same.code, kExitUsage) << trace;
    EXPECT_THAT(same.err, HasSubstr("is the same file as that of --out"));
  }
  EXPECT_EQ(read_file(folder.path("m.json")), "old");
}

TEST(Data, WhereStandardOutputFailsThereIsNoFile) {
  const Folder folder;
  const std::string path = folder.write("d.csv", kGood);
  const std::vector<std::string> fit{
      "gaussian",           "fit", path, "--columns", "x,y", "--compare", "--trace", folder.path("t.csv"), "--out",
      folder.path("m.json")};
  for (const auto prepare : {+[] { close(STDOUT_FILENO); }, +[] { (void)std::freopen("/dev/full", "w", stdout); }}) {
    const Outcome outcome = run_sigmahat(fit, prepare);
    EXPECT_EQ(outcome.code, kExitData);
    EXPECT_THAT(outcome.err, HasSubstr("standard output cannot be written"));
    EXPECT_THAT(folder.names(), ElementsAre("d.csv"));
  }
}

TEST(Data, AFileBeyondTheSizeLimitIsReported) {
  const Folder folder;
  const std::string path = folder.write("d.csv", kGood);
  const std::vector<std::string> fit{
      "gaussian", "fit",       path,      "--columns",          "x,y",   "--compare",
      "--metric", "frobenius", "--trace", folder.path("t.csv"), "--out", folder.path("m.json")};
  const Outcome outcome = run_sigmahat(
      fit, +[] {
        const rlimit limit{1024, 1024};
        setrlimit(RLIMIT_FSIZE, &limit);
      });
  EXPECT_EQ(outcome.code, kExitData);
  EXPECT_THAT(outcome.err, AllOf(HasSubstr("--trace: "), HasSubstr("t.csv: cannot be written: File too large")));
  EXPECT_THAT(folder.names(), ElementsAre("d.csv"));
}

TEST(Data, AnOlderOutputStaysAsItWas) {
  const Folder folder;
  const std::string path = folder.write("d.csv", "x,y\n1,2\n2,oops\n"), out = folder.write("m.json", "old");
  EXPECT_EQ(run_sigmahat({"gaussian", "fit", path, "--out", out}).code, kExitData);
  EXPECT_EQ(read_file(out), "old");
  EXPECT_THAT(folder.names(), ElementsAre("d.csv", "m.json"));
}

}  // namespace
}  // namespace sigmahat::cli::test
