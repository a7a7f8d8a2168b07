// --manifest and the manifest within --json: what stands in it, and that its digests are those of the results.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "least_squares_support.hpp"
#include "manifest/sha256.hpp"
#include "npz_support.hpp"

namespace sigmahat::cli::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string sha256(std::string_view bytes) {
  Sha256 sum;
  sum.add(bytes.data(), bytes.size());
  return sum.finish();
}

/// The numbers of a JSON array, however deep, as NumPy would hold them.
void append_numbers(const Json& value, std::vector<double>& out) {
  if (value.is_array()) {
    for (const Json& item : value) append_numbers(item, out);
  } else {
    out.push_back(value.get<double>());
  }
}
std::string digest_of(const Json& value) {
  std::vector<double> numbers;
  append_numbers(value, numbers);
  return sha256(bytes_of(numbers));
}

/// Runs with --manifest and returns what it wrote.
Json manifest_of(const Folder& folder, std::vector<std::string> arguments) {
  const std::string path = folder.path("run.json");
  arguments.insert(arguments.end(), {"--manifest", path});
  const Outcome outcome = run_sigmahat(arguments);
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  return outcome.code == 0 ? Json::parse(read_file(path)) : Json();
}

const std::vector<std::string> kIris = {"gaussian", "fit", example("iris.csv"), "--columns",
                                        "sepal_length,petal_length"};

std::vector<std::string> with(std::vector<std::string> arguments, const std::vector<std::string>& more) {
  arguments.insert(arguments.end(), more.begin(), more.end());
  return arguments;
}

TEST(Sha256Test, HasThePublishedDigests) {  // FIPS 180-4, examples of NIST
  EXPECT_EQ(sha256(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(sha256("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  Sha256 million;
  for (int piece = 0; piece < 1000; ++piece) million.add(std::string(1000, 'a').data(), 1000);
  EXPECT_EQ(million.finish(), "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(Manifest, SaysWhatRan) {
  const Folder folder;
  const Json manifest = manifest_of(folder, with(kIris, {"--device", "cpu", "--threads", "1"}));
  EXPECT_EQ(manifest.at("format"), "sigmahat-run");
  EXPECT_EQ(manifest.at("version"), 1);
  EXPECT_EQ(manifest.at("command"), "gaussian fit");
  EXPECT_TRUE(manifest.at("seed").is_null());
  EXPECT_THAT(manifest.at("arguments"), ElementsAre("--columns=sepal_length,petal_length", "--device=cpu",
                                                    "--threads=1", "--", example("iris.csv")));
  const Json& options = manifest.at("options");
  EXPECT_EQ(options.at("columns"), "sepal_length,petal_length");
  EXPECT_EQ(options.at("method"), "closed-form");   // a default
  EXPECT_EQ(options.at("max-iterations"), "1000");  // a default that is a number
  EXPECT_EQ(options.at("unbiased"), false);
  EXPECT_TRUE(options.at("by").is_null());
  for (const char* written : {"json", "out", "trace", "manifest"}) EXPECT_FALSE(options.contains(written)) << written;
  const Json& program = manifest.at("program");
  EXPECT_EQ(program.at("version"), SIGMAHAT_VERSION);
  EXPECT_FALSE(program.at("revision").get<std::string>().empty());
  for (const char* fact : {"compiler", "type", "flags", "cuda", "cuda_compiler", "cuda_flags", "cuda_architectures"})
    EXPECT_TRUE(program.at("build").contains(fact)) << fact;
  const Json& device = manifest.at("device");
  EXPECT_EQ(device.at("threads"), 1);
  EXPECT_FALSE(device.at("instruction_set").get<std::string>().empty());
  for (const char* library : {"glibc", "Apache Arrow", "OpenSSL", "OpenBLAS", "OpenBLAS core"}) {
    EXPECT_TRUE(manifest.at("libraries").contains(library)) << library;
  }
}

TEST(Manifest, HasTheDigestsOfTheInputs) {
  const Folder folder;
  const std::string model = folder.path("model.json");
  ASSERT_EQ(run_sigmahat(with(kIris, {"--out", model})).code, 0);
  const Json manifest = manifest_of(folder, with(kIris, {"--method", "ascent", "--start", model}));
  ASSERT_EQ(manifest.at("inputs").size(), 2U);
  const std::vector<std::pair<std::string, std::string>> expected{{"FILE", example("iris.csv")}, {"start", model}};
  for (std::size_t k = 0; k < expected.size(); ++k) {
    const Json& input = manifest["inputs"][k];
    const std::string content = read_file(expected[k].second);
    EXPECT_EQ(input.at("option"), expected[k].first);
    EXPECT_EQ(input.at("path"), expected[k].second);
    EXPECT_EQ(input.at("bytes"), content.size());
    EXPECT_EQ(input.at("sha256"), sha256(content));
  }
}

TEST(Manifest, HasTheDigestsOfAGaussiansResults) {
  const Outcome outcome = run_sigmahat(with(kIris, {"--json", "--compare"}));
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const Json report = outcome.json();
  const Json& results = report.at("manifest").at("results");
  for (const char* name : {"mean", "covariance", "log_likelihood"}) {
    EXPECT_EQ(results.at(name).at("sha256"), digest_of(report.at(name))) << name;
    EXPECT_EQ(results[name].at("type"), "<f8");
  }
  EXPECT_THAT(results.at("mean").at("shape"), ElementsAre(2));
  EXPECT_THAT(results.at("covariance").at("shape"), ElementsAre(2, 2));
  EXPECT_EQ(results.at("ascent_score_norm").at("sha256"), digest_of(report.at("ascent").at("score_norm")));
  EXPECT_EQ(results.at("rank").at("sha256"), sha256(bytes_of(std::vector<std::int64_t>{2})));
  EXPECT_EQ(results.at("status").at("sha256"), sha256(bytes_of(std::vector<char32_t>{'o', 'k'})));
  EXPECT_EQ(results.at("mean").at("determinism"), "D3");
}

TEST(Manifest, HasTheDigestsOfEveryGroup) {
  const Outcome outcome = run_sigmahat(with(kIris, {"--json", "--by", "species"}));
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const Json report = outcome.json();
  Json means = Json::array(), covariances = Json::array();
  for (const Json& group : report.at("groups")) {
    means.push_back(group.at("mean"));
    covariances.push_back(group.at("covariance"));
  }
  const Json& results = report.at("manifest").at("results");
  EXPECT_EQ(results.at("mean").at("sha256"), digest_of(means));
  EXPECT_THAT(results.at("mean").at("shape"), ElementsAre(3, 2));
  EXPECT_EQ(results.at("covariance").at("sha256"), digest_of(covariances));
}

TEST(Manifest, PromisesLessForLogarithmsAndAscents) {
  const Folder folder;
  const Json returns = manifest_of(folder, {"gaussian", "fit", example("eustockmarkets.csv"), "--columns", "DAX,SMI",
                                            "--log-returns", "--device", "cpu"});
  EXPECT_EQ(returns.at("results").at("mean").at("determinism"), "D2");
  const Json ascent = manifest_of(folder, with(kIris, {"--method", "ascent", "--device", "cpu"}));
  EXPECT_EQ(ascent.at("results").at("mean").at("determinism"), "D2");
  EXPECT_EQ(ascent.at("results").at("rows").at("determinism"), "D3");
  EXPECT_EQ(ascent.at("determinism").at("moments, grouped moments"), "D3");
  EXPECT_EQ(ascent.at("determinism").at("ascent (its path follows the log-likelihood)"), "D2");
}

TEST(Manifest, HasTheDigestsOfEveryArrayOfARegression) {
  const Folder folder;
  const std::string out = folder.path("fit.npz");
  const Json manifest = manifest_of(
      folder, fit({example("grunfeld.csv"), "--y", "invest", "--x", "value,capital", "--by", "firm", "--residuals",
                   "--covariance", "--standard-errors", "hc1", "--compare", "--device", "cpu", "--out", out}));
  const auto arrays = read_npz(out);
  const Json& results = manifest.at("results");
  for (const char* name : {"coef", "se", "t", "p", "lower", "upper", "cov", "r2", "rss", "rank", "condition", "route",
                           "status", "residuals", "ascent_iterations"}) {
    ASSERT_TRUE(results.contains(name)) << name;
  }
  for (const auto& [name, result] : results.items()) {
    ASSERT_TRUE(arrays.contains(name)) << name;
    EXPECT_EQ(result.at("sha256"), sha256(arrays.at(name).bytes)) << name;
    EXPECT_EQ(result.at("type"), arrays.at(name).descr) << name;
    EXPECT_EQ(result.at("shape").get<std::vector<Index>>(), arrays.at(name).shape) << name;
  }
  EXPECT_EQ(results.at("coef").at("determinism"), "D3");
  EXPECT_EQ(results.at("se").at("determinism"), "D2");  // robust
  EXPECT_EQ(results.at("p").at("determinism"), "D2");
  const Json& options = manifest.at("options");
  EXPECT_EQ(options.at("intercept"), true);  // the default of a table
  EXPECT_THAT(options.at("outputs"), ElementsAre("t", "p", "limits", "covariance", "goodness", "residuals"));
}

TEST(Manifest, PromisesNoMoreThanTheAscentOfARegression) {
  const Folder folder;
  const Json manifest = manifest_of(
      folder, fit({example("grunfeld.csv"), "--y", "invest", "--x", "value", "--method", "ascent", "--device", "cpu"}));
  for (const auto& [name, result] : manifest.at("results").items()) EXPECT_EQ(result.at("determinism"), "D2") << name;
}

TEST(Manifest, PromisesLessForManyColumns) {
  const Folder folder;
  for (const std::size_t columns : {64U, 65U}) {
    const Batch batch(folder, 1, 200, columns);
    const Json regression = manifest_of(folder, fit({"--X", batch.x_path, "--y", batch.y_path, "--device", "cpu"}));
    EXPECT_EQ(regression.at("results").at("coef").at("determinism"), columns == 64 ? "D3" : "D1");
    const std::string table = folder.write("table.npy", npy_matrix(batch.x, 200, static_cast<Index>(columns)));
    const Json gaussian = manifest_of(folder, {"gaussian", "fit", table, "--device", "cpu"});
    EXPECT_EQ(gaussian.at("results").at("mean").at("determinism"), "D3");
    EXPECT_EQ(gaussian.at("results").at("rank").at("determinism"), columns == 64 ? "D3" : "D1");
  }
}

TEST(Manifest, NamesTheArraysThatARegressionReads) {
  const Folder folder;
  const Batch batch(folder, 3, 10, 2);
  const Json manifest = manifest_of(folder, fit({"--X", batch.x_path, "--y", batch.y_path}));
  ASSERT_EQ(manifest.at("inputs").size(), 2U);
  EXPECT_EQ(manifest["inputs"][0].at("option"), "X");
  EXPECT_EQ(manifest["inputs"][1].at("option"), "y");
  EXPECT_EQ(manifest["inputs"][1].at("sha256"), sha256(read_file(batch.y_path)));
  EXPECT_EQ(manifest.at("options").at("intercept"), false);
}

TEST(Manifest, HasNoTimes) {
  const Folder folder;
  const auto text = [&] { return manifest_of(folder, with(kIris, {"--compare"})).dump(); };
  EXPECT_EQ(text(), text());
}

TEST(Manifest, ThreadsChangeNoDigestThatIsPromised) {
  const Folder folder;
  const Batch batch(folder, 40, 700, 5);
  const std::vector<std::vector<std::string>> runs{
      with(kIris, {"--compare", "--device", "cpu"}),
      fit({"--X", batch.x_path, "--y", batch.y_path, "--residuals", "--json", "--device", "cpu"})};
  for (const auto& run : runs) {
    const Json one = manifest_of(folder, with(run, {"--threads", "1"}));
    const Json two = manifest_of(folder, with(run, {"--threads", "2"}));
    EXPECT_NE(one.at("device"), two.at("device"));
    for (const auto& [name, result] : one.at("results").items()) {
      ASSERT_NE(result.at("determinism"), "D1") << name;
      EXPECT_EQ(result, two.at("results").at(name)) << name;
    }
  }
}

TEST(Manifest, IsRefusedWhereItWouldReplaceSomethingElse) {
  const Folder folder;
  const std::string data = folder.write("data.csv", "a,b\n1,2\n2,1\n3,5\n");
  const Outcome over_data = run_sigmahat({"gaussian", "fit", data, "--manifest", data});
  EXPECT_EQ(over_data.code, 2);
  EXPECT_THAT(over_data.err, HasSubstr("--manifest: '" + data + "' is the same file as the data"));
  const std::string out = folder.path("m.json");
  const Outcome over_out = run_sigmahat({"gaussian", "fit", data, "--out", out, "--manifest", out});
  EXPECT_EQ(over_out.code, 2);
  EXPECT_THAT(over_out.err, HasSubstr("the same file as that of --out"));
  EXPECT_THAT(folder.names(), ElementsAre("data.csv"));
  ASSERT_EQ(run_sigmahat({"gaussian", "fit", data, "--out", out}).code, 0);
  for (const char* option : {"--manifest", "--trace", "--out"}) {
    const Outcome over_start = run_sigmahat({"gaussian", "fit", data, "--compare", "--start", out, option, out});
    EXPECT_EQ(over_start.code, 2) << option;
    EXPECT_THAT(over_start.err, HasSubstr(std::string(option) + ": '" + out + "' is the same file as the start"));
  }
}

TEST(Manifest, IsNotWrittenWhereTheFitFails) {
  const Folder folder;
  const std::string data = folder.write("data.csv", "a,b\n1,\n2,1\n");
  EXPECT_EQ(run_sigmahat({"gaussian", "fit", data, "--manifest", folder.path("run.json")}).code, 3);
  EXPECT_THAT(folder.names(), ElementsAre("data.csv"));
}

}  // namespace
}  // namespace sigmahat::cli::test
